// Hardware counters of the CPU behind a seam, so that their absence can be tested.
#pragma once

#include <functional>
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

// A counter by the name that perf(1) gives it.
struct CounterInfo {
  std::string name;
  std::string unit;  // empty for a plain count
  std::string description;
};

// Every counter that may be asked for; which of them a machine has shows when they are read.
const std::vector<CounterInfo>& known_counters();

// perf_event_open over this thread and the threads it starts from now on. Never fails: what cannot be
// opened is null, with the reason.
std::unique_ptr<Counters> perf_counters(const std::vector<std::string>& metrics);

// Why perf_event_open refused, in words, with the remedy. `paranoid` is the content of
// /proc/sys/kernel/perf_event_paranoid.
std::string refusal(int error_number, bool hardware, const std::string& paranoid);

using CountersFactory = std::function<std::unique_ptr<Counters>(const std::vector<std::string>&)>;

}  // namespace scantune::cpu
