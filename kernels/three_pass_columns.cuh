// three_pass along a dimension that is not the innermost: the same three launches over tiles of columns (columns.cuh).
//
//     y[o][i][k] = x[o][i][k] + x[o][i+1][k] + ... + x[o][n-1][k]
//
//                                    strip of columns
//     column_sums                    | slab 2 | sum of its rows, one a column
//                                    | slab 1 | sum
//                                    | slab 0 | sum             <- bottom
//     column_prefix                  slab 2: 0 + 1     slab 1: 0     slab 0: nothing
//     column_cumsum_with_prefix      scan + prefix, every tile on its own
//
// Parameters
//   T         element type            Acc      type of the sums
//   kAccess   bytes a thread loads at once: no more than columns_access_bytes()
//   kColumns  columns a tile; a power of two of accesses, at most one a thread
//   kWarps    warps a block: a power of two up to 32
//   kRows     rows of a tile that a thread holds: what it keeps in flight
//
// Requirements: `in` and `out` are aligned to T and do not overlap. kAccess divides inner * sizeof(T); where the
// pointers are not aligned to it, elements are accessed one at a time. outer, n and inner are any 64-bit sizes.
// `workspace` holds an Acc for every column of every slab (three_pass_columns_workspace_bytes) and need not be
// initialised. Launch rules: three_pass.launch.h. Deterministic: the same bits every run.
#pragma once

#include "columns.cuh"
#include "three_pass.launch.h"

namespace scantune {

// A tile as a block finds it by its number.
struct NumberedTile {
  long long o;
  long long slab;  // from the bottom
  long long strip;
};

__device__ __forceinline__ NumberedTile numbered_tile(long long number, long long slabs, long long strips) {
  const long long row = number / strips;
  return {row / slabs, row % slabs, number % strips};
}

// Pass 1: the sums of the columns of every tile.
template <class T, class Acc, int kAccess, int kColumns, int kWarps, int kRows>
__global__ void __launch_bounds__(kWarps* kWarpThreads, 1)
    column_sums(const T* in, Output<T, Acc>* out, void* workspace, long long outer, long long n, long long inner) {
  let_next_launch_start();
  wait_for_launch_in_front();
  using Tile = ColumnTile<T, Acc, kAccess, kColumns, kWarps, kRows>;
  __shared__ typename Tile::Row levels[2][Tile::kStack];
  Acc* sums = static_cast<Acc*>(workspace);
  const bool aligned = columns_aligned<Tile>(in, out);
  const long long strips = columns_strips(inner, Tile::kParams);
  const long long slabs = columns_slabs(n, Tile::kParams, sizeof(T));
  int buffer = 0;
  for (long long number = blockIdx.x; number < outer * slabs * strips; number += gridDim.x) {
    const NumberedTile tile = numbered_tile(number, slabs, strips);
    typename Tile::Cells loaded[kRows];
    load_columns<Tile>(loaded, in, place_tile<Tile>(tile.o, tile.slab, tile.strip, n, inner), inner, aligned);
    sum_columns<Tile>(loaded, levels[buffer], inner);
    __syncthreads();
    for (int column = threadIdx.x; column < kColumns && tile.strip * kColumns + column < inner;
         column += Tile::kThreads) {
      sums[(tile.o * slabs + tile.slab) * inner + tile.strip * kColumns + column] =
          sum_levels<Tile, Tile::kStack>(levels[buffer], column);
    }
    buffer ^= 1;
  }
}

// Pass 2: the sums below each tile, in place. A block has 32 columns, one a lane, and a warp its share of their slabs.
template <class T, class Acc, int kAccess, int kColumns, int kWarps, int kRows>
__global__ void __launch_bounds__(kWarps* kWarpThreads, 1)
    column_prefix(const T* /*in*/, Output<T, Acc>* /*out*/, void* workspace, long long outer, long long n,
                  long long inner) {
  let_next_launch_start();
  wait_for_launch_in_front();
  constexpr int kBatch = 8;  // sums a thread loads at once
  __shared__ Acc shares[2][kWarps][kWarpThreads];
  const long long slabs = columns_slabs(n, {kAccess, kColumns, kWarps, kRows}, sizeof(T));
  const long long groups = ceil_div(inner, kWarpThreads);
  const long long share = ceil_div(slabs, kWarps);
  const int warp = threadIdx.x / kWarpThreads;
  const int lane = threadIdx.x % kWarpThreads;
  const long long first = warp * share;
  const long long end = first + share < slabs ? first + share : slabs;
  int buffer = 0;
  for (long long group = blockIdx.x; group < outer * groups; group += gridDim.x) {
    const long long column = group % groups * kWarpThreads + lane;
    const long long last = column < inner ? end : first;
    Acc* sums = static_cast<Acc*>(workspace) + group / groups * slabs * inner + column;
    Acc sum = Acc(0);
#pragma unroll 8
    for (long long slab = first; slab < last; ++slab) {
      sum += sums[slab * inner];
    }
    shares[buffer][warp][lane] = sum;
    __syncthreads();
    Acc below = Acc(0);
    for (int w = 0; w < warp; ++w) {
      below += shares[buffer][w][lane];
    }
    for (long long slab = first; slab < last; slab += kBatch) {
      Acc own[kBatch];
#pragma unroll
      for (int i = 0; i < kBatch; ++i) {
        if (slab + i < last) {
          own[i] = sums[(slab + i) * inner];
        }
      }
#pragma unroll
      for (int i = 0; i < kBatch; ++i) {
        if (slab + i < last) {
          sums[(slab + i) * inner] = below;
          below += own[i];
        }
      }
    }
    buffer ^= 1;
  }
}

// Pass 3: every tile scanned, plus what lies below it.
template <class T, class Acc, int kAccess, int kColumns, int kWarps, int kRows>
__global__ void __launch_bounds__(kWarps* kWarpThreads, 1)
    column_cumsum_with_prefix(const T* in, Output<T, Acc>* out, void* workspace, long long outer, long long n,
                              long long inner) {
  let_next_launch_start();
  wait_for_launch_in_front();
  using Tile = ColumnTile<T, Acc, kAccess, kColumns, kWarps, kRows>;
  __shared__ typename Tile::Row levels[2][Tile::kStack + 1];  // the last row is the prefix
  const Acc* prefixes = static_cast<const Acc*>(workspace);
  const bool aligned = columns_aligned<Tile>(in, out);
  const long long strips = columns_strips(inner, Tile::kParams);
  const long long slabs = columns_slabs(n, Tile::kParams, sizeof(T));
  int buffer = 0;
  for (long long number = blockIdx.x; number < outer * slabs * strips; number += gridDim.x) {
    const NumberedTile tile = numbered_tile(number, slabs, strips);
    const ColumnPlace place = place_tile<Tile>(tile.o, tile.slab, tile.strip, n, inner);
    typename Tile::Cells loaded[kRows];
    load_columns<Tile>(loaded, in, place, inner, aligned);
    for (int column = threadIdx.x; column < kColumns; column += Tile::kThreads) {
      const long long k = tile.strip * kColumns + column;
      levels[buffer][Tile::kStack].x[column] = k < inner ? prefixes[(tile.o * slabs + tile.slab) * inner + k] : Acc(0);
    }
    const typename Tile::Sums in_warp = sum_columns<Tile>(loaded, levels[buffer], inner);
    __syncthreads();
    store_columns<Tile>(loaded, sum_below<Tile, 1>(in_warp, levels[buffer]), out, place, inner, aligned);
    buffer ^= 1;
  }
}

}  // namespace scantune
