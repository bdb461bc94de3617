// column_carry: the reverse cumulative sum along a dimension that is not the innermost, one pass.
//
//     y[o][i][k] = x[o][i][k] + x[o][i+1][k] + ... + x[o][n-1][k]
//
// Blocks take tiles of columns (columns.cuh) in the order of tickets: slab after slab from the bottom, and in a
// slab strip after strip. So all SMs together walk through memory row by row, each takes the next tile when it is
// free, and the tile below, whose sums a tile needs, was taken many tickets earlier:
//
//              strip 0     strip 1     strip 2
//            |           |           |           |
//     slab 1 | ticket 3  | ticket 4  | ticket 5  |     3 waits for the carry of 0, 4 for that of 1, ...
//     slab 0 | ticket 0  | ticket 1  | ticket 2  |
//
// One matrix may have too few strips for that, so several of the outer dimension are walked at once, a slab of each in
// turn. Their number is a compromise: many hide the time it takes to hand a carry up, few are few streams through
// memory, which DRAM serves better (kInterleave; 128 at once cost 7% on an H200, column_order in
// column_carry.launch.h).
//
// As soon as a tile's rows are loaded and the carry from below has come, the block hands the carry on, and only
// then writes its rows. There is one carry a column, not one a tile: a word's turn (status.cuh) is the
// number of slabs it includes, and only the next slab's tile reads it before it writes the next turn.
//
// Parameters
//   T            element type            Acc      type of the sums
//   kAccess      bytes a thread loads at once: no more than columns_access_bytes()
//   kColumns     columns a tile; a power of two of accesses, at most one a thread
//   kWarps       warps a block: a power of two up to 32
//   kRows        rows of a tile that a thread holds: a tile has kRows * (threads / accesses a row)
//   kBlocks      blocks that an SM is to hold at once: the compiler keeps to the registers that this leaves
//   kInterleave  tiles from one to the next above it, at least, in percent of the blocks of the grid
//
// Requirements: `in` and `out` are aligned to T and do not overlap. kAccess divides inner * sizeof(T); where the
// pointers are not aligned to it, elements are accessed one at a time. outer, n and inner are any 64-bit
// sizes with fewer than 2^31 tiles. The workspace (column_carry_workspace_bytes) is cleared by
// column_carry_reset in front of every launch. Launch rules: column_carry.launch.h.
//
// Forward progress: a ticket is a number that a running block has taken, so whoever took a lower one is
// running too. A tile waits for one of a lower ticket only, and a block works on its tickets in rising order.
// So the block that holds the lowest unfinished ticket waits for nobody, whatever the number of resident blocks.
// Deterministic: the same bits every run, whichever block takes a tile.
#pragma once

#include "column_carry.launch.h"
#include "columns.cuh"
#include "status.cuh"

namespace scantune {

// Clears the ticket counter and the carries.
template <class T, class Acc, int kAccess, int kColumns, int kWarps, int kRows>
__global__ void column_carry_reset(const T* /*in*/, Output<T, Acc>* /*out*/, void* workspace, long long outer,
                                   long long n, long long inner) {
  let_next_launch_start();
  wait_for_launch_in_front();
  const long long words =
      1 + column_carry_words(outer, n, inner, {kAccess, kColumns, kWarps, kRows}, sizeof(T), sizeof(Acc));
  clear_words(workspace, words);
}

template <class T, class Acc, int kAccess, int kColumns, int kWarps, int kRows, int kBlocks, int kInterleave>
__global__ void __launch_bounds__(kWarps* kWarpThreads, kBlocks)
    column_carry(const T* in, Output<T, Acc>* out, void* workspace, long long outer, long long n, long long inner) {
  using Tile = ColumnTile<T, Acc, kAccess, kColumns, kWarps, kRows>;
  constexpr int kThreads = Tile::kThreads;
  constexpr int kShares = (kColumns + kThreads - 1) / kThreads;  // columns whose carry a thread hands on
  constexpr int kCarry = Tile::kStack;                           // the row of the carry
  __shared__ typename Tile::Row levels[2][Tile::kStack + 1];
  __shared__ unsigned taken[2];

  unsigned* counter = static_cast<unsigned*>(workspace);
  unsigned long long* carries = static_cast<unsigned long long*>(workspace) + 1;
  const bool aligned = columns_aligned<Tile>(in, out);
  const unsigned strips = static_cast<unsigned>(columns_strips(inner, Tile::kParams));
  const unsigned slabs = static_cast<unsigned>(columns_slabs(n, Tile::kParams, sizeof(T)));
  const unsigned tiles = static_cast<unsigned>(outer) * strips * slabs;
  const ColumnOrder order =
      column_order(static_cast<unsigned>(outer), slabs, strips, column_carry_apart(gridDim.x, kInterleave));

  let_next_launch_start();
  wait_for_launch_in_front();
  if (threadIdx.x == 0) {
    taken[0] = take_ticket(counter);
  }
  __syncthreads();
  unsigned ticket = taken[0];
  int buffer = 1;  // the other may still be read
  while (ticket < tiles) {
    const ColumnTurn now = column_turn(order, ticket);
    const ColumnPlace place = place_tile<Tile>(now.o, now.slab, now.strip, n, inner);
    typename Tile::Cells loaded[kRows];
    load_columns<Tile>(loaded, in, place, inner, aligned);

    // While they are under way: what lies below, which is likely to be known by now, and the next ticket.
    const long long first_column = static_cast<long long>(now.strip) * kColumns;
    const long long first_word = now.o * inner + first_column;
    const auto has_carry = [&](int column) { return column < kColumns && first_column + column < inner; };
    FlaggedSum<Acc> seen[kShares];
#pragma unroll
    for (int i = 0; i < kShares; ++i) {
      const int column = i * kThreads + threadIdx.x;
      if (now.slab > 0 && has_carry(column)) {
        seen[i] = look<FlaggedSum<Acc>>(carries, first_word + column);
      }
    }
    unsigned next = 0;
    if (threadIdx.x == 0) {
      next = take_ticket(counter);
    }

    const typename Tile::Sums in_warp = sum_columns<Tile>(loaded, levels[buffer], inner);
#pragma unroll
    for (int i = 0; i < kShares; ++i) {
      const int column = i * kThreads + threadIdx.x;
      if (column < kColumns) {
        levels[buffer][kCarry].x[column] =
            now.slab > 0 && has_carry(column) ? await<Acc>(carries, first_word + column, now.slab, seen[i]) : Acc(0);
      }
    }
    if (threadIdx.x == 0) {
      taken[buffer] = next;
    }
    __syncthreads();
    ticket = taken[buffer];
#pragma unroll
    for (int i = 0; i < kShares; ++i) {
      const int column = i * kThreads + threadIdx.x;
      if (now.slab + 1 < slabs && has_carry(column)) {
        const Acc sum = sum_levels<Tile, Tile::kStack + 1>(levels[buffer], column);
        publish(carries, first_word + column, FlaggedSum<Acc>::of(sum, now.slab + 1));
      }
    }
    store_columns<Tile>(loaded, sum_below<Tile, 1>(in_warp, levels[buffer]), out, place, inner, aligned);
    buffer ^= 1;
  }
}

}  // namespace scantune
