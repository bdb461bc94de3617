// long_row: the reverse cumulative sum of rows so long that many blocks share one, in one pass over memory.
//
//     y[r][i] = x[r][i] + x[r][i+1] + ... + x[r][n-1]
//
// Rows are cut into tiles, counted from the right end. Blocks stay, and take tiles by tickets, so that a
// block on a faster SM takes more of them:
//
//     row      | ... | tile 5 | tile 4 | tile 3 | tile 2 | tile 1 | tile 0 |
//     block             A        C        B        A        C        B
//
// A block has slots for kStages tiles in shared memory, a warp for each slot that fills it, and kWarps warps that
// empty them in turn:
//
//     slot 0's warp   load tile 2 ..... sum, publish, look up | load tile 5 ..... sum, publish, look up
//     slot 1's warp        load tile 4 ..... sum, publish, look up | load tile 7 ..
//     other warps                                     scan, write 2 | scan, write 4 | scan, write 5 ...
//
//   1. A slot's warp loads a tile, adds it up as soon as it is there and publishes the sum in a status
//      word of the tile. Nothing is waited for between the ticket and that, but memory.
//   2. It looks up the sum of all tiles to the right of its own. They were taken earlier, so that their sums are
//      there, as a rule, or soon will be; meanwhile the warps of the other slots go on. A warp reads 128
//      words at once, a window, and adds the windows since its last tile to the running sum that it keeps:
//
//          tiles right of tile k   | k-1 ...     | 128 tiles | 128 tiles | what the warp knew |
//                                    part window     S(w)       S(w-1)      running sum
//
//      There is no chain from tile to tile: nothing that is waited for has waited itself.
//   3. The other warps scan the tile (scan.cuh), with all that lies right of it known, and write it. One
//      barrier a tile; once it is passed the slot is free for the next one.
//
// Deterministic: windows lie at multiples of 128 tiles of the row, a window's tiles are added in the order of
// lanes and windows from right to left, whoever does it and whenever. So a tile gets the same bits every
// run, though another block may do it. (Where look-back stops at what happens to be there, as in CUB, the
// order of additions varies; sharing out tiles in advance costs 3% on an H200: docs/kernels.md.)
//
// Forward progress: a tile waits for status words of lower tickets only, and tickets are taken by blocks that
// run. A block gives out its tickets in the order of its slots and empties the slots in that order. So the
// lowest ticket whose status word is missing has a slot, or gets one as soon as the tile in it is
// written, whose ticket is lower still and which waits for words that are all there.
//
// Parameters
//   T         element type            Acc      type of the sums
//   kTile     elements a tile: a power of two, a multiple of kWarps * 512 bytes
//   kWarps    warps that scan: a power of two up to 16
//   kStages   slots, and warps that load
//   kStorage  how tiles are loaded: Storage::async (sm_80) or Storage::bulk (sm_90)
//
// Requirements: `in` and `out` are aligned to T and do not overlap. inner is 1; outer and n are any 64-bit
// sizes, with fewer than 2^31 tiles in all. `workspace` (long_row_workspace_bytes) need not be
// initialised: long_row_reset clears it, and must run in front of every launch, on the same stream. Launches
// that run at the same time need workspaces of their own. Launch rules: long_row.launch.h.
#pragma once

#include "long_row.launch.h"
#include "scan.cuh"
#include "status.cuh"

namespace scantune {

// Clears the tickets and the status of all tiles.
template <class T, class Acc, int kTile, int kWarps, int kStages, Storage kStorage>
__global__ void __launch_bounds__(256) long_row_reset(const T* /*in*/, Output<T, Acc>* /*out*/, void* workspace,
                                                      long long outer, long long n, long long /*inner*/) {
  let_next_launch_start();
  const long long words =
      long_row_workspace_bytes(outer, n, {kTile, kWarps, kStages, kStorage}, static_cast<int>(sizeof(Acc))) / 8;
  for (long long i = static_cast<long long>(blockIdx.x) * blockDim.x + threadIdx.x; i < words;
       i += static_cast<long long>(gridDim.x) * blockDim.x) {
    static_cast<unsigned long long*>(workspace)[i] = 0;
  }
}

// A tile of a row, counted from the right.
template <class T>
struct LongRowTile {
  const T* row;
  RowSplit split;
  long long first_ticket;  // of the row's tile 0
  int index;               // in the row
  long long begin;         // in vectors after the head; negative where it is ragged
};

// What the warp that fills a slot and those that empty it tell one another.
template <class T, class Acc>
struct LongRowSlot {
  Output<T, Acc>* to;  // where the tile's first vector is written; null where there are no more tiles
  long long begin;     // of the tile
  Acc carry;           // the sum of all that lies right of it
  bool aligned;        // results can be written 16 bytes at a time
  unsigned ticket;     // of the tile to be loaded next
  Barrier free;        // the slot may be filled with that one
  Barrier landed;      // a bulk copy has ended
  Barrier full;        // the tile is there, and its carry
};

// Loads the tile, a whole warp, and waits for it.
template <class T, class Acc, int kTileVectors, Storage kStorage>
__device__ __forceinline__ void load_slot(unsigned char* data, LongRowSlot<T, Acc>& slot, const LongRowTile<T>& tile,
                                          unsigned phase) {
  const int lane = threadIdx.x % kWarpThreads;
  const T* from = tile.row + tile.split.head + tile.begin * kPerVector<T>;
  const int skipped = tile.begin >= 0 ? 0 : tile.begin < -kTileVectors ? kTileVectors : static_cast<int>(-tile.begin);
  if (kStorage == Storage::bulk) {
    if (lane == 0) {
      bulk_load(data + skipped * kAccessBytes, from + skipped * kPerVector<T>,
                static_cast<unsigned>((kTileVectors - skipped) * kAccessBytes), &slot.landed);
    }
    barrier_wait(&slot.landed, phase);
  } else {
#pragma unroll 8
    for (int v = lane; v < kTileVectors; v += kWarpThreads) {
      if (v >= skipped) {
        async_copy(data + v * kAccessBytes, from + v * kPerVector<T>);
      }
    }
    async_commit();
    async_wait<0>();
    __syncwarp();
  }
}

// The sum of a tile in shared memory, in lane 0 of a whole warp. Each lane adds neighbouring vectors, as only
// neighbours may be added, and begins at another one of its own, as all first ones lie in the same banks.
template <class T, class Acc, int kTileVectors>
__device__ __forceinline__ Acc sum_of_slot(const unsigned char* data, long long begin) {
  constexpr int kEach = kTileVectors / kWarpThreads;
  static_assert(kEach >= 1 && kEach * kWarpThreads == kTileVectors, "a tile is whole vectors a lane");
  const int lane = threadIdx.x % kWarpThreads;
  const int first = lane % kEach;
  Acc left = 0;   // vectors before `first`
  Acc right = 0;  // and from there on
#pragma unroll 8
  for (int i = 0; i < kEach; ++i) {
    const bool wrapped = first + i >= kEach;
    const int vector = lane * kEach + first + i - (wrapped ? kEach : 0);
    Acc sum = 0;
    if (begin + vector >= 0) {
      sum = sum_of<Acc>(*reinterpret_cast<const Vector<T>*>(data + vector * kAccessBytes));
    }
    left = wrapped ? left + sum : left;
    right = wrapped ? right : right + sum;
  }
  return warp_suffix_sum(left + right);
}

// What the warp of a slot knows of the row it is in: the sum of its `windows` rightmost windows.
template <class Acc>
struct RunningSum {
  long long first_ticket;  // of the row's tile 0: says which row
  int windows;
  Acc sum;
};

// The sum of the tiles right of tile `index`, in all lanes of a warp. Waits until all are published.
template <class Acc>
__device__ __forceinline__ Acc sum_of_tiles_right(const unsigned long long* words, long long first_ticket, int index,
                                                  RunningSum<Acc>& known) {
  constexpr int kEach = 4;  // neighbouring tiles a lane
  constexpr int kWindow = kEach * kWarpThreads;
  constexpr int kAtOnce = 8 / kStatusWords<Acc>;  // windows whose words are on their way together
  const int lane = threadIdx.x % kWarpThreads;
  if (known.first_ticket != first_ticket) {
    known = {first_ticket, 0, Acc(0)};
  }
  const int whole = index / kWindow;  // windows; what is left of `index` is part of the next
  Acc part = 0;
  for (int base = known.windows; base <= whole; base += kAtOnce) {
    Glimpse<Acc> seen[kAtOnce][kEach];
#pragma unroll
    for (int w = 0; w < kAtOnce; ++w) {
      const int first = (base + w) * kWindow + lane * kEach;
#pragma unroll
      for (int t = 0; t < kEach; ++t) {
        if (first + t < index) {
          seen[w][t] = look<Acc>(words, first_ticket + first + t);
        }
      }
    }
#pragma unroll
    for (int w = 0; w < kAtOnce; ++w) {
      if (base + w <= whole) {
        const int first = (base + w) * kWindow + lane * kEach;
        Acc sum = 0;
#pragma unroll
        for (int t = 0; t < kEach; ++t) {
          if (first + t < index) {
            sum = await<Acc>(words, first_ticket + first + t, 1, seen[w][t]) + sum;
          }
        }
        part = __shfl_sync(kAllLanes, warp_suffix_sum(sum), 0);
        known.sum = base + w < whole ? part + known.sum : known.sum;
      }
    }
  }
  known.windows = whole;
  return part + known.sum;
}

// The warp of one slot: fills it until there are no more tiles.
template <class T, class Acc, int kTile, Storage kStorage>
__device__ __forceinline__ void fill_slot(const T* in, Output<T, Acc>* out, unsigned long long* words, long long outer,
                                          long long n, LongRowSlot<T, Acc>& slot, unsigned char* data) {
  constexpr int kTileVectors = kTile / kPerVector<T>;
  const int lane = threadIdx.x % kWarpThreads;
  const long long tiles = ceil_div(n, kTile);
  RunningSum<Acc> known = {-1, 0, Acc(0)};
  for (unsigned phase = 0;; phase ^= 1) {
    barrier_wait(&slot.free, phase);
    const unsigned ticket = slot.ticket;
    if (ticket >= outer * tiles) {
      if (lane == 0) {
        slot.to = nullptr;
        barrier_arrive(&slot.full);
      }
      return;
    }
    LongRowTile<T> tile;
    const long long row = ticket / tiles;
    tile.first_ticket = row * tiles;
    tile.index = static_cast<int>(ticket - tile.first_ticket);
    tile.row = in + row * n;
    tile.split = split_row(tile.row, n);
    tile.begin = tile.split.vectors - static_cast<long long>(tile.index + 1) * kTileVectors;
    Output<T, Acc>* row_out = out + row * n;
    load_slot<T, Acc, kTileVectors, kStorage>(data, slot, tile, phase);

    // The row's last elements, if they fill no vector, lie right of tile 0 and are its carry.
    const bool has_tail = tile.index == 0 && tile.split.tail > 0;
    Acc tail = 0;
    if (has_tail) {
      const Acc sum = scan_edge<T, Acc>(tile.row + n - tile.split.tail, tile.split.tail);
      if (lane < tile.split.tail) {
        row_out[n - tile.split.tail + lane] = static_cast<Output<T, Acc>>(sum);
      }
      tail = __shfl_sync(kAllLanes, sum, 0);
    }
    const Acc sum = __shfl_sync(kAllLanes, sum_of_slot<T, Acc, kTileVectors>(data, tile.begin), 0);
    if (lane == 0) {
      publish(words, ticket, has_tail ? sum + tail : sum);
    }
    const Acc carry = tile.index == 0 ? tail : sum_of_tiles_right(words, tile.first_ticket, tile.index, known);
    if (lane == 0) {
      slot.to = row_out + tile.split.head + tile.begin * kPerVector<T>;
      slot.begin = tile.begin;
      slot.carry = carry;
      slot.aligned = same_alignment<T, Acc>(tile.row, row_out);
      barrier_arrive(&slot.full);
    }
    if (tile.index == tiles - 1 && tile.split.head > 0) {
      const Acc head = scan_edge<T, Acc>(tile.row, tile.split.head);
      if (lane < tile.split.head) {
        row_out[lane] = static_cast<Output<T, Acc>>(head + (sum + carry));
      }
    }
    __syncwarp();  // all lanes have read the slot before any fills it again
  }
}

// The scanning warps: empty the slots in turn.
template <class T, class Acc, int kTile, int kWarps, int kStages, Storage kStorage>
__device__ __forceinline__ void empty_slots(unsigned* counter, LongRowSlot<T, Acc>* slots, const unsigned char* data,
                                            Acc (&warp_sums)[2][kWarps]) {
  constexpr int kTileVectors = kTile / kPerVector<T>;
  constexpr int kThreads = kWarps * kWarpThreads;
  constexpr int kVectors = kTileVectors / kThreads;
  static_assert(kVectors >= 1 && kVectors * kThreads == kTileVectors, "a tile is whole vectors a thread");
  const int lane = threadIdx.x % kWarpThreads;
  const int warp = threadIdx.x / kWarpThreads;
  const int first = first_vector<kVectors>();
  int buffer = 0;
  int s = 0;
  for (unsigned phase = 0;;) {
    LongRowSlot<T, Acc>& slot = slots[s];
    barrier_wait(&slot.full, phase);
    if (kStorage == Storage::bulk) {
      barrier_wait(&slot.landed, phase);  // which has ended; what was copied is visible to who waited for it
    }
    Output<T, Acc>* to = slot.to;
    if (to == nullptr) {
      return;
    }
    const long long begin = slot.begin;
    const bool aligned = slot.aligned;
    Acc offset = slot.carry;
    const int position = position_in<kVectors, kTileVectors>(begin);
    Vector<T> loaded[kVectors];
#pragma unroll
    for (int j = 0; j < kVectors; ++j) {
      loaded[j] = Vector<T>{};
      if (position + j * kWarpThreads >= 0) {
        loaded[j] =
            *reinterpret_cast<const Vector<T>*>(data + (s * kTileVectors + first + j * kWarpThreads) * kAccessBytes);
      }
    }
    Acc right[kVectors];
    const Acc warp_sum = scan_stretch(right, loaded);
    if (lane == 0) {
      warp_sums[buffer][warp] = warp_sum;
    }
    sync_part<1>(kThreads);
    unsigned ticket = 0;
    if (threadIdx.x == 0) {
      ticket = take_ticket(counter);  // for the next tile of this slot; it arrives while this one is written
    }
#pragma unroll
    for (int w = kWarps - 1; w > 0; --w) {
      offset = w > warp ? warp_sums[buffer][w] + offset : offset;
    }
    buffer ^= 1;
    store_tile<T, Acc>(loaded, right, offset, to + first * kPerVector<T>, position, begin >= 0, aligned);
    if (threadIdx.x == 0) {
      slot.ticket = ticket;
      barrier_arrive(&slot.free);
    }
    phase ^= s + 1 == kStages ? 1u : 0u;
    s = s + 1 == kStages ? 0 : s + 1;
  }
}

template <class T, class Acc, int kTile, int kWarps, int kStages, Storage kStorage>
__global__ void __launch_bounds__((kWarps + kStages) * kWarpThreads, 1)
    long_row(const T* in, Output<T, Acc>* out, void* workspace, long long outer, long long n, long long /*inner*/) {
  __shared__ LongRowSlot<T, Acc> slots[kStages];
  __shared__ Acc warp_sums[2][kWarps];
  unsigned char* data = dynamic_shared();
  unsigned* counter = static_cast<unsigned*>(workspace);
  unsigned long long* words = static_cast<unsigned long long*>(workspace) + 1;
  if (threadIdx.x == 0) {
    for (int s = 0; s < kStages; ++s) {
      barrier_init(&slots[s].free, 1);
      barrier_init(&slots[s].landed, 1);
      barrier_init(&slots[s].full, 1);
    }
  }
  __syncthreads();
  wait_for_launch_in_front();

  const int warp = threadIdx.x / kWarpThreads;
  if (warp >= kWarps) {
    const int s = warp - kWarps;
    fill_slot<T, Acc, kTile, kStorage>(in, out, words, outer, n, slots[s],
                                       data + s * kTile * static_cast<int>(sizeof(T)));
    return;
  }
  if (threadIdx.x == 0) {
    for (int s = 0; s < kStages; ++s) {
      slots[s].ticket = take_ticket(counter);
      barrier_arrive(&slots[s].free);
    }
  }
  empty_slots<T, Acc, kTile, kWarps, kStages, kStorage>(counter, slots, data, warp_sums);
}

}  // namespace scantune
