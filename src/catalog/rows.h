// What all families of today have in common, on a GPU as on a CPU: they work on rows of f32.
#pragma once

#include <string>
#include <vector>

#include "core/kernel.h"

namespace scantune::rows {

// f32 along the innermost dimension.
std::string refuses(const Workload& workload, const Chip& chip);

// The values of a parameter that takes numbers.
std::vector<Value> values(const std::vector<int64_t>& numbers);

}  // namespace scantune::rows
