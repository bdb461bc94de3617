// Counters over time inside one run of a variant: what it does at its start, in its steady state and at its tail.
#pragma once

#include <algorithm>
#include <optional>
#include <string>
#include <vector>

namespace scantune {

struct TimelineSpec {
  std::vector<std::string> metrics;  // that the chip collects in one pass, by CUPTI's names
  double interval_ns = 2000;         // between samples

  bool operator==(const TimelineSpec&) const = default;
};

// What DRAM and warps do: in one pass on every chip that can be sampled.
inline const std::vector<std::string>& timeline_metrics() {
  static const std::vector<std::string> metrics = {"dram__read_throughput.avg.pct_of_peak_sustained_elapsed",
                                                   "dram__write_throughput.avg.pct_of_peak_sustained_elapsed",
                                                   "sm__warps_active.avg.pct_of_peak_sustained_active"};
  return metrics;
}

struct TimelineSample {
  double begin_ns = 0;  // from the beginning of the first sample
  double end_ns = 0;
  std::vector<double> values;  // one a metric, in its unit

  // Whether the device did anything: a counter above half a percent of its peak.
  [[nodiscard]] bool busy() const {
    return std::ranges::any_of(values, [](double value) { return value > 0.5; });
  }

  bool operator==(const TimelineSample&) const = default;
};

// The samples of one run of all launches of a variant, some of the idle time around it included.
struct Timeline {
  std::vector<std::string> metrics;
  std::vector<std::string> units;  // one a metric
  std::vector<TimelineSample> samples;

  bool operator==(const Timeline&) const = default;
};

// How DRAM was kept busy from the beginning of a run to its end, as its samples tell: exact to one of them.
struct RunPhases {
  double begin_ns = 0;        // of the run: when its first busy sample began
  double end_ns = 0;          // when its last one ended
  double steady_percent = 0;  // of DRAM's peak, reads and writes together: the median over the middle half of the run
  double rise_ns = 0;         // from the beginning until 90% of that are reached
  double tail_ns = 0;         // from the last sample with 90% of that to the end
  double rise_cost_ns = 0;    // by how much the rise would have been shorter at the steady throughput
  double tail_cost_ns = 0;

  bool operator==(const RunPhases&) const = default;
};

// A variant's timeline, or why there is none.
struct SampledTimeline {
  std::optional<Timeline> timeline = {};
  std::string reason = {};  // where there is none
  std::optional<RunPhases> phases = {};
  std::string phases_reason = {};  // where there are none
  double seconds = 0;              // that it took to sample

  bool operator==(const SampledTimeline&) const = default;
};

}  // namespace scantune
