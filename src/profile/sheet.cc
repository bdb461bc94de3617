#include "profile/sheet.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "catalog/occupancy.h"
#include "explain/diagnosis.h"

namespace scantune::profile {
namespace {

constexpr int kWarp = 32;
constexpr std::string_view kWarpsActive = "sm__warps_active.avg.pct_of_peak_sustained_active";

std::optional<double> value_read_as(const LaunchProfile& launch, std::string_view name) {
  const auto it = std::ranges::find(launch.metrics, name, &MetricValue::read_as);
  return it == launch.metrics.end() ? std::nullopt : it->value;
}

// Of a GPU's launch, as far as the chip's limits are known.
std::optional<Occupancy> occupancy_of(const EntryResources& resources, const LaunchProfile& counters,
                                      const Chip& chip) {
  if (resources.blocks_per_sm <= 0 || resources.block_threads <= 0 || chip.max_threads_per_sm <= 0) {
    return std::nullopt;
  }
  const int warps = (resources.block_threads + kWarp - 1) / kWarp;
  const double sms = std::max(1, chip.multiprocessors);
  // A grid that does not fill every SM leaves room unused.
  const double blocks = std::min<double>(resources.blocks_per_sm, static_cast<double>(resources.grid_blocks) / sms);
  Occupancy occupancy;
  occupancy.theoretical = resources.blocks_per_sm * static_cast<double>(warps) * kWarp / chip.max_threads_per_sm;
  if (blocks < resources.blocks_per_sm) {
    occupancy.limited_by = "grid";
  } else {
    occupancy.limited_by =
        occupancy_limits(resources.registers_per_thread, resources.static_shared_bytes + resources.dynamic_shared_bytes,
                         resources.block_threads, chip)
            .by();
  }
  if (const auto active = value_read_as(counters, kWarpsActive)) {
    occupancy.achieved = *active / 100;
  }
  return occupancy;
}

// Of all launches; nothing where one of them was not counted.
std::optional<double> dram_bytes(const std::optional<Profile>& profile, const std::array<std::string_view, 2>& names) {
  if (!profile || profile->launches.empty()) {
    return std::nullopt;
  }
  double sum = 0;
  for (const LaunchProfile& launch : profile->launches) {
    auto bytes = value_read_as(launch, names[0]);
    bytes = bytes ? bytes : value_read_as(launch, names[1]);
    if (!bytes) {
      return std::nullopt;
    }
    sum += *bytes;
  }
  return sum;
}

std::string evidence_text(const explain::Evidence& evidence) {
  const std::string unit = evidence.unit.empty() ? "" : " " + evidence.unit;
  return fmt::format("{}{}: {:.4g}{}, {} {:.4g}{} ({})", evidence.metric,
                     evidence.entry.empty() ? "" : " of " + function_name(evidence.entry), evidence.value, unit,
                     evidence.at_least ? "at least" : "below", evidence.threshold, unit, evidence.source);
}

std::vector<Explanation> explanations_of(const Outcome& outcome, int record) {
  std::vector<Explanation> explanations;
  for (const explain::Finding& finding : explain::diagnose(explain::subject_of(outcome, record)).findings) {
    Explanation one{std::string(explain::name(finding.limit)),
                    std::string(explain::description(finding.limit)),
                    finding.sentence,
                    {},
                    {},
                    std::string(explain::no_advice(finding))};
    for (const explain::Evidence& evidence : finding.evidence) {
      one.evidence.push_back(evidence_text(evidence));
    }
    for (const explain::Advice& advice : finding.advice) {
      one.advice.push_back(explain::to_string(advice) + (advice.why.empty() ? "" : ": " + advice.why));
    }
    explanations.push_back(std::move(one));
  }
  return explanations;
}

}  // namespace

std::string function_name(const std::string& entry) {
  const std::string name = entry.substr(0, entry.find_first_of("<("));
  const size_t colons = name.rfind("::");
  return colons == std::string::npos ? name : name.substr(colons + 2);
}

ProfileSheet sheet_of(const Outcome& outcome, int record) {
  const Record& r = outcome.records.at(static_cast<size_t>(record));
  const Chip& chip = outcome.device.chip;
  ProfileSheet sheet;
  sheet.variant = r.variant;
  sheet.failure = r.failure;
  sheet.source_digest = r.source_digest;
  if (const Standing* standing = standing_of(outcome, record)) {
    sheet.time_ns = standing->time_ns;
    sheet.ratio_to_copy = standing->ratio_to_copy;
  }
  const size_t launches = std::max(r.resources.size(), r.profile ? r.profile->launches.size() : 0);
  for (size_t i = 0; i < launches; ++i) {
    LaunchSheet launch;
    if (r.profile && i < r.profile->launches.size()) {
      launch.counters = r.profile->launches[i];
      launch.stalls = stall_shares(launch.counters);
    }
    if (i < r.resources.size()) {
      launch.resources = r.resources[i];
      launch.occupancy = occupancy_of(launch.resources, launch.counters, chip);
      const double resident = static_cast<double>(launch.resources.blocks_per_sm) * chip.multiprocessors;
      launch.waves = resident > 0 ? static_cast<double>(launch.resources.grid_blocks) / resident : 0;
    }
    launch.function = function_name(launch.resources.entry.empty() ? launch.counters.entry : launch.resources.entry);
    sheet.launches.push_back(std::move(launch));
  }
  sheet.bytes_in_flight_per_sm = r.bytes_in_flight_per_sm;
  sheet.bytes_needed_per_sm = chip.backend == Backend::cuda ? bytes_needed_per_sm(chip) : 0;
  sheet.read_bytes = dram_bytes(r.profile, {"dram__bytes_read.sum", "dram__bytes_op_read.sum"});
  sheet.written_bytes = dram_bytes(r.profile, {"dram__bytes_write.sum", "dram__bytes_op_write.sum"});
  if (!r.failure && sheet.time_ns) {
    sheet.explanations = explanations_of(outcome, record);
  }
  return sheet;
}

ProfileSheet sheet_of(const Measurement& measurement, int record) {
  ProfileSheet sheet = sheet_of(measurement.outcome, record);
  for (const Reading& reading : measurement.readings.at(static_cast<size_t>(record))) {
    sheet.profile_s.push_back(reading.seconds);
    if (measurement.readings[static_cast<size_t>(record)].size() > 1) {
      sheet.repeats.push_back(reading.profile);
    }
  }
  if (!measurement.timelines.empty()) {
    sheet.timeline = measurement.timelines.at(static_cast<size_t>(record));
  }
  return sheet;
}

}  // namespace scantune::profile
