#include "core/variant.h"

#include <algorithm>
#include <charconv>
#include <sstream>
#include <stdexcept>

namespace scantune {
namespace {

const Value& find(const Variant& variant, std::string_view name) {
  for (const Setting& setting : variant.settings) {
    if (setting.name == name) {
      return setting.value;
    }
  }
  throw std::out_of_range(fmt::format("variant '{}' has no parameter '{}'", to_string(variant), name));
}

}  // namespace

std::string to_string(const Value& value) {
  if (const auto* number = std::get_if<int64_t>(&value)) {
    return fmt::format("{}", *number);
  }
  return std::get<std::string>(value);
}

Value parse_value(std::string_view text) {
  int64_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (!text.empty() && error == std::errc() && end == text.data() + text.size()) {
    return number;
  }
  return std::string(text);
}

int64_t Variant::number(std::string_view name) const { return std::get<int64_t>(find(*this, name)); }

const std::string& Variant::word(std::string_view name) const { return std::get<std::string>(find(*this, name)); }

std::string to_string(const Variant& variant) {
  std::string text = variant.kernel;
  for (const Setting& setting : variant.settings) {
    text += fmt::format(" {}={}", setting.name, to_string(setting.value));
  }
  return text;
}

Expected<Variant> parse_variant(std::string_view text) {
  std::istringstream words{std::string(text)};
  Variant variant;
  if (!(words >> variant.kernel) || variant.kernel.find('=') != std::string::npos) {
    return bad_input(
        "'{}' is not a variant; write a kernel and its parameters, such as "
        "'row_carry tile=8192 warps=16 stages=2 storage=registers'",
        text);
  }
  std::string word;
  while (words >> word) {
    const size_t equals = word.find('=');
    if (equals == std::string::npos || equals == 0 || equals + 1 == word.size()) {
      return bad_input("'{}' in variant '{}' is not a setting; write name=value", word, text);
    }
    const std::string name = word.substr(0, equals);
    if (std::ranges::find(variant.settings, name, &Setting::name) != variant.settings.end()) {
      return bad_input("variant '{}' sets {} twice", text, name);
    }
    variant.settings.push_back({name, parse_value(std::string_view(word).substr(equals + 1))});
  }
  return variant;
}

}  // namespace scantune
