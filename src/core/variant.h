// A variant: one point of a kernel's space, spelled the same way everywhere:
// "row_carry tile=8192 warps=16 stages=2 storage=registers".
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "core/expected.h"

namespace scantune {

// A parameter's value: an integer, or a word such as "bulk".
using Value = std::variant<int64_t, std::string>;

std::string to_string(const Value& value);
Value parse_value(std::string_view text);  // an integer where it reads as one, else a word

struct Setting {
  std::string name;
  Value value;

  bool operator==(const Setting&) const = default;
};

struct Variant {
  std::string kernel;
  std::vector<Setting> settings;  // in the order of the kernel's space

  // The value of an integer parameter. The catalog admits only complete variants, so a missing
  // name is a programming error and throws std::out_of_range.
  [[nodiscard]] int64_t number(std::string_view name) const;
  [[nodiscard]] const std::string& word(std::string_view name) const;

  bool operator==(const Variant&) const = default;
};

std::string to_string(const Variant& variant);

// Reads the spelling; whether such a kernel exists is the catalog's to say.
Expected<Variant> parse_variant(std::string_view text);

}  // namespace scantune
