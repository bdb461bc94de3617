// What the CUDA families that work on rows in tiles have in common: their parameters
// and the rules over them.
#pragma once

#include <string>
#include <vector>

#include "core/kernel.h"
#include "launch.h"

namespace scantune::row_space {

// tile, warps and stages; `tile` with the given values, in elements.
Space space(const std::vector<int64_t>& tiles);

// The three parameters of a variant, as the launch rules take them.
template <class Params>
Params params(const Variant& variant) {
  return {static_cast<int>(variant.number("tile")), static_cast<int>(variant.number("warps")),
          static_cast<int>(variant.number("stages"))};
}

// The files a family is compiled from: its own two, and those that all share.
std::vector<SourceFile> sources(const std::string& family);

// A thread has at least one access of a tile to make.
Constraint enough_vectors();
// No more than one tile, the smallest, is wider than the row: the others would only be emptier.
Constraint not_wider_than_the_row();

// The most registers a thread of such a block can have, in the steps of 8 they are handed out in.
int register_limit(int block_threads, const Chip& chip);

// "scantune::FUNCTION<float, float, TILE, WARPS, STAGES>" with its grid.
Launch launch(const std::string& function, const Variant& variant, const Workload& workload, const LaunchDims& dims);

}  // namespace scantune::row_space
