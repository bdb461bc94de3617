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
//     slot 0's warp   ticket, load tile 2 ........ sum, publish         ticket, load tile 5 ...
//     slot 1's warp           ticket, load tile 4 ........ sum, publish
//     other warps                                        tile 2: look up, scan, write | tile 4: ...
//
//   1. A slot's warp loads a tile, adds it up as soon as it is there and publishes the sum in a status
//      word of the tile. Nothing else is waited for between the ticket and that.
//   2. The others need the sum of all tiles to the right of theirs. By then these were published, as a rule,
//      so that nobody waits: a warp reads the status of 32 tiles at once, a window, and the windows since
//      the block's last tile are added to the running sum that the block keeps:
//
//          tiles right of tile k   | k-1 ...     | 32 tiles | 32 tiles | what the block knew |
//                                    part window    S(w)      S(w-1)     running sum
//
//      There is no chain from tile to tile: nothing that is waited for has waited itself.
//   3. They scan the tile (scan.cuh) and write it. One barrier a tile; once it is passed the slot is free.
//
// Deterministic: windows lie at multiples of 32 tiles of the row, a window's tiles are added in the order of
// lanes and windows from right to left, whoever does it and whenever. So a tile gets the same bits every
// run, though another block may do it. (Where look-back stops at what happens to be there, as in CUB, the
// order of additions varies; sharing out tiles in advance costs 3% on an H200: docs/kernels.md.)
//
// Forward progress: a ticket is taken when a slot is free for its tile or, for the next slot to become free,
// by a block that is about to write a tile of a lower ticket. From there to the tile's status word only
// memory, and that writing, are waited for. Writing a tile waits for status words of lower tickets. So the
// lowest ticket whose tile is not written never waits for ever. Blocks that do not run hold no ticket.
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
  long long first_ticket;  // of the row's tile 0; -1 where there are no more tiles
  int index;               // in the row
  long long begin;         // in vectors after the head; negative where it is ragged
};

// What a slot's warp and those that empty it tell one another.
template <class T>
struct LongRowSlot {
  LongRowTile<T> tile;
  unsigned ticket;  // of the tile to be loaded next
  Barrier free;     // the slot may be filled with that one
  Barrier full;     // the tile is there
};

// Loads the tile, a whole warp.
template <class T, int kTileVectors, Storage kStorage>
__device__ __forceinline__ void load_slot(unsigned char* data, LongRowSlot<T>& slot, const LongRowTile<T>& tile) {
  const int lane = threadIdx.x % kWarpThreads;
  const T* from = tile.row + tile.split.head + tile.begin * kPerVector<T>;
  const int skipped = tile.begin >= 0 ? 0 : tile.begin < -kTileVectors ? kTileVectors : static_cast<int>(-tile.begin);
  if (kStorage == Storage::bulk) {
    __syncwarp();  // all lanes have read the ticket, which is written again once the tile is there
    if (lane == 0) {
      bulk_load(data + skipped * kAccessBytes, from + skipped * kPerVector<T>,
                static_cast<unsigned>((kTileVectors - skipped) * kAccessBytes), &slot.full);
    }
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
    if (lane == 0) {
      barrier_arrive(&slot.full);
    }
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

// The warp of one slot: fills it until there are no more tiles.
template <class T, class Acc, int kTile, Storage kStorage>
__device__ __forceinline__ void fill_slot(const T* in, unsigned long long* words, long long outer, long long n,
                                          LongRowSlot<T>& slot, unsigned char* data) {
  constexpr int kTileVectors = kTile / kPerVector<T>;
  const int lane = threadIdx.x % kWarpThreads;
  const long long tiles = ceil_div(n, kTile);
  for (unsigned phase = 0;; phase ^= 1) {
    barrier_wait(&slot.free, phase);
    const unsigned ticket = slot.ticket;
    LongRowTile<T> tile = {};
    tile.first_ticket = -1;
    if (ticket >= outer * tiles) {
      if (lane == 0) {
        slot.tile = tile;
        barrier_arrive(&slot.full);
      }
      return;
    }
    const long long row = ticket / tiles;
    tile.first_ticket = row * tiles;
    tile.index = static_cast<int>(ticket - tile.first_ticket);
    tile.row = in + row * n;
    tile.split = split_row(tile.row, n);
    tile.begin = tile.split.vectors - static_cast<long long>(tile.index + 1) * kTileVectors;
    if (lane == 0) {
      slot.tile = tile;
    }
    load_slot<T, kTileVectors, kStorage>(data, slot, tile);
    if (kStorage == Storage::bulk) {
      barrier_wait(&slot.full, phase);
    }
    Acc sum = sum_of_slot<T, Acc, kTileVectors>(data, tile.begin);
    if (tile.index == 0 && tile.split.tail > 0) {
      sum += scan_edge<T, Acc>(tile.row + n - tile.split.tail, tile.split.tail);
    }
    if (lane == 0) {
      publish(words, ticket, sum);
    }
    __syncwarp();  // all lanes have read the slot before any fills it again
  }
}

// What a block knows of the row it is in: the sum of its `windows` rightmost windows.
template <class Acc>
struct RunningSum {
  long long first_ticket;  // of the row's tile 0: says which row
  int windows;
  Acc sum;
};

// Sums that the scanning warps show one another, written before a barrier and read behind it.
template <class Acc, int kWarps>
struct SharedSums {
  Acc warps[kWarps];
  Acc windows[kWarps];
};

// The scanning warps: empty the slots in turn.
template <class T, class Acc, int kTile, int kWarps, int kStages>
__device__ __forceinline__ void empty_slots(const T* in, Output<T, Acc>* out, unsigned* counter,
                                            const unsigned long long* words, long long n, LongRowSlot<T>* slots,
                                            const unsigned char* data, SharedSums<Acc, kWarps> (&shared)[2]) {
  constexpr int kTileVectors = kTile / kPerVector<T>;
  constexpr int kThreads = kWarps * kWarpThreads;
  constexpr int kVectors = kTileVectors / kThreads;
  static_assert(kVectors >= 1 && kVectors * kThreads == kTileVectors, "a tile is whole vectors a thread");
  const int lane = threadIdx.x % kWarpThreads;
  const int warp = threadIdx.x / kWarpThreads;
  const long long tiles = ceil_div(n, kTile);
  RunningSum<Acc> known = {-1, 0, Acc(0)};
  int buffer = 0;
  int s = 0;
  for (unsigned phase = 0;;) {
    LongRowSlot<T>& slot = slots[s];
    barrier_wait(&slot.full, phase);
    const LongRowTile<T> tile = slot.tile;
    if (tile.first_ticket < 0) {
      return;
    }
    const int position = position_in<kVectors, kTileVectors>(tile.begin);
    Vector<T> loaded[kVectors];
#pragma unroll
    for (int j = 0; j < kVectors; ++j) {
      loaded[j] = Vector<T>{};
      if (position + j * kWarpThreads >= 0) {
        loaded[j] = *reinterpret_cast<const Vector<T>*>(
            data + (s * kTileVectors + first_vector<kVectors>() + j * kWarpThreads) * kAccessBytes);
      }
    }
    Acc right[kVectors];
    const Acc warp_sum = scan_stretch(right, loaded);

    // What lies right of the tile. Windows that are whole are kept; the last one is part of a window.
    if (known.first_ticket != tile.first_ticket) {
      known = {tile.first_ticket, 0, Acc(0)};
    }
    const int whole = tile.index / kWarpThreads;
    Acc carry = 0;
    BlockSums<Acc> block = {Acc(0), Acc(0)};
    unsigned ticket = 0;
    for (int base = known.windows; base <= whole; base += kWarps) {
      const int other = (base + warp) * kWarpThreads + lane;
      Acc sum = 0;
      if (other < tile.index) {
        sum = await<Acc>(words, tile.first_ticket + other);
      }
      sum = warp_suffix_sum(sum);
      if (lane == 0) {
        shared[buffer].windows[warp] = sum;
        shared[buffer].warps[warp] = warp_sum;
      }
      sync_part<1>(kThreads);
      if (base == known.windows && threadIdx.x == 0) {
        ticket = take_ticket(counter);  // for the next tile of this slot; it arrives while this one is written
      }
      block = sums_of_warps<kWarps>(shared[buffer].warps, warp);
#pragma unroll
      for (int w = 0; w < kWarps; ++w) {  // one by one from right to left, wherever the block began
        const Acc window = shared[buffer].windows[w];
        known.sum = base + w < whole ? window + known.sum : known.sum;
        carry = base + w == whole ? window + known.sum : carry;
      }
      buffer ^= 1;
    }
    known.windows = whole;

    Output<T, Acc>* row_out = out + (tile.row - in);
    if (tile.index == 0 && tile.split.tail > 0) {
      const long long tail = n - tile.split.tail;
      const Acc sum = scan_edge<T, Acc>(tile.row + tail, tile.split.tail);
      store_edge(row_out + tail, tile.split.tail, sum, Acc(0));
      carry = __shfl_sync(kAllLanes, sum, 0);
    }
    store_tile<T, Acc>(loaded, right, block.right + carry,
                       row_out + tile.split.head + (tile.begin + first_vector<kVectors>()) * kPerVector<T>, position,
                       tile.begin >= 0, same_alignment<T, Acc>(tile.row, row_out));
    if (tile.index == tiles - 1 && tile.split.head > 0) {
      store_edge(row_out, tile.split.head, scan_edge<T, Acc>(tile.row, tile.split.head), block.total + carry);
    }
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
  __shared__ LongRowSlot<T> slots[kStages];
  __shared__ SharedSums<Acc, kWarps> shared[2];
  unsigned char* data = dynamic_shared();
  unsigned* counter = static_cast<unsigned*>(workspace);
  unsigned long long* words = static_cast<unsigned long long*>(workspace) + 1;
  if (threadIdx.x == 0) {
    for (int s = 0; s < kStages; ++s) {
      barrier_init(&slots[s].free, 1);
      barrier_init(&slots[s].full, 1);
    }
  }
  __syncthreads();
  wait_for_launch_in_front();

  const int warp = threadIdx.x / kWarpThreads;
  if (warp >= kWarps) {
    const int s = warp - kWarps;
    fill_slot<T, Acc, kTile, kStorage>(in, words, outer, n, slots[s], data + s * kTile * static_cast<int>(sizeof(T)));
    return;
  }
  if (threadIdx.x == 0) {
    for (int s = 0; s < kStages; ++s) {
      slots[s].ticket = take_ticket(counter);
      barrier_arrive(&slots[s].free);
    }
  }
  empty_slots<T, Acc, kTile, kWarps, kStages>(in, out, counter, words, n, slots, data, shared);
}

}  // namespace scantune
