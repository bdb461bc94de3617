// The launch rules of column_carry (column_carry.cuh).
#pragma once

#include "columns.launch.h"

namespace scantune {

struct ColumnCarryParams {
  ColumnTileParams tile;
  int blocks;      // that an SM holds at once
  int interleave;  // tiles between one and the next above it, in percent of the resident blocks
};

// Where a tile lies.
struct ColumnTurn {
  unsigned o;
  unsigned slab;  // from the bottom
  unsigned strip;
};

// The order in which tiles are done: outer indices in groups, from the last; in a group slab after slab from the
// bottom, in a slab strip after strip of every outer index. Groups differ by at most one outer index.
struct ColumnOrder {
  unsigned outer;
  unsigned slabs;
  unsigned strips;
  unsigned size;    // outer indices of a group
  unsigned larger;  // groups that have one more; these come first
};

SCANTUNE_LAUNCH_RULE unsigned column_carry_apart(unsigned grid_blocks, int interleave) {
  return static_cast<unsigned>(static_cast<long long>(grid_blocks) * interleave / 100);
}

// Groups are as small as may be with at least `apart` tiles between one and the next above it.
SCANTUNE_LAUNCH_RULE ColumnOrder column_order(unsigned outer, unsigned slabs, unsigned strips, unsigned apart) {
  const unsigned least = apart > strips ? (apart + strips - 1) / strips : 1;
  const unsigned groups = outer < 2 * least ? 1 : outer / least;
  return {outer, slabs, strips, outer / groups, outer % groups};
}

SCANTUNE_LAUNCH_RULE ColumnTurn column_turn(const ColumnOrder& order, unsigned ticket) {
  const unsigned line = order.slabs * order.strips;  // tiles of an outer index
  unsigned size = order.size + 1;
  unsigned before = 0;  // outer indices in groups before
  if (ticket >= order.larger * size * line) {
    before = order.larger * size;
    size = order.size;
  }
  ticket -= before * line;
  const unsigned group = ticket / (size * line);
  ticket -= group * size * line;
  const unsigned slab = ticket / (size * order.strips);
  ticket -= slab * size * order.strips;
  const unsigned o = ticket / order.strips;
  return {order.outer - 1 - (before + group * size + o), slab, ticket - o * order.strips};
}

// Words that hand the columns' sums from tile to tile, in front of which lies the ticket counter.
SCANTUNE_LAUNCH_RULE long long column_carry_words(long long outer, long long inner, int accumulator_bytes) {
  return outer * inner * status_words(accumulator_bytes);
}

SCANTUNE_LAUNCH_RULE long long column_carry_workspace_bytes(long long outer, long long inner, int accumulator_bytes) {
  return 8 * (1 + column_carry_words(outer, inner, accumulator_bytes));
}

// By tiles: as many blocks as may be resident at once; more would find no ticket, fewer would leave SMs idle.
SCANTUNE_LAUNCH_RULE LaunchDims column_carry_launch(long long tiles, ColumnCarryParams p, int resident_blocks) {
  return {tiles < resident_blocks ? tiles : resident_blocks, p.tile.warps * kWarpThreads, 0};
}

SCANTUNE_LAUNCH_RULE LaunchDims column_carry_reset_launch(long long outer, long long inner, int accumulator_bytes) {
  constexpr int kThreads = 256;
  return {grid_for(ceil_div(1 + column_carry_words(outer, inner, accumulator_bytes), kThreads)), kThreads, 0};
}

}  // namespace scantune
