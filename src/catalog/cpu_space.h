// What the CPU families have in common: the parameters and rules they share.
#pragma once

#include <string>

#include "core/kernel.h"

namespace scantune::cpu_space {

Param tile(std::string summary, const std::vector<int64_t>& elements);
Param threads(const Chip& chip);  // every CPU, half of them, one
Param unroll(const std::vector<int64_t>& vectors);
Param store(const Chip& chip);

// Rows of f32.
std::string refuses(const Workload& workload, const Chip& chip);

// A thread gets enough to do that handing it over does not cost more than it saves.
Constraint enough_work();
// One thread is slower than two wherever there is enough for two.
Constraint enough_threads();

// The sources every CPU family is built from, and those of its own.
std::vector<SourceFile> sources(const std::string& family);

}  // namespace scantune::cpu_space
