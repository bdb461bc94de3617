// column_carry: the reverse cumulative sum along a dimension that is not the innermost, one pass.
//
//     y[o][i][k] = x[o][i][k] + x[o][i+1][k] + ... + x[o][n-1][k]
//
// Blocks take tiles of columns (columns.cuh) in the order of tickets: slab after slab from the bottom, and
// in a slab strip after strip of every o. So all SMs together walk through memory row by row, each takes
// the next tile when it is free, and the tile below, whose sums a tile needs, was taken a whole slab earlier:
//
//              strip 0     strip 1     strip 2
//            |           |           |           |
//     slab 1 | ticket 3  | ticket 4  | ticket 5  |     3 waits for the carry of 0, 4 for that of 1, ...
//     slab 0 | ticket 0  | ticket 1  | ticket 2  |
//
// As soon as a tile's rows are loaded and the carry from below has come, the block hands the carry on, and only
// then writes its rows. There is one carry a column, not one a tile: a word's turn (status.cuh) is the
// number of slabs it includes, and only the next slab's tile reads it before it writes the next turn.
//
// With kTickets = false a block walks a whole strip and keeps the carry in shared memory: no workspace, no
// waiting, blocks scheduled by the hardware. For many more strips than blocks fit the GPU.
//
// Parameters
//   T         element type            Acc      type of the sums
//   kAccess   bytes a thread loads at once: no more than columns_access_bytes()
//   kColumns  columns a tile; a power of two of accesses, at most one a thread
//   kWarps    warps a block: a power of two up to 32
//   kRows     rows of a tile that a thread holds: a tile has kRows * (threads / accesses a row)
//   kStages   tiles in registers at once: 1 loads a tile and scans it, 2 loads one tile ahead
//   kBlocks   blocks that an SM is to hold at once: the compiler keeps to the registers that this leaves
//
// Requirements: `in` and `out` are aligned to T and do not overlap. kAccess divides inner * sizeof(T); where the
// pointers are not aligned to it, elements are accessed one at a time. outer, n and inner are any 64-bit
// sizes; with tickets there are fewer than 2^31 tiles. The workspace (column_carry_workspace_bytes) is cleared by
// column_carry_reset in front of every launch with tickets. Launch rules: column_carry.launch.h.
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
template <class T, class Acc>
__global__ void column_carry_reset(const T* /*in*/, Output<T, Acc>* /*out*/, void* workspace, long long outer,
                                   long long /*n*/, long long inner) {
  let_next_launch_start();
  const long long words = 1 + column_carry_words(outer, inner, sizeof(Acc));
  for (long long i = static_cast<long long>(blockIdx.x) * blockDim.x + threadIdx.x; i < words;
       i += static_cast<long long>(gridDim.x) * blockDim.x) {
    static_cast<unsigned long long*>(workspace)[i] = 0;
  }
}

// A tile in the order in which tiles are done.
struct ColumnTurn {
  long long slab;  // from the bottom
  long long o;
  long long strip;
};

template <class T, class Acc, int kAccess, int kColumns, int kWarps, int kRows, int kStages, int kBlocks>
__global__ void __launch_bounds__(kWarps* kWarpThreads, kBlocks)
    column_carry(const T* in, Output<T, Acc>* out, void* workspace, long long outer, long long n, long long inner) {
  using Tile = ColumnTile<T, Acc, kAccess, kColumns, kWarps, kRows>;
  constexpr int kThreads = Tile::kThreads;
  constexpr int kAhead = kStages - 1;
  constexpr int kShares = (kColumns + kThreads - 1) / kThreads;  // columns whose carry a thread hands on
  __shared__ typename Tile::Row levels[2][Tile::kStack + 1];     // the last row is the carry
  __shared__ unsigned taken[2];

  unsigned* counter = static_cast<unsigned*>(workspace);
  unsigned long long* carries = static_cast<unsigned long long*>(workspace) + 1;
  const bool aligned = columns_aligned<Tile>(in, out);
  const unsigned strips = static_cast<unsigned>(columns_strips(inner, Tile::kParams));
  const unsigned slabs = static_cast<unsigned>(columns_slabs(n, Tile::kParams, sizeof(T)));
  const unsigned tiles_a_slab = static_cast<unsigned>(outer) * strips;
  const unsigned tiles = tiles_a_slab * slabs;
  const auto turn = [&](unsigned ticket) {
    const unsigned in_slab = ticket % tiles_a_slab;
    return ColumnTurn{ticket / tiles_a_slab, in_slab / strips, in_slab % strips};
  };
  const auto place = [&](const ColumnTurn& t) { return place_tile<Tile>(t.o, t.slab, t.strip, n, inner); };

  wait_for_launch_in_front();
  unsigned ticket[kStages];
#pragma unroll
  for (int s = 0; s < kStages; ++s) {
    if (threadIdx.x == 0) {
      taken[s % 2] = take_ticket(counter);
    }
    __syncthreads();
    ticket[s] = taken[s % 2];
  }
  typename Tile::Cells staged[kStages][kRows];
#pragma unroll
  for (int s = 0; s < kAhead; ++s) {
    if (ticket[s] < tiles) {
      load_columns<Tile>(staged[s], in, place(turn(ticket[s])), inner, aligned);
    }
  }
  int buffer = 0;
  __syncthreads();  // the tickets have been read
  while (ticket[0] < tiles) {
#pragma unroll
    for (int s = 0; s < kStages; ++s) {
      if (s > 0 && ticket[s] >= tiles) {
        break;  // ticket[0] is a later one
      }
      constexpr int kCarry = Tile::kStack;
      if (ticket[(s + kAhead) % kStages] < tiles) {
        load_columns<Tile>(staged[(s + kAhead) % kStages], in, place(turn(ticket[(s + kAhead) % kStages])), inner,
                           aligned);
      }
      const ColumnTurn now = turn(ticket[s]);
      const long long first_column = now.strip * kColumns;
      const long long first_word = now.o * inner + first_column;
      const auto has_carry = [&](int column) { return column < kColumns && first_column + column < inner; };
      Glimpse<Acc> seen[kShares];
#pragma unroll
      for (int i = 0; i < kShares; ++i) {
        const int column = i * kThreads + threadIdx.x;
        if (now.slab > 0 && has_carry(column)) {
          seen[i] = look<Acc>(carries, first_word + column);
        }
      }
      unsigned next = 0;
      if (threadIdx.x == 0) {
        next = take_ticket(counter);
      }

      const typename Tile::Sums in_warp = sum_columns<Tile>(staged[s], levels[buffer]);
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
      ticket[s] = taken[buffer];
#pragma unroll
      for (int i = 0; i < kShares; ++i) {
        const int column = i * kThreads + threadIdx.x;
        if (now.slab + 1 < slabs && has_carry(column)) {
          publish(carries, first_word + column, sum_levels<Tile, Tile::kStack + 1>(levels[buffer], column),
                  static_cast<unsigned>(now.slab + 1));
        }
      }
      store_columns<Tile>(staged[s], sum_below<Tile, 1>(in_warp, levels[buffer]), out, place(now), inner, aligned);
      buffer ^= 1;
    }
  }
}

// The same by strips: a block walks a strip from the bottom to the top.
template <class T, class Acc, int kAccess, int kColumns, int kWarps, int kRows, int kStages, int kBlocks>
__global__ void __launch_bounds__(kWarps* kWarpThreads, kBlocks)
    column_carry_strips(const T* in, Output<T, Acc>* out, void* /*workspace*/, long long outer, long long n,
                        long long inner) {
  using Tile = ColumnTile<T, Acc, kAccess, kColumns, kWarps, kRows>;
  constexpr int kThreads = Tile::kThreads;
  constexpr int kAhead = kStages - 1;
  __shared__ typename Tile::Row levels[2][Tile::kStack + 1];  // the last row is the carry
  const bool aligned = columns_aligned<Tile>(in, out);
  const long long strips = columns_strips(inner, Tile::kParams);
  const long long slabs = columns_slabs(n, Tile::kParams, sizeof(T));
  int buffer = 0;
  for (long long index = blockIdx.x; index < outer * strips; index += gridDim.x) {
    const long long o = index / strips;
    const long long strip = index % strips;
    const auto place = [&](long long slab) { return place_tile<Tile>(o, slab, strip, n, inner); };
    typename Tile::Cells staged[kStages][kRows];
#pragma unroll
    for (int s = 0; s < kAhead; ++s) {
      if (s < slabs) {
        load_columns<Tile>(staged[s], in, place(s), inner, aligned);
      }
    }
    for (int column = threadIdx.x; column < kColumns; column += kThreads) {
      levels[buffer][Tile::kStack].x[column] = Acc(0);
    }
    for (long long slab = 0; slab < slabs;) {
#pragma unroll
      for (int s = 0; s < kStages; ++s) {
        if (s > 0 && slab >= slabs) {
          break;
        }
        if (slab + kAhead < slabs) {
          load_columns<Tile>(staged[(s + kAhead) % kStages], in, place(slab + kAhead), inner, aligned);
        }
        const typename Tile::Sums in_warp = sum_columns<Tile>(staged[s], levels[buffer]);
        __syncthreads();
        for (int column = threadIdx.x; column < kColumns; column += kThreads) {
          levels[buffer ^ 1][Tile::kStack].x[column] = sum_levels<Tile, Tile::kStack + 1>(levels[buffer], column);
        }
        store_columns<Tile>(staged[s], sum_below<Tile, 1>(in_warp, levels[buffer]), out, place(slab), inner, aligned);
        buffer ^= 1;
        ++slab;
      }
    }
  }
}

}  // namespace scantune
