// What changed between two profiled variants, or between two runs of one: resources and counters.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "explain/subject.h"

namespace scantune::explain {

// A quantity that both have, and by how much it differs.
struct Change {
  std::string name;  // a counter's name, a resource ("registers_per_thread") or one of scantune's
  std::string unit;  // as MetricValue::unit
  double a = 0;
  double b = 0;
  double relative = 0;   // b / a - 1; of a percentage b - a, in percentage points / 100; infinite where a is 0
  bool symptom = false;  // follows from the time, as throughput does, and explains nothing

  // The share of the difference in time (of the ratios to the copy, where both have one) that this change would account
  // for were it alone, 0 to 1: 0 where it pulls the other way, where the times do not differ or are not known, and of a
  // symptom.
  double explains = 0;
};

// Everything that changed by at least 0.5% (half a point of a percentage), what explains the difference in time
// best first; symptoms last. Counters are summed over launches, percentages weighed by their durations.
std::vector<Change> changes(const Subject& a, const Subject& b);

}  // namespace scantune::explain
