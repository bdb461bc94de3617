// The geometry of a tile of columns (columns.cuh), which the column families share.
#pragma once

#include "launch.h"

namespace scantune {

struct ColumnTileParams {
  int access;   // bytes a thread loads at once: columns_access_bytes()
  int columns;  // elements of a row of the tile
  int warps;    // a block
  int rows;     // rows of the tile that a thread holds, one access each
};

// The widest access that all rows of a tensor allow, if its base is aligned to it. Results are no wider: those of a
// thread would be written in two, and each access of a warp would write half of every sector it touches.
SCANTUNE_LAUNCH_RULE int columns_access_bytes(long long inner, int element_bytes, int result_bytes) {
  int bytes = kAccessBytes / result_bytes * element_bytes;
  while (bytes > element_bytes && inner * element_bytes % bytes != 0) {
    bytes /= 2;
  }
  return bytes;
}

// Threads side by side that cover a row of the tile; 0 where a row is narrower than an access.
SCANTUNE_LAUNCH_RULE int columns_threads_across(ColumnTileParams p, int element_bytes) {
  return p.columns * element_bytes / p.access;
}

// Groups of threads above one another, each of which holds p.rows rows; 0 where the block is narrower than the tile.
SCANTUNE_LAUNCH_RULE int columns_groups(ColumnTileParams p, int element_bytes) {
  return p.warps * kWarpThreads / columns_threads_across(p, element_bytes);
}

SCANTUNE_LAUNCH_RULE int columns_tile_rows(ColumnTileParams p, int element_bytes) {
  return columns_groups(p, element_bytes) * p.rows;
}

// Warps above one another: their column sums meet in shared memory.
SCANTUNE_LAUNCH_RULE int columns_stack(ColumnTileParams p, int element_bytes) {
  return columns_threads_across(p, element_bytes) < kWarpThreads ? p.warps : columns_groups(p, element_bytes);
}

SCANTUNE_LAUNCH_RULE long long columns_strips(long long inner, ColumnTileParams p) {
  return ceil_div(inner, p.columns);
}

SCANTUNE_LAUNCH_RULE long long columns_slabs(long long n, ColumnTileParams p, int element_bytes) {
  return ceil_div(n, columns_tile_rows(p, element_bytes));
}

SCANTUNE_LAUNCH_RULE long long columns_tiles(long long outer, long long n, long long inner, ColumnTileParams p,
                                             int element_bytes) {
  return outer * columns_strips(inner, p) * columns_slabs(n, p, element_bytes);
}

// Shared memory where column sums of warps meet, in two buffers, with `more` rows of what lies below them.
SCANTUNE_LAUNCH_RULE int columns_levels_bytes(ColumnTileParams p, int element_bytes, int accumulator_bytes, int more) {
  const int row = static_cast<int>(ceil_div(1LL * p.columns * accumulator_bytes, kAccessBytes)) * kAccessBytes;
  return 2 * (columns_stack(p, element_bytes) + more) * row;
}

// Registers that a thread of a column kernel needs: its rows, those of halves twice, as they are widened before they
// are added, and what goes on around them. Measured with NVRTC 13.0 on sm_80 to sm_120;
// tests/compile/constraints_test.cc holds it against the compiler.
SCANTUNE_LAUNCH_RULE int columns_registers(ColumnTileParams p, int element_bytes) {
  const int row = p.access < 4 ? 1 : p.access / 4;
  const int widened = element_bytes < 4 && p.access > element_bytes ? 2 : 1;
  return widened * row * p.rows + 36;
}

}  // namespace scantune
