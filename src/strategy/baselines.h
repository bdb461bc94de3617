// What speed-ups are quoted against, for searches that do not try every variant.
#pragma once

#include <cstddef>
#include <vector>

#include "strategy/strategy.h"

namespace scantune {

// The candidates of the baseline that are measured whatever else is: those nearest to what was best in the sweeps, the
// nearest first. The best of them was within 1.1% of the baseline's best on every workload that was swept.
std::vector<size_t> usual_baselines(const SearchSpace& space);

}  // namespace scantune
