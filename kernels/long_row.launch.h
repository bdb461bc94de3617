// The launch rules of long_row (long_row.cuh): what clears the status words, and a grid that stays.
#pragma once

#include "launch.h"

namespace scantune {

struct LongRowParams {
  int tile;         // elements
  int warps;        // that finish tiles
  int stages;       // tiles in shared memory at once
  int loaders;      // warps that load a tile
  Storage storage;  // async or bulk
};

// Those that scan, that load, and the one that looks up.
SCANTUNE_LAUNCH_RULE int long_row_block_warps(LongRowParams p) { return p.warps + 1 + p.stages * p.loaders; }

// 16-byte accesses with which a thread takes its part of a tile. A variant needs at least one.
SCANTUNE_LAUNCH_RULE int long_row_vectors(LongRowParams p, int element_bytes) {
  return tile_vectors_per_thread(p.tile, p.warps, element_bytes);
}

// Registers a thread needs, for 4-byte elements: a tile and the running sums of its vectors. Measured with
// NVRTC 13.0; tests/compile/constraints_test.cc holds it against the compiler.
SCANTUNE_LAUNCH_RULE int long_row_registers(LongRowParams p, int element_bytes) {
  return 6 * long_row_vectors(p, element_bytes) + 44;
}

SCANTUNE_LAUNCH_RULE long long long_row_tiles(long long n, LongRowParams p) { return ceil_div(n, p.tile); }

constexpr int kLongRowCounterWords = 16;  // the ticket counter, alone in a line of the L2

// Words from the sum of one part of a tile to the next. Blocks publish neighbouring sums at about the same time, while
// others poll them: two in a sector of the L2 are faster than four. Halves, whose lookers have the least time, are
// not: they would read twice as many sectors (docs/kernels.md).
SCANTUNE_LAUNCH_RULE int long_row_sum_words(int element_bytes, int accumulator_bytes) {
  return element_bytes == 2 ? status_words(accumulator_bytes) : 2;
}

// A counter for tickets, and the sum of each part of a tile that a warp loads.
SCANTUNE_LAUNCH_RULE long long long_row_workspace_bytes(long long outer, long long n, LongRowParams p,
                                                        int element_bytes, int accumulator_bytes) {
  const long long sums = outer * long_row_tiles(n, p) * p.loaders;
  return 8 * (kLongRowCounterWords + sums * long_row_sum_words(element_bytes, accumulator_bytes));
}

SCANTUNE_LAUNCH_RULE LaunchDims long_row_reset_launch(long long outer, long long n, LongRowParams p, int element_bytes,
                                                      int accumulator_bytes) {
  constexpr int kThreads = 256;
  const long long words = long_row_workspace_bytes(outer, n, p, element_bytes, accumulator_bytes) / 8;
  return {grid_for(ceil_div(words, kThreads)), kThreads, 0};
}

// `resident_blocks`: how many blocks the GPU holds at once. More would do no harm, and no good.
SCANTUNE_LAUNCH_RULE LaunchDims long_row_launch(long long outer, long long n, LongRowParams p, int element_bytes,
                                                long long resident_blocks) {
  const long long tiles = outer * long_row_tiles(n, p);
  return {tiles < resident_blocks ? tiles : resident_blocks, long_row_block_warps(p) * kWarpThreads,
          static_cast<long long>(p.stages) * p.tile * element_bytes};
}

// Shared memory the kernel declares: two buffers of sums of warps, and what is known of each slot.
SCANTUNE_LAUNCH_RULE int long_row_static_shared_bytes(LongRowParams p, int accumulator_bytes) {
  return 2 * p.warps * accumulator_bytes + p.stages * (80 + 10 * accumulator_bytes);
}

}  // namespace scantune
