#include "wire/json_text.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <nlohmann/json.hpp>
#include <set>
#include <stdexcept>
#include <vector>

namespace scantune::wire {
namespace {

constexpr size_t kColumns = 120;

// Deeper than any file of ours: a bound for the recursion of the printer.
constexpr int kMaxDepth = 100;

// Arrays whose elements are one row each, however long.
constexpr std::array<std::string_view, 3> kTables = {"rounds", "metrics", "resources"};

struct Unreadable : std::runtime_error {
  using std::runtime_error::runtime_error;
};

// The names of members so far, of every object that is open: for those that come again.
class MemberNames {
 public:
  void take(Json::parse_event_t event, const Json& parsed) {
    if (event == Json::parse_event_t::object_start) {
      open_.emplace_back();
    } else if (event == Json::parse_event_t::object_end) {
      open_.pop_back();
    } else if (event == Json::parse_event_t::key && !open_.back().insert(parsed.get<std::string>()).second) {
      throw Unreadable(fmt::format("the member \"{}\" is there twice in one object", parsed.get<std::string>()));
    }
  }

 private:
  std::vector<std::set<std::string>> open_;
};

// "line 3, column 7" of a byte of the text.
std::string position(std::string_view text, size_t byte) {
  const std::string_view before = text.substr(0, std::min(byte, text.size()));
  const size_t line_start = before.rfind('\n');
  return fmt::format("line {}, column {}", 1 + std::ranges::count(before, '\n'),
                     1 + (line_start == std::string_view::npos ? before.size() : before.size() - line_start - 1));
}

// The library's message without its own prefix and position.
std::string_view reason(std::string_view what) {
  if (const size_t bracket = what.find("] "); what.starts_with('[') && bracket != std::string_view::npos) {
    what.remove_prefix(bracket + 2);
  }
  if (const size_t colon = what.find(": "); what.starts_with("parse error") && colon != std::string_view::npos) {
    what.remove_prefix(colon + 2);
  }
  return what;
}

std::string number_text(double number) {
  if (!std::isfinite(number)) {
    return "null";
  }
  std::array<char, 32> buffer{};
  const auto [end, error] = std::to_chars(buffer.data(), buffer.data() + buffer.size(), number);
  std::string text(buffer.data(), end);
  if (text.find_first_of(".e") == std::string::npos) {
    text += ".0";  // stays a floating-point number when it is read back
  }
  return text;
}

std::string scalar_text(const Json& value) {
  if (value.is_number_float()) {
    return number_text(value.get<double>());
  }
  return value.dump(-1, ' ', false, Json::error_handler_t::replace);
}

std::string on_one_line(const Json& value) {
  if (!value.is_structured()) {
    return scalar_text(value);
  }
  std::string text;
  for (const auto& [key, item] : value.items()) {
    text += text.empty() ? "" : ", ";
    if (value.is_object()) {
      text += scalar_text(Json(key)) + ": ";
    }
    text += on_one_line(item);
  }
  return value.is_object() ? '{' + text + '}' : '[' + text + ']';
}

bool all_scalars(const Json& value) {
  return std::ranges::none_of(value, [](const Json& item) { return item.is_structured(); });
}

bool is_row_of_numbers(const Json& value) {
  return value.is_array() &&
         std::ranges::none_of(value, [](const Json& item) { return item.is_structured() || item.is_string(); });
}

// Small enough to be read at a glance: scalars, or containers of nothing but scalars.
bool is_shallow(const Json& value) {
  return std::ranges::all_of(value, [](const Json& item) { return !item.is_structured() || all_scalars(item); });
}

class Printer {
 public:
  // `column` is where the value starts; `is_row`, whether it is an element of a table.
  void print(const Json& value, size_t indent, size_t column, bool is_row, std::string_view name) {
    if (!value.is_structured() || value.empty() || is_row || is_row_of_numbers(value)) {
      text_ += on_one_line(value);
      return;
    }
    if (indent > 0 && is_shallow(value)) {
      // One column for the comma that may follow.
      if (const std::string line = on_one_line(value); column + line.size() < kColumns) {
        text_ += line;
        return;
      }
    }
    const bool is_table = value.is_array() && std::ranges::find(kTables, name) != kTables.end();
    const std::string margin(indent + 2, ' ');
    text_ += value.is_object() ? '{' : '[';
    bool first = true;
    for (const auto& [key, item] : value.items()) {
      text_ += first ? "\n" : ",\n";
      first = false;
      const std::string label = value.is_object() ? scalar_text(Json(key)) + ": " : "";
      text_ += margin + label;
      print(item, indent + 2, margin.size() + label.size(), is_table, value.is_object() ? key : std::string_view());
    }
    text_ += '\n' + std::string(indent, ' ') + (value.is_object() ? '}' : ']');
  }

  [[nodiscard]] std::string take() && { return std::move(text_); }

 private:
  std::string text_;
};

}  // namespace

Expected<Json> parse_json(std::string_view text, Members members) {
  MemberNames names;
  const auto checked = [&](int depth, Json::parse_event_t event, const Json& parsed) {
    if (depth > kMaxDepth) {
      throw Unreadable(fmt::format("nested deeper than {} levels", kMaxDepth));
    }
    if (members == Members::once) {
      names.take(event, parsed);
    }
    return true;
  };
  try {
    return Json::parse(text.begin(), text.end(), checked);
  } catch (const Json::parse_error& error) {
    return bad_input("not JSON at {}: {}", position(text, error.byte == 0 ? 0 : error.byte - 1), reason(error.what()));
  } catch (const Json::exception& error) {
    return bad_input("not JSON that can be read: {}", reason(error.what()));
  } catch (const Unreadable& error) {
    return bad_input("not JSON that can be read: {}", error.what());
  }
}

std::string to_text(const Json& value) {
  Printer printer;
  printer.print(value, 0, 0, false, {});
  return std::move(printer).take() + '\n';
}

}  // namespace scantune::wire
