// column_split: the reverse cumulative sum of few long columns, one pass.
//
//     y[o][i][k] = x[o][i][k] + x[o][i+1][k] + ... + x[o][n-1][k]
//
// With few columns a carry handed from slab to slab (column_carry) would be one long chain. Here every
// tile of columns (columns.cuh) publishes its column sums as soon as it is loaded, and finds what lies below it
// by looking back over the tiles below, in two levels of 16:
//
//     super-groups  |            super 1            |            super 0            |   <- bottom
//     groups        | ...   | group 1 |   group 0   | group 15 |    ...   | group 0 |
//     tiles         |  . . . . . . . q  t2  t1  t0  |
//
//     below(q) = ((P + group 0) + group 1 ...) + ((t0 + t1) + t2 ...)      P: all below the super-group
//
// The block that has a group's last tile adds the sums of its tiles and publishes the sum of the group; the
// block that has the last tile of a super-group publishes what lies below the next one. So the only
// chain is that from super-group to super-group, one step in 256 tiles, and what is added, and in which
// order, depends on the tile alone.
//
// Parameters
//   T         element type            Acc      type of the sums
//   kAccess   bytes a thread loads at once: no more than columns_access_bytes()
//   kColumns  columns a tile; a power of two of accesses, no more than threads
//   kWarps    warps a block: a power of two up to 32
//   kRows     rows of a tile that a thread holds: a tile has kRows * (threads / accesses a row)
//   kStages   tiles in registers at once: 1 loads a tile and scans it, 2 loads one tile ahead
//   kBlocks   blocks that an SM is to hold at once: the compiler keeps to the registers that this leaves
//
// Requirements: `in` and `out` are aligned to T and do not overlap. kAccess divides inner * sizeof(T); where the
// pointers are not aligned to it, elements are accessed one at a time. outer, n and inner are any 64-bit
// sizes with fewer than 2^31 tiles. The workspace (column_split_workspace_bytes) is cleared by
// column_split_reset in front of every launch. Launch rules: column_split.launch.h.
//
// Forward progress: a ticket is a number that a running block has taken, so whoever took a lower one is
// running too. A tile waits for sums of lower tickets only, of which those of tiles need no waiting at all,
// those of groups wait for tiles alone, and a block works on its tickets in rising order. So the block that holds
// the lowest unfinished ticket waits for nobody, whatever the number of resident blocks.
// Deterministic: the same bits every run, whichever block takes a tile.
#pragma once

#include "column_split.launch.h"
#include "columns.cuh"
#include "status.cuh"

namespace scantune {

// Clears the ticket counter and all sums.
template <class T, class Acc, int kAccess, int kColumns, int kWarps, int kRows>
__global__ void column_split_reset(const T* /*in*/, Output<T, Acc>* /*out*/, void* workspace, long long outer,
                                   long long n, long long inner) {
  let_next_launch_start();
  const long long words =
      1 + column_split_words(outer, n, inner, {kAccess, kColumns, kWarps, kRows}, sizeof(T), sizeof(Acc));
  for (long long i = static_cast<long long>(blockIdx.x) * blockDim.x + threadIdx.x; i < words;
       i += static_cast<long long>(gridDim.x) * blockDim.x) {
    static_cast<unsigned long long*>(workspace)[i] = 0;
  }
}

// Adds `count` published sums, kColumns apart, to `sum`; the loads of several are on their way at once.
template <class Acc, int kColumns>
__device__ __forceinline__ Acc add_published(Acc sum, const unsigned long long* words, int count) {
  constexpr int kBatch = 8 / kStatusWords<Acc>;
  for (; count > 0; count -= kBatch, words += kBatch * kColumns * kStatusWords<Acc>) {
    Glimpse<Acc> seen[kBatch];
#pragma unroll
    for (int i = 0; i < kBatch; ++i) {
      if (i < count) {
        seen[i] = look<Acc>(words, i * kColumns);
      }
    }
#pragma unroll
    for (int i = 0; i < kBatch; ++i) {
      if (i < count) {
        sum += await<Acc>(words, i * kColumns, 1, seen[i]);
      }
    }
  }
  return sum;
}

template <class T, class Acc, int kAccess, int kColumns, int kWarps, int kRows, int kStages, int kBlocks>
__global__ void __launch_bounds__(kWarps* kWarpThreads, kBlocks)
    column_split(const T* in, Output<T, Acc>* out, void* workspace, long long outer, long long n, long long inner) {
  using Tile = ColumnTile<T, Acc, kAccess, kColumns, kWarps, kRows>;
  constexpr int kThreads = Tile::kThreads;
  constexpr int kAhead = kStages - 1;
  constexpr int kTiles = Tile::kStack;       // the row of what the tiles below add up to
  constexpr int kGroups = Tile::kStack + 1;  // the row of what lies below those
  static_assert(kColumns <= kThreads, "a thread hands on the sums of no more than one column");
  __shared__ typename Tile::Row levels[2][Tile::kStack + 2];
  __shared__ unsigned taken[2];

  const bool aligned = columns_aligned<Tile>(in, out);
  const unsigned strips = static_cast<unsigned>(columns_strips(inner, Tile::kParams));
  const unsigned slabs = static_cast<unsigned>(columns_slabs(n, Tile::kParams, sizeof(T)));
  const unsigned tiles = static_cast<unsigned>(outer) * strips * slabs;
  const unsigned groups_a_line = (slabs + kSplitFan - 1) / kSplitFan;
  const unsigned supers_a_line = (groups_a_line + kSplitFan - 1) / kSplitFan;
  unsigned* counter = static_cast<unsigned*>(workspace);
  // The sums of tile, group or super-group `index`, counted in this order over all lines.
  const auto words = [&](unsigned index) {
    return static_cast<unsigned long long*>(workspace) + 1 +
           static_cast<unsigned long long>(index) * (kColumns * kStatusWords<Acc>);
  };
  const unsigned first_group = tiles;
  const unsigned first_super = first_group + static_cast<unsigned>(outer) * strips * groups_a_line;

  struct Turn {
    unsigned o, slab, strip;
  };
  const auto turn = [&](unsigned ticket) {
    const unsigned row = ticket / strips;
    return Turn{row / slabs, row % slabs, ticket % strips};
  };
  const auto place = [&](const Turn& t) { return place_tile<Tile>(t.o, t.slab, t.strip, n, inner); };

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
      if (ticket[(s + kAhead) % kStages] < tiles) {
        load_columns<Tile>(staged[(s + kAhead) % kStages], in, place(turn(ticket[(s + kAhead) % kStages])), inner,
                           aligned);
      }
      unsigned next = 0;
      if (threadIdx.x == 0) {
        next = take_ticket(counter);
      }
      const Turn now = turn(ticket[s]);
      const unsigned line = now.o * strips + now.strip;
      const unsigned group = now.slab / kSplitFan;
      const unsigned super = group / kSplitFan;
      const unsigned tiles_below = now.slab % kSplitFan;
      const unsigned groups_below = group % kSplitFan;
      const bool ends_group = tiles_below == kSplitFan - 1;

      const typename Tile::Sums in_warp = sum_columns<Tile>(staged[s], levels[buffer], inner);
      if (threadIdx.x == 0) {
        taken[buffer] = next;
      }
      __syncthreads();
      ticket[s] = taken[buffer];

      const unsigned tile_index = line * slabs + now.slab;
      const unsigned group_index = first_group + line * groups_a_line + group;
      const unsigned super_index = first_super + line * supers_a_line + super;
      if (const int column = threadIdx.x; column < kColumns) {
        const Acc own = sum_levels<Tile, Tile::kStack>(levels[buffer], column);
        publish(words(tile_index), column, own);
        const Acc below = add_published<Acc, kColumns>(
            Acc(0), words(tile_index - tiles_below) + column * kStatusWords<Acc>, tiles_below);
        if (ends_group) {
          publish(words(group_index), column, below + own);
        }
        levels[buffer][kTiles].x[column] = below;
      }
      // By other threads, if there are enough, so that both are looked up at once.
      if (const int column = kThreads - 1 - threadIdx.x; column < kColumns) {
        const Acc start = super > 0 ? await<Acc>(words(super_index - 1), column) : Acc(0);
        levels[buffer][kGroups].x[column] = add_published<Acc, kColumns>(
            start, words(group_index - groups_below) + column * kStatusWords<Acc>, groups_below);
      }
      __syncthreads();
      if (ends_group && groups_below == kSplitFan - 1) {
        if (const int column = threadIdx.x; column < kColumns) {
          publish(words(super_index), column, sum_levels<Tile, Tile::kStack + 2>(levels[buffer], column));
        }
      }
      store_columns<Tile>(staged[s], sum_below<Tile, 2>(in_warp, levels[buffer]), out, place(now), inner, aligned);
      buffer ^= 1;
    }
  }
}

}  // namespace scantune
