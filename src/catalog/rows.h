// What families that work on rows have in common, on a GPU as on a CPU.
#pragma once

#include <string>
#include <vector>

#include "core/kernel.h"

namespace scantune::rows {

// They sum along the innermost dimension.
std::string refuses(const Workload& workload, const Chip& chip);

// The values of a parameter that takes numbers.
std::vector<Value> values(const std::vector<int64_t>& numbers);

}  // namespace scantune::rows
