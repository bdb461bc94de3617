// A value of a JSON document and where it lies in it, for reading files that people edit: every
// error names the member at fault, what was expected and what was found.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

#include "wire/json_text.h"

namespace scantune::wire {

// What the readers below throw. It does not leave this folder: see read_document.
struct BadValue : std::runtime_error {
  using std::runtime_error::runtime_error;
};

class Node {
 public:
  // `path` is how messages name the value: "entry 2 of 5". The value must outlive the node.
  Node(const Json& value, std::string path) : value_(&value), path_(std::move(path)) {}

  [[nodiscard]] const Json& value() const { return *value_; }
  [[nodiscard]] Node at(std::string_view member) const;                   // must exist
  [[nodiscard]] std::optional<Node> find(std::string_view member) const;  // none where absent or null
  [[nodiscard]] std::vector<Node> items() const;                          // of an array; named "path[i]"

  [[nodiscard]] bool boolean() const;
  [[nodiscard]] int64_t integer() const;
  [[nodiscard]] int small_integer() const;  // one that fits an int
  [[nodiscard]] uint64_t natural() const;
  [[nodiscard]] double number() const;
  [[nodiscard]] std::string text() const;
  [[nodiscard]] std::vector<int64_t> integers() const;
  [[nodiscard]] std::vector<double> numbers() const;  // null, which stands for no finite number, becomes NaN

  // The value of an Expected, or its error as one of this node.
  template <class T>
  T take(Expected<T> result) const {
    if (!result) {
      refuse(result.error().message);
    }
    return *std::move(result);
  }

  [[noreturn]] void refuse(std::string_view why) const;
  [[noreturn]] void expected(std::string_view what) const;  // "...: expected a number, found a string"

 private:
  const Json* value_;
  std::string path_;
};

// Runs a reader and turns what it throws into an error (bad_input).
template <class T>
Expected<T> read_document(const std::function<T()>& reader) {
  try {
    return reader();
  } catch (const BadValue& bad) {
    return bad_input("{}", bad.what());
  }
}

}  // namespace scantune::wire
