#include "wire/node.h"

#include <limits>
#include <nlohmann/json.hpp>

namespace scantune::wire {
namespace {

std::string describe(const Json& value) {
  switch (value.type()) {
    case Json::value_t::null:
      return "null";
    case Json::value_t::object:
      return "an object";
    case Json::value_t::array:
      return "an array";
    default:
      return value.dump(-1, ' ', false, Json::error_handler_t::replace);
  }
}

// The library keeps an integer that fits no int64 as unsigned, then as floating point.
bool fits_int64(const Json& value) {
  return value.is_number_integer() &&
         !(value.is_number_unsigned() && value.get<uint64_t>() > std::numeric_limits<int64_t>::max());
}

}  // namespace

void Node::refuse(std::string_view why) const { throw BadValue(fmt::format("{}: {}", path_, why)); }

void Node::expected(std::string_view what) const {
  refuse(fmt::format("expected {}, found {}", what, describe(*value_)));
}

std::optional<Node> Node::find(std::string_view member) const {
  if (!value_->is_object()) {
    expected("an object");
  }
  const auto it = value_->find(std::string(member));
  if (it == value_->end() || it->is_null()) {
    return std::nullopt;
  }
  return Node(*it, fmt::format("{}: {}", path_, member));
}

Node Node::at(std::string_view member) const {
  if (!value_->is_object()) {
    expected("an object");
  }
  const auto it = value_->find(std::string(member));
  if (it == value_->end()) {
    refuse(fmt::format("the member \"{}\" is missing", member));
  }
  return {*it, fmt::format("{}: {}", path_, member)};
}

std::vector<Node> Node::items() const {
  if (!value_->is_array()) {
    expected("an array");
  }
  std::vector<Node> nodes;
  nodes.reserve(value_->size());
  for (const Json& item : *value_) {
    nodes.emplace_back(item, fmt::format("{}[{}]", path_, nodes.size()));
  }
  return nodes;
}

bool Node::boolean() const {
  if (!value_->is_boolean()) {
    expected("true or false");
  }
  return value_->get<bool>();
}

int64_t Node::integer() const {
  if (!fits_int64(*value_)) {
    expected("an integer of 64 bits");
  }
  return value_->get<int64_t>();
}

int Node::small_integer() const {
  const int64_t wide = integer();
  if (wide < std::numeric_limits<int>::min() || wide > std::numeric_limits<int>::max()) {
    expected("an integer of 32 bits");
  }
  return static_cast<int>(wide);
}

uint64_t Node::natural() const {
  if (!value_->is_number_unsigned()) {
    expected("an integer of 64 bits, 0 or more");
  }
  return value_->get<uint64_t>();
}

double Node::number() const {
  if (!value_->is_number()) {
    expected("a number");
  }
  return value_->get<double>();
}

std::string Node::text() const {
  if (!value_->is_string()) {
    expected("a string");
  }
  return value_->get<std::string>();
}

// Paths are made only for what is refused: these arrays hold the raw samples.
std::vector<int64_t> Node::integers() const {
  if (!value_->is_array()) {
    expected("an array");
  }
  std::vector<int64_t> integers;
  integers.reserve(value_->size());
  for (const Json& item : *value_) {
    integers.push_back(fits_int64(item) ? item.get<int64_t>() : items()[integers.size()].integer());
  }
  return integers;
}

std::vector<double> Node::numbers() const {
  if (!value_->is_array()) {
    expected("an array");
  }
  std::vector<double> numbers;
  numbers.reserve(value_->size());
  for (const Json& item : *value_) {
    if (item.is_null()) {
      numbers.push_back(std::numeric_limits<double>::quiet_NaN());
    } else {
      numbers.push_back(item.is_number() ? item.get<double>() : items()[numbers.size()].number());
    }
  }
  return numbers;
}

}  // namespace scantune::wire
