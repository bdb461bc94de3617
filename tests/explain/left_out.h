// What is known of a workload that was not seen before: everything that was recorded but what was recorded of it.
#pragma once

#include <vector>

#include "explain/recorded.h"

namespace scantune {

inline std::vector<explain::RecordedSweep> without(const Workload& workload) {
  std::vector<explain::RecordedSweep> others = explain::recorded_sweeps();
  std::erase_if(others, [&](const explain::RecordedSweep& s) {
    return s.workload.geometry() == workload.geometry() && s.workload.dtype == workload.dtype;
  });
  return others;
}

}  // namespace scantune
