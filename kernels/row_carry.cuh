// row_carry: the reverse cumulative sum of many rows, one block a row.
//
//     y[r][i] = x[r][i] + x[r][i+1] + ... + x[r][n-1]
//
// The block walks its row in tiles from the right end to the left and carries the running sum. While
// one tile is scanned, the loads of the next kStages - 1 tiles are on their way:
//
//     row      | tile 3 (ragged) |    tile 2    |    tile 1    |    tile 0    |
//                                                                 scan, store   carry = 0
//                                   load, wait     load, wait  <- in flight     (kStages = 3)
//                                                  scan, store   carry = sum of tile 0
//                    ...
//
// In a tile (scan.cuh) each warp owns a contiguous stretch, read 512 bytes at a time:
//
//   1. every thread scans its 16-byte vectors in registers;
//   2. the warp scans the vectors' sums with shuffles: suffix sums of the stretch;
//   3. the warps' sums meet in shared memory, behind the tile's only barrier;
//   4. every thread adds what lies to its right (warps of the tile, carry) and writes its vectors.
//
// The ends of a row that are not aligned (RowSplit in scan.cuh) are scanned one element a lane:
// the tail before the first tile, the head after the last.
//
// Parameters
//   T        element type            Acc      type of the sums
//   kTile    elements a tile: a multiple of kWarps * 512 bytes
//   kWarps   warps a block: a power of two up to 32
//   kStages  tiles under way at once: 1 loads a tile and scans it, 2 loads one tile ahead, ...
//   kStorage where they are on their way: Storage::registers, or a ring in shared memory (ring.cuh), filled
//            by Storage::async (sm_80) or Storage::bulk (sm_90). What fits, the catalog knows
//            (src/catalog/row_carry.cc). With one stage and a tile as wide as the row, in
//            registers, the whole row is resident: read at once, and written at once.
//
// Requirements: `in` and `out` are aligned to T and do not overlap (in place, a row's tail would be read
// by some warps after another has written it). Rows that lie at the same offset from 16 bytes in `in`
// and `out`, as in any two allocations, are written 16 bytes at a time, others element by element.
// inner is 1; outer and n are any 64-bit sizes. No workspace. Launch rule: row_carry.launch.h.
// Deterministic: the same bits every run.
//
// The bounds ask for one block an SM at least: else the compiler would rather spill a little than have
// one block less there, and what fits could not be told from the tile.
#pragma once

#include "ring.cuh"
#include "row_carry.launch.h"

namespace scantune {

// Scans the vectors of a row. `buffer` is the half of `warp_sums` to be used next.
template <class T, class Acc, int kTile, int kWarps, int kStages>
__device__ __forceinline__ Acc scan_vectors(const T* in, Output<T, Acc>* out, long long vectors, Acc carry,
                                            Acc (&warp_sums)[2][kWarps], int& buffer) {
  constexpr int kVectors = row_carry_vectors({kTile, kWarps, kStages}, sizeof(T));
  constexpr int kTileVectors = kTile / kPerVector<T>;
  static_assert(kVectors >= 1 && kVectors * kWarps * kWarpThreads == kTileVectors, "a tile is whole vectors a thread");
  const bool aligned = same_alignment<T, Acc>(in, out);

  // Tiles in flight. Indices are constants after unrolling, so that they live in registers.
  constexpr int kAhead = kStages - 1;
  Vector<T> staged[kStages][kVectors];
  long long tile = vectors - kTileVectors;  // where the tile to be scanned begins
  const T* from = in + (tile + first_vector<kVectors>()) * kPerVector<T>;
  Output<T, Acc>* to = out + (tile + first_vector<kVectors>()) * kPerVector<T>;
  if (kStages == 1) {  // with more, the last registers would be missing
    from = kept(from);
    to = kept(to);
  }
  const auto position = [](long long t) { return position_in<kVectors, kTileVectors>(t); };
#pragma unroll
  for (int s = 0; s < kAhead; ++s) {
    const long long t = tile - s * kTileVectors;
    load_tile(staged[s], from - s * kTile, position(t), t >= 0);
  }
  while (tile > -kTileVectors) {
#pragma unroll
    for (int s = 0; s < kStages; ++s) {
      if (s > 0 && tile <= -kTileVectors) {
        break;
      }
      const long long t = tile - kAhead * kTileVectors;
      load_tile(staged[(s + kAhead) % kStages], from - kAhead * kTile, position(t), t >= 0);

      Acc right[kVectors];
      const Acc warp_sum = scan_stretch(right, staged[s]);
      const BlockSums<Acc> block = exchange_warp_sums<kWarps>(warp_sum, warp_sums[buffer]);
      buffer ^= 1;
      store_tile(staged[s], right, block.right + carry, to, position(tile), tile >= 0, aligned);

      carry += block.total;
      tile -= kTileVectors;
      from -= kTile;
      to -= kTile;
    }
  }
  return carry;
}

// The same, with the tiles under way in a ring.
template <class T, class Acc, int kTile, int kWarps, int kStages, Storage kStorage>
__device__ __forceinline__ Acc scan_vectors(const T* in, Output<T, Acc>* out, long long vectors, Acc carry,
                                            Acc (&warp_sums)[2][kWarps], int& buffer,
                                            TileRing<T, kTile, kWarps, kStages, kStorage>& ring) {
  using Ring = TileRing<T, kTile, kWarps, kStages, kStorage>;
  constexpr int kVectors = Ring::kVectors;
  constexpr int kTileVectors = Ring::kTileVectors;
  static_assert(kWarps >= 2, "the ring needs the barrier between warps");
  const bool aligned = same_alignment<T, Acc>(in, out);
  long long tile = vectors - kTileVectors;
  Output<T, Acc>* to = kept(out + (tile + first_vector<kVectors>()) * kPerVector<T>);
#pragma unroll 1
  for (int s = 0; s < kStages; ++s) {
    ring.load(in, tile - s * kTileVectors);
  }
  for (; tile > -kTileVectors; tile -= kTileVectors, to -= kTile) {
    Vector<T> loaded[kVectors];
    ring.read(loaded, tile);
    Acc right[kVectors];
    const Acc warp_sum = scan_stretch(right, loaded);
    const BlockSums<Acc> block = exchange_warp_sums<kWarps>(warp_sum, warp_sums[buffer]);
    buffer ^= 1;
    ring.load(in, tile - kStages * kTileVectors);  // behind the barrier: everyone has read the slot
    store_tile<T, Acc>(loaded, right, block.right + carry, to, position_in<kVectors, kTileVectors>(tile), tile >= 0,
                       aligned);
    carry += block.total;
  }
#pragma unroll
  for (int s = 0; s < kStages; ++s) {
    ring.skip();  // what was loaded left of the row: nothing
  }
  if (kStorage == Storage::bulk) {
    __syncthreads();  // the next row's loads end phases: no warp may still wait for those before
  }
  return carry;
}

// The running sums of a block's rows, whose vectors `scan` scans.
template <class T, class Acc, class Scan>
__device__ __forceinline__ void for_each_row(const T* in, Output<T, Acc>* out, long long outer, long long n,
                                             const Scan& scan) {
  for (long long r = blockIdx.x; r < outer; r += gridDim.x) {
    const T* row_in = in + r * n;
    Output<T, Acc>* row_out = out + r * n;
    const RowSplit row = split_row(row_in, n);
    Acc carry = 0;
    if (row.tail > 0) {
      const Acc sum = scan_edge<T, Acc>(row_in + n - row.tail, row.tail);
      carry = __shfl_sync(kAllLanes, sum, 0);
      store_edge(row_out + n - row.tail, row.tail, sum, Acc(0));
    }
    carry = scan(row_in + row.head, row_out + row.head, row.vectors, carry);
    if (row.head > 0) {
      store_edge(row_out, row.head, scan_edge<T, Acc>(row_in, row.head), carry);
    }
  }
}

// Has the L2 fetch the block's row, or the end of it, in one request: as much as the block holds, or 128 bytes a thread
// if that is more, so that all blocks of an SM together ask for 256 KB at most, and the L2 keeps it until it is read.
// Where results are wider than what is read, that was found to be in the way of the writes.
template <class T, class Acc, int kTile, int kWarps, int kStages>
__device__ __forceinline__ void prefetch_end_of_row(const T* in, long long outer, long long n) {
  constexpr int kMostBytes = 131072;
  constexpr int kHeldBytes = kTile * kStages * static_cast<int>(sizeof(T));
  constexpr int kSharedOut = 128 * kWarps * kWarpThreads;
  constexpr int kWantedBytes = kHeldBytes > kSharedOut ? kHeldBytes : kSharedOut;
  constexpr int kPrefetchVectors = (kWantedBytes < kMostBytes ? kWantedBytes : kMostBytes) / kAccessBytes;
  if (sizeof(Output<T, Acc>) > sizeof(T) || threadIdx.x != 0 || blockIdx.x >= outer) {
    return;
  }
  const T* row_in = in + blockIdx.x * n;
  const RowSplit row = split_row(row_in, n);
  const int vectors = row.vectors < kPrefetchVectors ? static_cast<int>(row.vectors) : kPrefetchVectors;
  if (vectors > 0) {
    prefetch_to_l2(row_in + row.head + (row.vectors - vectors) * kPerVector<T>,
                   static_cast<unsigned>(vectors * kAccessBytes));
  }
}

template <class T, class Acc, int kTile, int kWarps, int kStages, Storage kStorage>
__global__ void __launch_bounds__(kWarps* kWarpThreads, 1)
    row_carry(const T* in, Output<T, Acc>* out, void* /*workspace*/, long long outer, long long n,
              long long /*inner*/) {
  let_next_launch_start();
  prefetch_end_of_row<T, Acc, kTile, kWarps, kStages>(in, outer, n);
  wait_for_launch_in_front();
  __shared__ Acc warp_sums[2][kWarps];
  int buffer = 0;
  if constexpr (kStorage == Storage::registers) {
    for_each_row<T, Acc>(
        in, out, outer, n, [&](const T* row_in, Output<T, Acc>* row_out, long long vectors, Acc carry) {
          return scan_vectors<T, Acc, kTile, kWarps, kStages>(row_in, row_out, vectors, carry, warp_sums, buffer);
        });
  } else {
    TileRing<T, kTile, kWarps, kStages, kStorage> ring;
    for_each_row<T, Acc>(in, out, outer, n,
                         [&](const T* row_in, Output<T, Acc>* row_out, long long vectors, Acc carry) {
                           return scan_vectors<T, Acc>(row_in, row_out, vectors, carry, warp_sums, buffer, ring);
                         });
  }
}

}  // namespace scantune
