// A made-up run over time, in round numbers: a sample every 2 us, one idle at each end. DRAM's throughput rises in
// steps of a quarter, is 80% of the peak for `steady` samples, half of it writes, and falls again.
#pragma once

#include <vector>

#include "core/timeline.h"

namespace scantune::testing_example {

inline constexpr double kSampleNs = 2000;

inline Timeline timeline_of(const std::vector<double>& throughput) {
  Timeline timeline{.metrics = timeline_metrics(), .units = {"%", "%", "%"}, .samples = {}};
  for (const double percent : throughput) {
    const double begin_ns = static_cast<double>(timeline.samples.size()) * kSampleNs;
    timeline.samples.push_back({begin_ns, begin_ns + kSampleNs, {percent / 2, percent / 2, percent > 0 ? 25.0 : 0.0}});
  }
  return timeline;
}

inline Timeline timeline(int steady = 100) {
  std::vector<double> throughput = {0, 20, 40, 60};
  throughput.insert(throughput.end(), static_cast<size_t>(steady), 80);
  throughput.insert(throughput.end(), {60, 40, 20, 8, 0});
  return timeline_of(throughput);
}

// As stats::phases_of() has them.
inline RunPhases phases(int steady = 100) {
  return {.begin_ns = kSampleNs,
          .end_ns = kSampleNs * (8 + steady),
          .steady_percent = 80,
          .rise_ns = 3 * kSampleNs,
          .tail_ns = 4 * kSampleNs,
          .rise_cost_ns = 1.5 * kSampleNs,
          .tail_cost_ns = 2.4 * kSampleNs};
}

inline SampledTimeline sampled() { return {.timeline = timeline(), .phases = phases(), .seconds = 0.04}; }

}  // namespace scantune::testing_example
