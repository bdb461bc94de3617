// What is wrong with a machine, and what to do about it.
#pragma once

#include <vector>

#include "core/health.h"
#include "doctor/machine.h"

namespace scantune::doctor {

// One check a subject, in the order in which one thing needs the other. What stands in the way of tuning at all, or
// of trusting it, is broken; what only takes from it is degraded. Without a GPU the CPU is what is tuned, so that
// missing CUDA is broken only where a GPU is there to use it.
std::vector<HealthCheck> examine(const Machine& machine);

}  // namespace scantune::doctor
