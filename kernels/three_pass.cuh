// three_pass: the reverse cumulative sum of rows of any length in three launches. The baseline that
// every result is quoted against: it reads the tensor twice, so it reaches 2/3 of a copy at best.
// For a dimension that is not the innermost see three_pass_columns.cuh.
//
//     y[r][i] = x[r][i] + x[r][i+1] + ... + x[r][n-1]
//
//     row                  |  tile 0  |  tile 1  |  tile 2  |  tile 3  |
//     block_sums              sum 0      sum 1      sum 2      sum 3        one sum a tile
//     block_prefix          1 + 2 + 3    2 + 3        3          0          sums to the right of each tile
//     cumsum_with_prefix    scan + prefix, every tile on its own
//
// Tiles are counted from the left but laid from the right: the last tile ends at the row's last
// aligned vector and takes the tail, the first one is the ragged one and takes the head (see RowSplit in scan.cuh).
//
// Parameters
//   T        element type            Acc      type of the sums
//   kTile    elements a tile: a multiple of kWarps * 512 bytes
//   kWarps   warps a block: a power of two up to 32
//   kStages  neighbouring tiles a block loads at once in the first and the last pass, before it
//            scans the first of them: what it keeps in flight
//
// Requirements: `in` and `out` are aligned to T and do not overlap. inner is 1; outer
// and n are any 64-bit sizes. `workspace` holds one Acc a tile (three_pass_workspace_bytes) and need
// not be initialised. Launch rules: three_pass.launch.h. Deterministic: the same bits every run.
#pragma once

#include "scan.cuh"
#include "three_pass.launch.h"
#include "three_pass_columns.cuh"

namespace scantune {

// A tile of a row as a block sees it.
template <class T>
struct TileOfRow {
  const T* row;  // the row's first element
  RowSplit split;
  long long begin;  // where the tile begins, in vectors after the head; negative where it is ragged
  bool first;       // it takes the head
  bool last;        // it takes the tail
};

template <class T, int kTile>
__device__ __forceinline__ TileOfRow<T> tile_of_row(const T* in, long long tile, long long tiles, long long n) {
  const long long index = tile % tiles;
  TileOfRow<T> t;
  t.row = in + tile / tiles * n;
  t.split = split_row(t.row, n);
  t.begin = t.split.vectors - (tiles - index) * (kTile / kPerVector<T>);
  t.first = index == 0;
  t.last = index == tiles - 1;
  return t;
}

template <class T, int kTile, int kVectors>
__device__ __forceinline__ void load_tile_of_row(Vector<T> (&loaded)[kVectors], const TileOfRow<T>& tile) {
  constexpr int kTileVectors = kTile / kPerVector<T>;
  load_tile(loaded, tile.row + tile.split.head + (tile.begin + first_vector<kVectors>()) * kPerVector<T>,
            position_in<kVectors, kTileVectors>(tile.begin), tile.begin >= 0);
}

// Pass 1: the sum of every tile.
template <class T, class Acc, int kTile, int kWarps, int kStages>
__global__ void __launch_bounds__(kWarps* kWarpThreads, 1)
    block_sums(const T* in, Output<T, Acc>* /*out*/, void* workspace, long long outer, long long n,
               long long /*inner*/) {
  let_next_launch_start();
  wait_for_launch_in_front();
  constexpr int kVectors = three_pass_vectors({kTile, kWarps, kStages}, sizeof(T));
  __shared__ Acc warp_sums[2][kWarps];
  Acc* sums = static_cast<Acc*>(workspace);
  const long long tiles = ceil_div(n, kTile);
  int buffer = 0;
  for (long long base = static_cast<long long>(blockIdx.x) * kStages; base < outer * tiles;
       base += static_cast<long long>(gridDim.x) * kStages) {
    Vector<T> staged[kStages][kVectors];
    TileOfRow<T> tile[kStages];
#pragma unroll
    for (int s = 0; s < kStages; ++s) {
      if (base + s < outer * tiles) {
        tile[s] = tile_of_row<T, kTile>(in, base + s, tiles, n);
        load_tile_of_row<T, kTile>(staged[s], tile[s]);
      }
    }
#pragma unroll
    for (int s = 0; s < kStages; ++s) {
      if (base + s < outer * tiles) {
        Acc right[kVectors];  // not needed: what is left of the scan is its sum, added up in its order
        Acc sum = exchange_warp_sums<kWarps>(scan_stretch(right, staged[s]), warp_sums[buffer]).total;
        buffer ^= 1;
        const RowSplit& split = tile[s].split;
        if (tile[s].last && split.tail > 0) {
          sum += __shfl_sync(kAllLanes, scan_edge<T, Acc>(tile[s].row + n - split.tail, split.tail), 0);
        }
        if (tile[s].first && split.head > 0) {
          sum = __shfl_sync(kAllLanes, scan_edge<T, Acc>(tile[s].row, split.head), 0) + sum;
        }
        if (threadIdx.x == 0) {
          sums[base + s] = sum;
        }
      }
    }
  }
}

// Pass 2: the sums to the right of each tile, in place. One block a row, one sum a thread at a time.
template <class T, class Acc, int kTile, int kWarps, int kStages>
__global__ void __launch_bounds__(kWarps* kWarpThreads, 1)
    block_prefix(const T* /*in*/, Output<T, Acc>* /*out*/, void* workspace, long long outer, long long n,
                 long long /*inner*/) {
  let_next_launch_start();
  wait_for_launch_in_front();
  constexpr int kThreads = kWarps * kWarpThreads;
  __shared__ Acc warp_sums[2][kWarps];
  const long long tiles = ceil_div(n, kTile);
  const int lane = threadIdx.x % kWarpThreads;
  int buffer = 0;
  for (long long r = blockIdx.x; r < outer; r += gridDim.x) {
    Acc* sums = static_cast<Acc*>(workspace) + r * tiles;
    Acc carry = 0;
    for (long long begin = tiles - kThreads; begin > -kThreads; begin -= kThreads) {
      const long long index = begin + threadIdx.x;
      const Acc from_lane = warp_suffix_sum(index >= 0 ? sums[index] : Acc(0));
      const Acc from_next = __shfl_down_sync(kAllLanes, from_lane, 1);
      const BlockSums<Acc> block = exchange_warp_sums<kWarps>(__shfl_sync(kAllLanes, from_lane, 0), warp_sums[buffer]);
      buffer ^= 1;
      if (index >= 0) {
        sums[index] = (lane < kWarpThreads - 1 ? from_next : Acc(0)) + (block.right + carry);
      }
      carry += block.total;
    }
  }
}

// Pass 3: every tile scanned, plus what lies to its right.
template <class T, class Acc, int kTile, int kWarps, int kStages>
__global__ void __launch_bounds__(kWarps* kWarpThreads, 1)
    cumsum_with_prefix(const T* in, Output<T, Acc>* out, void* workspace, long long outer, long long n,
                       long long /*inner*/) {
  let_next_launch_start();
  wait_for_launch_in_front();
  constexpr int kVectors = three_pass_vectors({kTile, kWarps, kStages}, sizeof(T));
  constexpr int kTileVectors = kTile / kPerVector<T>;
  __shared__ Acc warp_sums[2][kWarps];
  const Acc* prefixes = static_cast<const Acc*>(workspace);
  const long long tiles = ceil_div(n, kTile);
  int buffer = 0;
  for (long long base = static_cast<long long>(blockIdx.x) * kStages; base < outer * tiles;
       base += static_cast<long long>(gridDim.x) * kStages) {
    Vector<T> staged[kStages][kVectors];
    TileOfRow<T> tile[kStages];
    Acc prefix[kStages];
#pragma unroll
    for (int s = 0; s < kStages; ++s) {
      if (base + s < outer * tiles) {
        tile[s] = tile_of_row<T, kTile>(in, base + s, tiles, n);
        load_tile_of_row<T, kTile>(staged[s], tile[s]);
        prefix[s] = prefixes[base + s];
      }
    }
#pragma unroll
    for (int s = 0; s < kStages; ++s) {
      if (base + s < outer * tiles) {
        const RowSplit& split = tile[s].split;
        const T* row = tile[s].row;
        Output<T, Acc>* row_out = out + (row - in);
        Acc carry = prefix[s];
        if (tile[s].last && split.tail > 0) {
          const Acc sum = scan_edge<T, Acc>(row + n - split.tail, split.tail);
          store_edge(row_out + n - split.tail, split.tail, sum, Acc(0));
          carry = __shfl_sync(kAllLanes, sum, 0);  // the last tile's prefix is zero
        }
        Acc right[kVectors];
        const Acc warp_sum = scan_stretch(right, staged[s]);
        const BlockSums<Acc> block = exchange_warp_sums<kWarps>(warp_sum, warp_sums[buffer]);
        buffer ^= 1;
        store_tile(staged[s], right, block.right + carry,
                   row_out + split.head + (tile[s].begin + first_vector<kVectors>()) * kPerVector<T>,
                   position_in<kVectors, kTileVectors>(tile[s].begin), tile[s].begin >= 0,
                   same_alignment<T, Acc>(row, row_out));
        if (tile[s].first && split.head > 0) {
          store_edge(row_out, split.head, scan_edge<T, Acc>(row, split.head), block.total + carry);
        }
      }
    }
  }
}

}  // namespace scantune
