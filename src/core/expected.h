// Errors as values. Every seam returns Expected<T>; exceptions are left for what no caller can handle.
#pragma once

#include <fmt/format.h>

#include <string>
#include <tl/expected.hpp>
#include <utility>

namespace scantune {

// What an error means for the process: the exit code follows from it (cli/exit_code.h).
enum class ErrorKind {
  bad_input,    // the user can mend it: exit 2
  environment,  // the machine lacks something: exit 2
  device_lost,  // the device or its worker is gone: exit 1, what is known is written
  failed,       // one operation did not work (a variant does not compile, a launch fails)
};

// `message` is one line that says what was wrong, what was expected and what to do.
struct Error {
  ErrorKind kind = ErrorKind::failed;
  std::string message;
};

template <class T>
using Expected = tl::expected<T, Error>;

template <class... Args>
[[nodiscard]] tl::unexpected<Error> fail(ErrorKind kind, fmt::format_string<Args...> text, Args&&... args) {
  return tl::unexpected<Error>(Error{kind, fmt::format(text, std::forward<Args>(args)...)});
}

template <class... Args>
[[nodiscard]] tl::unexpected<Error> bad_input(fmt::format_string<Args...> text, Args&&... args) {
  return fail(ErrorKind::bad_input, text, std::forward<Args>(args)...);
}

}  // namespace scantune
