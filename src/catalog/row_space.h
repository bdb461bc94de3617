// What the CUDA families that work on rows in tiles have in common: their parameters
// and the rules over them.
#pragma once

#include <string>
#include <vector>

#include "core/kernel.h"
#include "launch.h"

namespace scantune::row_space {

// The values of tile that make tiles of these sizes.
std::vector<Value> tiles_of(const std::vector<int64_t>& bytes, const Workload& workload);

Param tile(std::vector<Value> elements);
Param warps(const std::vector<int64_t>& warps);

// "registers", "async" or "bulk", as the launch rules take it.
Storage storage(const Variant& variant);
// The values of a storage parameter on a chip, of those given: bulk copies need sm_90.
Param storage(const std::vector<std::string>& kinds, const Chip& chip);

// The files a family is compiled from: its own two, those that all share, and others.
std::vector<SourceFile> sources(const std::string& family, const std::vector<std::string>& others = {});

// A thread has at least one access of a tile to make.
Constraint enough_vectors();
// A tile is no more than twice the row, unless it is the smallest: wider ones would only be emptier.
Constraint not_wider_than_the_row();

// The most registers a thread of such a block can have, in the steps of 8 they are handed out in.
int register_limit(int block_threads, const Chip& chip);

// A tile's ring fits what a block may opt into.
bool fits_shared_memory(const ResourceEstimate& estimate, const Chip& chip);

// "scantune::FUNCTION<float, float, SETTINGS>" with its grid.
Launch launch(const std::string& function, const std::string& settings, const Workload& workload,
              const LaunchDims& dims);

}  // namespace scantune::row_space
