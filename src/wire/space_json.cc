#include "wire/space_json.h"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "wire/node.h"

namespace scantune::wire {
namespace {

Value read_value(const Node& node) {
  if (node.value().is_string()) {
    return node.text();
  }
  if (!node.value().is_number_integer()) {
    node.expected("an integer or a word");
  }
  return node.integer();
}

ParamValues read_param(const Node& node, const std::string& name) {
  if (!node.value().is_array() || node.value().empty()) {
    node.expected("an array of at least one value, such as [4, 8]");
  }
  ParamValues param{name, {}};
  for (const Node& item : node.items()) {
    Value value = read_value(item);
    if (std::ranges::find(param.values, value) != param.values.end()) {
      item.refuse(fmt::format("{} is there twice", to_string(value)));
    }
    param.values.push_back(std::move(value));
  }
  return param;
}

KernelSpace read_kernel(const Node& node, const std::string& name) {
  if (!node.value().is_object()) {
    node.expected(R"(an object such as {"tile": [4096, 8192]}, or {} for all that is tried by default)");
  }
  KernelSpace space{name, {}};
  for (const auto& [param, values] : node.value().items()) {
    if (param == "note") {
      std::ignore = node.at(param).text();
    } else {
      space.params.push_back(read_param(node.at(param), param));
    }
  }
  return space;
}

std::vector<KernelSpace> read_space(const Json& document) {
  const Node root(document, "the space");
  if (!document.is_object()) {
    root.expected(R"(an object such as {"kernels": {"row_carry": {"tile": [4096, 8192]}}})");
  }
  for (const auto& [member, value] : document.items()) {
    if (member == "note" || member == "$schema") {
      std::ignore = root.at(member).text();
    } else if (member != "kernels") {
      root.refuse(fmt::format("unknown member \"{}\"; known: $schema, note, kernels", member));
    }
  }
  const Node kernels = root.at("kernels");
  if (!kernels.value().is_object() || kernels.value().empty()) {
    kernels.expected(R"(an object of at least one kernel, such as {"row_carry": {"tile": [4096, 8192]}})");
  }
  std::vector<KernelSpace> space;
  for (const auto& [name, params] : kernels.value().items()) {
    space.push_back(read_kernel(Node(params, "kernels: " + name), name));
  }
  return space;
}

}  // namespace

Expected<std::vector<KernelSpace>> parse_space(std::string_view text) {
  const auto document = parse_json(text, Members::once);
  if (!document) {
    return tl::unexpected(document.error());
  }
  return read_document<std::vector<KernelSpace>>([&] { return read_space(*document); });
}

}  // namespace scantune::wire
