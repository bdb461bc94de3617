// One step of a search that says why it tries what it tries.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "core/variant.h"

namespace scantune {

// A figure that a step was decided by.
struct StepReading {
  std::string metric;
  double value = 0;
  std::string unit;  // as MetricValue::unit

  bool operator==(const StepReading&) const = default;
};

struct SearchStep {
  int number = 1;                    // of the run, from 1 on
  std::optional<Variant> from = {};  // the best so far, which it steps from; none at the start
  std::string limit = {};            // what limits that one, as a diagnosis names it; empty where it has none
  std::vector<StepReading> read = {};
  std::string rule = {};                       // which rule fired, and why, in words
  Variant to = {};                             // what is tried
  std::optional<double> predicted_ratio = {};  // to the copy
  std::optional<double> measured_ratio = {};   // none where it failed
  std::string failure = {};                    // why, where it did
  bool best = false;                           // better than all before it

  bool operator==(const SearchStep&) const = default;
};

}  // namespace scantune
