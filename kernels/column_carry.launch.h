// The launch rules of column_carry (column_carry.cuh).
#pragma once

#include "columns.launch.h"

namespace scantune {

struct ColumnCarryParams {
  ColumnTileParams tile;
  int stages;  // tiles in registers at once
};

// Words that hand the columns' sums from tile to tile, in front of which lies the ticket counter.
SCANTUNE_LAUNCH_RULE long long column_carry_words(long long outer, long long inner, int accumulator_bytes) {
  return outer * inner * status_words(accumulator_bytes);
}

SCANTUNE_LAUNCH_RULE long long column_carry_workspace_bytes(long long outer, long long inner, int accumulator_bytes) {
  return 8 * (1 + column_carry_words(outer, inner, accumulator_bytes));
}

SCANTUNE_LAUNCH_RULE long long column_carry_tiles(long long outer, long long n, long long inner, ColumnCarryParams p,
                                                  int element_bytes) {
  return outer * columns_strips(inner, p.tile) * columns_slabs(n, p.tile, element_bytes);
}

// By tiles: as many blocks as may be resident at once; more would find no ticket, fewer would leave SMs idle.
SCANTUNE_LAUNCH_RULE LaunchDims column_carry_launch(long long tiles, ColumnCarryParams p, int resident_blocks) {
  return {tiles < resident_blocks ? tiles : resident_blocks, p.tile.warps * kWarpThreads, 0};
}

// By strips: one block a strip.
SCANTUNE_LAUNCH_RULE LaunchDims column_carry_strips_launch(long long outer, long long inner, ColumnCarryParams p) {
  return {grid_for(outer * columns_strips(inner, p.tile)), p.tile.warps * kWarpThreads, 0};
}

SCANTUNE_LAUNCH_RULE LaunchDims column_carry_reset_launch(long long outer, long long inner, int accumulator_bytes) {
  constexpr int kThreads = 256;
  return {grid_for(ceil_div(1 + column_carry_words(outer, inner, accumulator_bytes), kThreads)), kThreads, 0};
}

}  // namespace scantune
