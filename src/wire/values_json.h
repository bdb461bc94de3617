// The JSON of the values that files and reports are made of; each has a function to write it and,
// where a file is read back, one to read it. docs/results-format.md describes the members.
//
// Missing is null: a limit, name or figure that does not apply or is not known is 0 or empty in
// C++ and null here, never 0.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "core/outcome.h"
#include "core/timeline.h"
#include "wire/node.h"

namespace scantune::wire {

Json write_workload(const Workload& workload);
Workload read_workload(const Node& node);

Json write_chip(const Chip& chip);
Chip read_chip(const Node& node);

Json write_device(const DeviceInfo& device);
DeviceInfo read_device(const Node& node);

Json write_protocol(const Protocol& protocol);
Protocol read_protocol(const Node& node);

Json write_provenance(const Provenance& provenance);
Provenance read_provenance(const Node& node);

// A variant is written into an object that says more about it: as "variant" (as it is spelled),
// "kernel" and "params".
void add_variant(Json& object, const Variant& variant);
Variant read_variant(const Node& node);

Json write_interval(const Interval& interval);
Interval read_interval(const Node& node);

Json write_resources(const std::vector<EntryResources>& resources);
std::vector<EntryResources> read_resources(const Node& node);

// The counters of one launch, a row each.
Json write_metrics(const LaunchProfile& launch);
std::vector<MetricValue> read_metrics(const Node& node);

// The counters of each launch, as "counters": null, with "counters_reason", where none were asked for.
void add_counters(Json& object, const std::optional<Profile>& profile);
std::optional<Profile> read_counters(const Node& node);

// One list a column: begin_ns, end_ns and the values of each metric.
Json write_timeline(const Timeline& timeline);
Timeline read_timeline(const Node& node);
Json write_phases(const RunPhases& phases);
RunPhases read_phases(const Node& node);

// As "timeline", with "timeline_reason" where it is null; nothing in C++ is one that was not asked for. Beside what
// write_timeline() has it holds its phases, or why there are none, and how long it took to sample.
void add_timeline(Json& object, const std::optional<SampledTimeline>& sampled);
std::optional<SampledTimeline> read_sampled_timeline(const Node& node);

Json write_failure(const Failure& failure);
Failure read_failure(const Node& node);

Json write_spent(const TimeSpent& spent);
TimeSpent read_spent(const Node& node);

Phase read_phase(const Node& node);
StopReason read_stop_reason(const Node& node);

// Raw samples. `subjects` are the spelled variants that Sample::subject is an index into; in the
// JSON the copy comes before them, so that every index is 0 or more.
Json write_samples(const std::vector<Round>& rounds, const std::vector<std::string>& subjects);
std::vector<Round> read_samples(const Node& node, const std::vector<std::string>& subjects);

// A value that C++ knows as 0 or empty where it is missing.
Json number_or_null(int64_t number);
Json number_or_null(double number);
Json text_or_null(const std::string& text);

Json write_step(const SearchStep& step);
SearchStep read_step(const Node& node);

}  // namespace scantune::wire
