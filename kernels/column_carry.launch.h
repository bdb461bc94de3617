// The launch rules of column_carry (column_carry.cuh): what clears the carries, a grid that stays, and the order in
// which tiles are done.
#pragma once

#include "columns.launch.h"

namespace scantune {

struct ColumnCarryParams {
  ColumnTileParams tile;
  int blocks;      // that an SM holds at once
  int interleave;  // tiles from one to the next above it, at least, in percent of the blocks of the grid
};

constexpr long long kColumnCarryMostTiles = 2147483647;  // tickets have 32 bits, and blocks take some too many

// Words that hand the columns' sums up, in front of which lies the ticket counter. With one slab there is no need.
SCANTUNE_LAUNCH_RULE long long column_carry_words(long long outer, long long n, long long inner, ColumnTileParams p,
                                                  int element_bytes, int accumulator_bytes) {
  return columns_slabs(n, p, element_bytes) == 1 ? 0 : outer * inner * status_words(accumulator_bytes);
}

SCANTUNE_LAUNCH_RULE long long column_carry_workspace_bytes(long long outer, long long n, long long inner,
                                                            ColumnTileParams p, int element_bytes,
                                                            int accumulator_bytes) {
  return 8 * (1 + column_carry_words(outer, n, inner, p, element_bytes, accumulator_bytes));
}

SCANTUNE_LAUNCH_RULE LaunchDims column_carry_reset_launch(long long outer, long long n, long long inner,
                                                          ColumnTileParams p, int element_bytes,
                                                          int accumulator_bytes) {
  constexpr int kThreads = 256;
  const long long words = 1 + column_carry_words(outer, n, inner, p, element_bytes, accumulator_bytes);
  return {grid_for(ceil_div(words, kThreads)), kThreads, 0};
}

// As many blocks as the GPU holds at once: more would find no ticket.
SCANTUNE_LAUNCH_RULE LaunchDims column_carry_launch(long long outer, long long n, long long inner, ColumnCarryParams p,
                                                    int element_bytes, long long multiprocessors) {
  const long long tiles = columns_tiles(outer, n, inner, p.tile, element_bytes);
  const long long resident = multiprocessors * p.blocks;
  return {tiles < resident ? tiles : resident, p.tile.warps * kWarpThreads, 0};
}

// Shared memory the kernel declares: two buffers of the levels' sums and the carry, and of a ticket.
SCANTUNE_LAUNCH_RULE int column_carry_static_shared_bytes(ColumnCarryParams p, int element_bytes,
                                                          int accumulator_bytes) {
  return columns_levels_bytes(p.tile, element_bytes, accumulator_bytes, 1) + kAccessBytes;
}

// --- The order of tiles ---------------------------------------------------------------------------

// Matrices, of which there are `outer`, are done in groups, from the last to the first: in a group slab by slab from
// the bottom, in a slab matrix by matrix, strip by strip. So a group is walked as one stream of memory for each
// of its matrices.
struct ColumnOrder {
  unsigned outer;
  unsigned slabs;
  unsigned strips;
  unsigned size;    // matrices a group
  unsigned larger;  // groups that have one more: the first ones
};

struct ColumnTurn {
  unsigned o;
  unsigned slab;  // from the bottom
  unsigned strip;
};

// Matrices of a group are as few as hold `apart` tiles in a slab, or all where they do not.
SCANTUNE_LAUNCH_RULE unsigned column_groups(unsigned outer, unsigned strips, unsigned apart) {
  const unsigned least = apart > strips ? (apart + strips - 1) / strips : 1;
  return outer > least ? outer / least : 1;
}

SCANTUNE_LAUNCH_RULE unsigned column_carry_apart(long long grid_blocks, int interleave) {
  return static_cast<unsigned>(grid_blocks * interleave / 100);
}

SCANTUNE_LAUNCH_RULE ColumnOrder column_order(unsigned outer, unsigned slabs, unsigned strips, unsigned apart) {
  const unsigned groups = column_groups(outer, strips, apart);
  return {outer, slabs, strips, outer / groups, outer % groups};
}

// The tile of a ticket: one to one for tickets less than the number of tiles, and a tile's ticket is higher than
// that of the tile below it.
SCANTUNE_LAUNCH_RULE ColumnTurn column_turn(const ColumnOrder& order, unsigned ticket) {
  const unsigned matrix_tiles = order.slabs * order.strips;
  unsigned size = order.size + 1;
  unsigned done = 0;  // matrices of groups before
  if (ticket >= order.larger * size * matrix_tiles) {
    done = order.larger * size;
    size = order.size;
  }
  ticket -= done * matrix_tiles;
  const unsigned group = ticket / (size * matrix_tiles);
  ticket -= group * size * matrix_tiles;
  const unsigned slab = ticket / (size * order.strips);
  ticket -= slab * size * order.strips;
  const unsigned matrix = ticket / order.strips;
  return {order.outer - 1 - (done + group * size + matrix), slab, ticket - matrix * order.strips};
}

}  // namespace scantune
