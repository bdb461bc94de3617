// What the CPU families have in common: the parameters and rules they share.
#pragma once

#include <string>

#include "core/kernel.h"

namespace scantune::cpu_space {

Param tile(std::string summary, const std::vector<int64_t>& elements);
Param threads(const Chip& chip);                                              // every CPU, half of them, one
Param unroll(const Workload& workload, const std::vector<int64_t>& vectors);  // f32; the other types have one
Param store(const Chip& chip);

// What the kernels can do, whatever a user's space has.
Constraint tile_is_whole_vectors();
Constraint threads_are_there();
Constraint unroll_is_compiled();

// A thread gets enough to do that handing it over does not cost more than it saves.
Constraint enough_work();
// One thread is slower than two wherever there is enough for two.
Constraint enough_threads();

// Why a family cannot do a workload on a CPU: the types of sums that there are, and for rows or columns alone the
// other dimensions.
std::string refuses_types(const Workload& workload, const Chip& chip);
std::string refuses_columns(const Workload& workload, const Chip& chip);
std::string refuses_rows(const Workload& workload, const Chip& chip);

// The sources every CPU family is built from, and those of its own.
std::vector<SourceFile> sources(const std::string& family);

}  // namespace scantune::cpu_space
