// The launch rules of column_split (column_split.cuh): the tiles of a tensor, what clears the status words, and
// a grid that stays.
#pragma once

#include "columns.launch.h"

namespace scantune {

struct ColumnSplitParams {
  int access;   // bytes a thread takes of a row at once: columns_access_bytes()
  int columns;  // of a tile at most; tensors with more are cut into strips of as many
  int tile;     // elements at most
  int warps;    // that scan tiles
  int stages;   // tiles in shared memory at once
  int loaders;  // warps that load a tile
};

constexpr int kSplitFan = 16;           // tiles a group
constexpr int kSplitCounterWords = 16;  // a line of memory of its own for the ticket counter

// Warps that look up what lies below tiles: a thread a column.
SCANTUNE_LAUNCH_RULE int column_split_look_warps(ColumnSplitParams p) {
  return static_cast<int>(ceil_div(p.columns, kWarpThreads));
}

SCANTUNE_LAUNCH_RULE int column_split_block_warps(ColumnSplitParams p) {
  return p.warps + column_split_look_warps(p) + p.stages * p.loaders;
}

// Registers that a thread needs so as not to spill: it looks at many sums at once. Measured with nvcc 13.0 on sm_80 to
// sm_120; tests/compile/constraints_test.cc holds it against the compiler.
SCANTUNE_LAUNCH_RULE int column_split_registers(int accumulator_bytes) { return accumulator_bytes > 4 ? 96 : 80; }

// How a tensor is cut into tiles, and a tile into runs.
struct ColumnSplitTiles {
  int columns;   // of a tile
  int across;    // accesses that cover a row of it
  int runs;      // of rows above one another in a tile
  int run_rows;  // rows a run
  int rows;      // of a tile
  bool flat;     // rows of tiles are rows of the tensor: a tile is one piece of memory
  long long strips;
  long long slabs;
};

SCANTUNE_LAUNCH_RULE ColumnSplitTiles column_split_tiles(long long n, long long inner, ColumnSplitParams p,
                                                         int element_bytes) {
  ColumnSplitTiles t = {};
  t.flat = inner <= p.columns;
  t.columns = t.flat ? static_cast<int>(inner) : p.columns;
  t.across = t.columns * element_bytes / p.access;
  t.runs = p.warps * kWarpThreads / t.across;
  t.run_rows = p.tile / (t.columns * t.runs);
  // Where several runs meet in the 128 bytes that shared memory reads at once, an odd distance keeps them apart.
  if (t.across * p.access % 128 != 0 && t.run_rows % 2 == 0) {
    --t.run_rows;
  }
  t.rows = t.runs * t.run_rows;
  t.strips = ceil_div(inner, t.columns);
  t.slabs = ceil_div(n, t.rows);
  return t;
}

// Sums of columns that blocks hand to one another: for each line of tiles above one another those of its tiles and of
// their groups, each with room for as many columns as a tile may have.
SCANTUNE_LAUNCH_RULE long long column_split_sums(long long outer, long long n, long long inner, ColumnSplitParams p,
                                                 int element_bytes) {
  const ColumnSplitTiles t = column_split_tiles(n, inner, p, element_bytes);
  return outer * t.strips * (t.slabs + ceil_div(t.slabs, kSplitFan)) * p.columns;
}

// The ticket counter, and these sums.
SCANTUNE_LAUNCH_RULE long long column_split_workspace_bytes(long long outer, long long n, long long inner,
                                                            ColumnSplitParams p, int element_bytes,
                                                            int accumulator_bytes) {
  return 8 *
         (kSplitCounterWords + column_split_sums(outer, n, inner, p, element_bytes) * status_words(accumulator_bytes));
}

SCANTUNE_LAUNCH_RULE LaunchDims column_split_reset_launch(long long outer, long long n, long long inner,
                                                          ColumnSplitParams p, int element_bytes,
                                                          int accumulator_bytes) {
  constexpr int kThreads = 256;
  constexpr long long kEach = 8;  // words a thread: there can be a million of them, and the scan waits for this
  const long long words = column_split_workspace_bytes(outer, n, inner, p, element_bytes, accumulator_bytes) / 8;
  return {grid_for(ceil_div(words, kThreads * kEach)), kThreads, 0};
}

// Shared memory of one slot: the tile, which where accesses are narrow keeps its distance from a multiple of 16
// bytes; ...
SCANTUNE_LAUNCH_RULE int column_split_data_bytes(ColumnSplitParams p, int element_bytes) {
  return p.tile * element_bytes + (p.access < kAccessBytes ? kAccessBytes : 0);
}

// ... what lies below it, and the sums of its runs.
SCANTUNE_LAUNCH_RULE int column_split_slot_bytes(ColumnSplitParams p, int element_bytes, int accumulator_bytes) {
  return column_split_data_bytes(p, element_bytes) +
         (p.columns + p.warps * kWarpThreads * (p.access / element_bytes)) * accumulator_bytes;
}

// `resident_blocks`: how many blocks the GPU holds at once. More would do no harm, and no good.
SCANTUNE_LAUNCH_RULE LaunchDims column_split_launch(long long outer, long long n, long long inner, ColumnSplitParams p,
                                                    int element_bytes, int accumulator_bytes,
                                                    long long resident_blocks) {
  const ColumnSplitTiles t = column_split_tiles(n, inner, p, element_bytes);
  const long long tiles = outer * t.strips * t.slabs;
  return {tiles < resident_blocks ? tiles : resident_blocks, column_split_block_warps(p) * kWarpThreads,
          static_cast<long long>(p.stages) * column_split_slot_bytes(p, element_bytes, accumulator_bytes)};
}

// Shared memory the kernel declares: what is known of each slot.
SCANTUNE_LAUNCH_RULE int column_split_static_shared_bytes(ColumnSplitParams p) {
  constexpr long long kSlot = 56;
  constexpr int kUnit = 128;  // as dynamic shared memory begins at a multiple of it
  return static_cast<int>(ceil_div(p.stages * kSlot, kUnit)) * kUnit;
}

}  // namespace scantune
