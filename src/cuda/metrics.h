// Metric names: the sets scantune knows, old names and what reads them today, and the launch__*
// names that are answered from the launch. Names only; CUPTI is asked in cuda/cupti_host.h.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/expected.h"
#include "core/record.h"

namespace scantune::cuda {

// Duration, DRAM and L2 traffic, what warps wait for. Two passes on every chip.
const std::vector<std::string>& core_metrics();

// The metrics, under the names, that Triton tuning prompts quote from ncu.
const std::vector<std::string>& seed_metrics();

// Bytes and hit rates of DRAM, L2 and L1, and how well accesses fill their sectors.
const std::vector<std::string>& memory_metrics();

// The launch__* names that a launch itself answers.
std::vector<std::string> launch_metrics();

// The sets by name: core, seed, stalls, memory, full.
const std::vector<std::string>& metric_sets();

// What `text` ("core", "seed,smsp__inst_executed.sum", "l1tex__*_ld.sum", "none", ...) asks for.
struct MetricRequest {
  std::string name;       // or a pattern, as the set "stalls" is
  bool from_set = false;  // of a set: it may be missing on a chip; a name the user typed may not

  bool operator==(const MetricRequest&) const = default;
};

// Sets expanded, each name once, in order. Bad input: an empty item, or none among others.
Expected<std::vector<MetricRequest>> parse_metrics(std::string_view text);

// The names where no chip can be asked: patterns give what they match of the sets' names and the stall reasons, or
// stay as they are.
std::vector<std::string> without_chip(const std::vector<MetricRequest>& requests);

// What CUPTI says of a metric on a chip.
struct MetricProperties {
  std::string unit;  // as in MetricValue::unit
  std::string description;
};

// The properties of a collectable CUPTI name (rollup included) on one chip, or nothing.
using MetricLookup = std::function<std::optional<MetricProperties>(const std::string& name)>;

// A requested name as one chip reads it.
struct ResolvedMetric {
  std::string requested;
  std::string read_as;             // `terms` joined by " + "; the requested name where nothing reads it
  std::vector<std::string> terms;  // CUPTI names, whose values are added up; empty for launch__* and unknown names
  std::string unit;
  std::string description;
  bool known = false;
  std::string reason;  // why it cannot be read on a device; left to whoever knows the device

  [[nodiscard]] bool from_launch() const { return known && terms.empty(); }
};

ResolvedMetric resolve_metric(const std::string& requested, const MetricLookup& lookup);

// The value of a launch__* name; nothing where the launch does not tell.
std::optional<double> launch_value(std::string_view name, const EntryResources& launch);

// CUPTI's dimension ("byte", "nanosecond", "gpc_cycle/second") as scantune writes units.
std::string unit_of(std::string_view dimension);

// Up to `count` candidates by their edit distance from `name`, closest first; none that shares less
// than half of it.
std::vector<std::string> closest(std::string_view name, const std::vector<std::string>& candidates, size_t count);

}  // namespace scantune::cuda
