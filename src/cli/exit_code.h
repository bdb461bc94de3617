// What the process's exit code means.
#pragma once

#include "core/expected.h"

namespace scantune::cli {

inline constexpr int kDone = 0;
inline constexpr int kFailed = 1;         // no variant worked, or the device was lost
inline constexpr int kBadInput = 2;       // the command line, a file or the machine: nothing was tuned
inline constexpr int kInconclusive = 3;   // check: nothing can be said, and why was said
inline constexpr int kInterrupted = 130;  // Ctrl-C or SIGTERM; what is known was written

inline int exit_code(const Error& error) {
  const bool mendable = error.kind == ErrorKind::bad_input || error.kind == ErrorKind::environment;
  return mendable ? kBadInput : kFailed;
}

}  // namespace scantune::cli
