// The launch rules of three_pass: three launches over tiles of all rows (three_pass.cuh), or over tiles of
// columns (three_pass_columns.cuh).
#pragma once

#include "columns.launch.h"

namespace scantune {

struct ThreePassParams {
  int tile;    // elements
  int warps;   // a block
  int stages;  // tiles a block loads at once in the first and the last pass
};

// 16-byte accesses with which a thread loads its part of a tile. A variant needs at least one.
SCANTUNE_LAUNCH_RULE int three_pass_vectors(ThreePassParams p, int element_bytes) {
  return tile_vectors_per_thread(p.tile, p.warps, element_bytes);
}

// Registers a thread needs, for 4-byte elements: the tiles, two a vector for running sums, and where
// each tile lies. Measured with NVRTC 13.0 on sm_80 to sm_120; tests/compile/constraints_test.cc holds
// it against the compiler.
SCANTUNE_LAUNCH_RULE int three_pass_registers(ThreePassParams p, int element_bytes) {
  const int vectors = three_pass_vectors(p, element_bytes);
  return 4 * vectors * p.stages + 2 * vectors + 12 * p.stages + 22;
}

SCANTUNE_LAUNCH_RULE long long three_pass_tiles(long long n, ThreePassParams p) { return ceil_div(n, p.tile); }

// block_sums and cumsum_with_prefix: p.stages neighbouring tiles a block, over all rows.
SCANTUNE_LAUNCH_RULE LaunchDims three_pass_tiles_launch(long long outer, long long n, ThreePassParams p) {
  return {grid_for(ceil_div(outer * three_pass_tiles(n, p), p.stages)), p.warps * kWarpThreads, 0};
}

// block_prefix: one block a row.
SCANTUNE_LAUNCH_RULE LaunchDims three_pass_prefix_launch(long long outer, ThreePassParams p) {
  return {grid_for(outer), p.warps * kWarpThreads, 0};
}

// One sum a tile.
SCANTUNE_LAUNCH_RULE long long three_pass_workspace_bytes(long long outer, long long n, ThreePassParams p,
                                                          int accumulator_bytes) {
  return outer * three_pass_tiles(n, p) * accumulator_bytes;
}

// Shared memory the kernels declare: two buffers of one sum a warp.
SCANTUNE_LAUNCH_RULE int three_pass_static_shared_bytes(ThreePassParams p, int accumulator_bytes) {
  return 2 * p.warps * accumulator_bytes;
}

// --- Columns --------------------------------------------------------------------------------------

// column_sums and column_cumsum_with_prefix: one tile a block.
SCANTUNE_LAUNCH_RULE LaunchDims three_pass_columns_launch(long long outer, long long n, long long inner,
                                                          ColumnTileParams p, int element_bytes) {
  return {grid_for(columns_tiles(outer, n, inner, p, element_bytes)), p.warps * kWarpThreads, 0};
}

// column_prefix: 32 columns a block.
SCANTUNE_LAUNCH_RULE LaunchDims three_pass_columns_prefix_launch(long long outer, long long inner, ColumnTileParams p) {
  return {grid_for(outer * ceil_div(inner, kWarpThreads)), p.warps * kWarpThreads, 0};
}

// One sum for every column of every slab.
SCANTUNE_LAUNCH_RULE long long three_pass_columns_workspace_bytes(long long outer, long long n, long long inner,
                                                                  ColumnTileParams p, int element_bytes,
                                                                  int accumulator_bytes) {
  return outer * columns_slabs(n, p, element_bytes) * inner * accumulator_bytes;
}

// Shared memory the kernels declare: two buffers of the levels' sums and the prefix, or of the sums of warps' shares.
SCANTUNE_LAUNCH_RULE int three_pass_columns_static_shared_bytes(ColumnTileParams p, int element_bytes,
                                                                int accumulator_bytes) {
  const int levels = columns_levels_bytes(p, element_bytes, accumulator_bytes, 1);
  const int shares = 2 * p.warps * kWarpThreads * accumulator_bytes;
  return levels > shares ? levels : shares;
}

}  // namespace scantune
