#include "gate/changes.h"

#include <algorithm>
#include <cmath>

#include "core/units.h"
#include "explain/changes.h"
#include "explain/subject.h"

namespace scantune::gate {
namespace {

constexpr double kNotable = 0.02;  // relative: of clocks and copies, below which they are left out

// What can be the cause of all that follows it in the list.
constexpr double kSourceWeight = 1.0;
constexpr double kCompilerWeight = 0.95;
constexpr double kDriverWeight = 0.9;
constexpr double kOtherGpuWeight = 0.3;
constexpr double kCounterWeight = 0.85;  // times the share explained
constexpr double kLeastExplained = 0.02;

std::string number(double value) { return fmt::format("{:.4g}", value); }

std::string with_unit(double value, const std::string& unit) {
  if (unit == "bytes") {
    return format_bytes(static_cast<int64_t>(std::llround(value)));
  }
  if (unit == "ns") {
    return format_time(value);
  }
  return unit.empty() ? number(value) : unit == "%" ? fmt::format("{:.1f}%", value) : number(value) + " " + unit;
}

// How far something moved, as its unit says it.
std::string moved(const explain::Change& change) {
  if (change.unit == "%") {
    return fmt::format("{:+.1f} points", change.b - change.a);
  }
  return std::isfinite(change.relative) ? fmt::format("{:+.1f}%", 100 * change.relative) : "from none";
}

void add_if_other(std::vector<Change>& changes, const std::string& what, const std::string& then,
                  const std::string& now, double weight, const std::string& text) {
  if (!then.empty() && !now.empty() && then != now) {
    changes.push_back({.what = what, .then = then, .now = now, .text = text, .weight = weight});
  }
}

explain::Subject subject_now(const BestEntry& entry, const Contender& then, const Present& now) {
  return {.workload = entry.workload,
          .chip = entry.chip,
          .variant = then.variant,
          .resources = now.resources,
          .bytes_in_flight_per_sm = now.bytes_in_flight_per_sm,
          .profile = now.profile,
          .time_ns = now.time_ns.median > 0 ? std::optional(now.time_ns.median) : std::nullopt,
          .ratio_to_copy = now.ratio_to_copy.median > 0 ? std::optional(now.ratio_to_copy.median) : std::nullopt};
}

}  // namespace

double profiled_clock_mhz(const std::optional<Profile>& profile) {
  double cycles = 0;
  double time_ns = 0;
  if (profile) {
    for (const LaunchProfile& launch : profile->launches) {
      cycles += value_of(launch, "sm__cycles_elapsed.max").value_or(0);
      time_ns += value_of(launch, "gpu__time_duration.sum").value_or(0);
    }
  }
  return cycles > 0 && time_ns > 0 ? cycles / time_ns * 1e3 : 0;
}

std::string counters_missing(const std::optional<Profile>& then, const std::optional<Profile>& now) {
  if (!then || then->launches.empty()) {
    return "the baseline has no counters to compare with; tune it with --metrics core";
  }
  if (!now || now->launches.empty()) {
    return "no counters were read now";
  }
  const auto none = [](const Profile& profile) {
    return std::ranges::none_of(profile.launches, [](const LaunchProfile& launch) {
      return std::ranges::any_of(launch.metrics, [](const MetricValue& metric) { return metric.value.has_value(); });
    });
  };
  const auto reason = [](const Profile& profile) {
    const auto& metrics = profile.launches.front().metrics;
    return metrics.empty() || metrics.front().reason.empty() ? std::string("no reason was given")
                                                             : metrics.front().reason;
  };
  if (none(*now)) {
    return "counters cannot be read now: " + reason(*now);
  }
  return none(*then) ? "the baseline's counters could not be read: " + reason(*then) : std::string();
}

std::vector<Change> causes_since(const BestEntry& entry, const Contender& then, const Provenance& now) {
  std::vector<Change> changes;
  const Provenance& before = entry.provenance;
  add_if_other(changes, "kernel source", then.source_digest, now.source, kSourceWeight,
               fmt::format("the sources of {} changed", then.variant.kernel));
  add_if_other(changes, "compiler", before.compiler, now.compiler, kCompilerWeight,
               fmt::format("compiled by {}, then by {}", now.compiler, before.compiler));
  add_if_other(changes, "driver", before.driver, now.driver, kDriverWeight,
               fmt::format("driver {}, then {}", now.driver, before.driver));
  add_if_other(changes, "GPU", before.uuid, now.uuid, kOtherGpuWeight,
               fmt::format("another {}: two of a kind are not equally fast", entry.chip.name));
  return changes;
}

std::vector<Change> changes_since(const BestEntry& entry, const Contender& then, const Present& now) {
  std::vector<Change> changes = causes_since(entry, then, now.provenance);
  for (const explain::Change& change :
       explain::changes(explain::subject_of(entry, then), subject_now(entry, then, now))) {
    if (change.symptom || change.explains < kLeastExplained) {
      // A resource that changed names what the compiler did, whatever it explains.
      if (change.name != "registers_per_thread" && change.name != "spill_bytes_per_thread" &&
          change.name != "shared_bytes_per_block" && change.name != "blocks_per_sm") {
        continue;
      }
    }
    changes.push_back(
        {.what = change.name,
         .then = with_unit(change.a, change.unit),
         .now = with_unit(change.b, change.unit),
         .text = fmt::format("{}: {} now, {} then ({}){}", change.name, with_unit(change.b, change.unit),
                             with_unit(change.a, change.unit), moved(change),
                             change.explains >= kLeastExplained
                                 ? fmt::format("; explains {:.0f}% of the slowdown", 100 * change.explains)
                                 : ""),
         .weight = kCounterWeight * change.explains});
  }
  const double clock_then = profiled_clock_mhz(then.profile);
  const double clock_now = profiled_clock_mhz(now.profile);
  if (clock_then > 0 && clock_now > 0 && std::abs(clock_now / clock_then - 1) >= kNotable) {
    changes.push_back({.what = "SM clock",
                       .then = fmt::format("{:.0f} MHz", clock_then),
                       .now = fmt::format("{:.0f} MHz", clock_now),
                       .text = fmt::format("the SMs ran at {:.0f} MHz while counters were read, then at {:.0f}",
                                           clock_now, clock_then),
                       .weight = clock_now < clock_then ? 0.2 : 0});
  }
  const double copy_then = entry.copy_time_ns.median;
  const double copy_now = now.copy_time_ns.median;
  if (copy_then > 0 && copy_now > 0 && std::abs(copy_now / copy_then - 1) >= kNotable) {
    changes.push_back(
        {.what = "copy of the same bytes",
         .then = format_time(copy_then),
         .now = format_time(copy_now),
         .text = fmt::format("the copy takes {} now and took {} then: the whole device is {}; the ratio "
                             "to the copy allows for that",
                             format_time(copy_now), format_time(copy_then), copy_now > copy_then ? "slower" : "faster"),
         .weight = 0});
  }
  std::ranges::stable_sort(changes, std::ranges::greater{}, &Change::weight);
  return changes;
}

}  // namespace scantune::gate
