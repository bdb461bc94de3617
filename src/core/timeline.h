// Counters over time inside one run of a variant: what it does at its start, in its steady state and at its tail.
#pragma once

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

  bool operator==(const TimelineSample&) const = default;
};

// The samples of one run of all launches of a variant, some of the idle time around it included.
struct Timeline {
  std::vector<std::string> metrics;
  std::vector<std::string> units;  // one a metric
  std::vector<TimelineSample> samples;

  bool operator==(const Timeline&) const = default;
};

}  // namespace scantune
