#include "wire/suite_json.h"

#include <fmt/ranges.h>

#include <algorithm>
#include <array>
#include <nlohmann/json.hpp>
#include <span>

#include "wire/node.h"

namespace scantune::wire {
namespace {

constexpr std::array<std::string_view, 4> kSuiteMembers = {"$schema", "name", "note", "workloads"};
constexpr std::array<std::string_view, 8> kWorkloadMembers = {"shape", "dim",           "dtype", "accumulator",
                                                              "cache", "deterministic", "why",   "note"};

// Suites are written by hand, so that an unknown member is a slip rather than a newer version's.
void refuse_unknown(const Node& node, std::span<const std::string_view> known) {
  for (const auto& [member, value] : node.value().items()) {
    if (std::ranges::find(known, member) == known.end()) {
      node.refuse(fmt::format("unknown member \"{}\"; known: {}", member, fmt::join(known, ", ")));
    }
  }
}

Workload read_workload(const Node& node) {
  if (!node.value().is_object()) {
    node.expected(R"(an object such as {"shape": [4096, 4096], "dim": 1, "dtype": "f32"})");
  }
  refuse_unknown(node, kWorkloadMembers);
  Workload workload;
  const Node shape = node.at("shape");
  const std::vector<int64_t> extents = shape.integers();
  const int dim = node.at("dim").small_integer();
  workload.shape = shape.take(make_shape(extents, dim));
  workload.dtype = node.at("dtype").take(parse_dtype(node.at("dtype").text()));
  workload.accumulator = default_accumulator(workload.dtype);
  if (const auto accumulator = node.find("accumulator")) {
    workload.accumulator = accumulator->take(parse_dtype(accumulator->text()));
    if (const auto possible = check_accumulator(workload.dtype, workload.accumulator); !possible) {
      accumulator->refuse(possible.error().message);
    }
  }
  if (const auto cache = node.find("cache")) {
    workload.cache = cache->take(parse_cache_state(cache->text()));
  }
  if (const auto deterministic = node.find("deterministic")) {
    workload.deterministic = deterministic->boolean();
  }
  return workload;
}

Suite read_suite(const Json& document) {
  const Node root(document, "the suite");
  if (!document.is_object()) {
    root.expected(R"(an object such as {"name": "mine", "workloads": [...]})");
  }
  refuse_unknown(root, kSuiteMembers);
  Suite suite;
  suite.name = root.at("name").text();
  const Node list = root.at("workloads");
  const Json& workloads = list.value();
  if (!workloads.is_array() || workloads.empty()) {
    list.expected("an array of at least one workload");
  }
  for (const Json& workload : workloads) {
    const size_t number = suite.workloads.size() + 1;
    suite.workloads.push_back(
        read_workload(Node(workload, fmt::format("workload {} of {}", number, workloads.size()))));
  }
  return suite;
}

}  // namespace

Expected<Suite> parse_suite(std::string_view text) {
  const auto document = parse_json(text, Members::once);
  if (!document) {
    return tl::unexpected(document.error());
  }
  return read_document<Suite>([&] { return read_suite(*document); });
}

}  // namespace scantune::wire
