// Hardware counters of the CPU behind a seam, so that their absence can be tested.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "core/metric.h"

namespace scantune::cpu {

class Counters {
 public:
  virtual ~Counters() = default;

  virtual void start() = 0;
  // The values since start(), one per metric given at creation; null with a reason where unreadable.
  virtual std::vector<MetricValue> stop() = 0;
};

// perf_event_open over this process and the threads it starts from now on.
std::unique_ptr<Counters> perf_counters(const std::vector<std::string>& metrics);

}  // namespace scantune::cpu
