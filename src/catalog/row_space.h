// What the CUDA families that work on rows in tiles have in common: their parameters
// and the rules over them.
#pragma once

#include <string>
#include <vector>

#include "core/kernel.h"
#include "launch.h"

namespace scantune::row_space {

constexpr int64_t kSmallestTileBytes = 4096;  // of the default spaces

// The values of tile that make tiles of these sizes.
std::vector<Value> tiles_of(const std::vector<int64_t>& bytes, const Workload& workload);

Param tile(std::vector<Value> elements);
Param warps(const std::vector<int64_t>& warps);
Param stages(std::string summary, const std::vector<int64_t>& stages);

// "registers", "async" or "bulk", as the launch rules take it.
Storage storage(const Variant& variant);
// The values of a storage parameter on a chip, of those given: bulk copies need sm_90.
Param storage(const std::vector<std::string>& kinds, const Chip& chip);

// The files a family is compiled from: its own two, those that all share, and others.
std::vector<SourceFile> sources(const std::string& family, const std::vector<std::string>& others = {});

// What the kernels can be instantiated with, whatever a user's space has. First among a family's constraints: the
// launch rules count in int, and on these being kept.
Constraint warps_are_a_power_of_two();  // up to 32
Constraint tile_is_whole_accesses();    // of every thread, and at most 1 MiB
Constraint at_most_32_stages();
Constraint storage_is_of_the_chip();  // bulk copies need sm_90
// A tile is no more than twice the row, unless it is the smallest: wider ones would only be emptier.
Constraint not_wider_than_the_row();

// The most registers a thread of such a block can have, in the steps of 8 they are handed out in.
int register_limit(int block_threads, const Chip& chip);

// Rules from sweeps (docs/tune.md) hold where those were recorded: on GH100, and for rows of 64 KiB and more.
bool was_swept(const Workload& workload, const Chip& chip);
int64_t tile_bytes(const Variant& variant, const Workload& workload);
int64_t thread_bytes(const Variant& variant, const Workload& workload);  // of a tile, that a thread loads

// A tile's ring fits what a block may opt into.
bool fits_shared_memory(const ResourceEstimate& estimate, const Chip& chip);

// "scantune::FUNCTION<float, float, SETTINGS>" with its grid.
Launch launch(const std::string& function, const std::string& settings, const Workload& workload,
              const LaunchDims& dims);

}  // namespace scantune::row_space
