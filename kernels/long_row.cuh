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
// A block has slots for kStages tiles in shared memory, kLoaders warps for each slot that fill it, a warp that looks up
// what lies right of the tiles, and kWarps warps that scan and write them:
//
//     slot 0's loaders  load tile 2 ..... sum, publish    load tile 5 ..... sum, publish
//     slot 1's loaders       load tile 4 ..... sum, publish    load tile 7 ..
//     looker                             look up 2 | look up 4 |                look up 5 | ...
//     scanners                           scan 2, write 2 | scan 4, write 4 |    scan 5, ...
//
//   1. A slot's loaders each load a part of the tile, add it up as soon as it is there and publish the sum in
//      a status word of that part. Nothing is waited for between the ticket and that, but memory.
//   2. The looker finds the sum of all tiles to the right of the tile. These were taken earlier, so that their sums are
//      there, as a rule. It reads the words of 64 tiles at once, a window, and those of several windows; the windows
//      since the block's last tile are added to the running sum that it keeps:
//
//          tiles right of tile k   | k-1 ...     | 64 tiles | 64 tiles | what the block knew |
//                                    part window    S(w)      S(w-1)     running sum
//
//      There is no chain from tile to tile: nothing that is waited for has waited itself.
//   3. The scanners scan the tile (scan.cuh) meanwhile, add what lies right of it, and write it. Then the slot is free.
//
// Deterministic: windows lie at multiples of 64 tiles of the row, a window's tiles are added in the order of
// lanes and windows from right to left, whoever does it and whenever. So a tile gets the same bits every
// run, though another block may do it. (Where look-back stops at what happens to be there, as in CUB, the
// order of additions varies; sharing out tiles in advance costs 3% on an H200: docs/kernels.md.)
//
// Forward progress: a looker waits for status words of lower tickets only, and tickets are taken by blocks that
// run. A block gives out its tickets in the order of its slots, and looks up and empties the slots in that order. So
// the lowest ticket whose status word is missing has a slot, or gets one as soon as the tile in it is
// written, whose ticket is lower still and which waits for words that are all there.
//
// Parameters
//   T         element type            Acc      type of the sums
//   kTile     elements a tile: a power of two, a multiple of kWarps * 512 bytes
//   kWarps    warps that scan: a power of two up to 16
//   kStages   slots
//   kLoaders  warps that load a slot's tile: 1, 2 or 4
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
template <class T, class Acc, int kTile, int kWarps, int kStages, int kLoaders, Storage kStorage>
__global__ void __launch_bounds__(256) long_row_reset(const T* /*in*/, Output<T, Acc>* /*out*/, void* workspace,
                                                      long long outer, long long n, long long /*inner*/) {
  let_next_launch_start();
  wait_for_launch_in_front();
  const long long words = long_row_workspace_bytes(outer, n, {kTile, kWarps, kStages, kLoaders, kStorage},
                                                   static_cast<int>(sizeof(T)), static_cast<int>(sizeof(Acc))) /
                          8;
  clear_words(workspace, words);
}

// Where the sum of a part lies among the status words, in sums.
template <class T, class Acc>
__device__ __forceinline__ long long place_of_part(long long part) {
  constexpr int kWords = long_row_sum_words(static_cast<int>(sizeof(T)), static_cast<int>(sizeof(Acc)));
  return part * (kWords / FlaggedSum<Acc>::kWords);
}

// A tile of a row, counted from the right.
template <class T>
struct LongRowTile {
  const T* row;
  long long offset;  // of the row in the tensor
  RowSplit split;
  int index;        // in the row
  long long begin;  // in vectors after the head; negative where it is ragged
};

template <class T, int kTileVectors>
__device__ __forceinline__ LongRowTile<T> long_row_tile(const T* in, unsigned ticket, unsigned tiles, long long n) {
  const unsigned row = ticket / tiles;
  LongRowTile<T> tile;
  tile.offset = row * n;
  tile.row = in + tile.offset;
  tile.split = split_row(tile.row, n);
  tile.index = static_cast<int>(ticket - row * tiles);
  tile.begin = tile.split.vectors - static_cast<long long>(tile.index + 1) * kTileVectors;
  return tile;
}

// What the warps that fill a slot and those that empty it tell one another. Each thread that read or wrote the slot
// arrives for itself: it costs nothing that could be measured, and compute-sanitizer follows it.
template <class T, class Acc>
struct LongRowSlot {
  Barrier free;         // the slot may be filled with the tile of next_ticket
  Barrier landed;       // a bulk copy has ended
  Barrier full;         // the tile is there, and what follows but `right`
  Barrier known;        // `right` is there too
  Output<T, Acc>* row;  // where the row goes; null where there are no more tiles
  Output<T, Acc>* to;   // and the tile's first vector
  int position;         // of that vector in the row; only its sign matters
  int index;            // of the tile in the row
  unsigned ticket;
  unsigned next_ticket;
  int head;                  // elements of the row's head, for the tile that has to write it
  bool aligned;              // results can be written 16 bytes at a time
  Acc tail;                  // the sum of the row's tail, of tile 0
  Acc right;                 // the sum of all that lies right of the tile
  Acc heads[kPerVector<T>];  // the suffix sums of the head
};

// Loads a part of a slot, a whole warp, and waits for it: the vectors from `from` on, but for the first `skipped`.
template <class T, class Acc, int kPartVectors, Storage kStorage>
__device__ __forceinline__ void load_part(unsigned char* data, LongRowSlot<T, Acc>& slot, const T* from, int skipped,
                                          unsigned phase) {
  const int lane = threadIdx.x % kWarpThreads;
  if (kStorage == Storage::bulk) {
    if (lane == 0) {
      bulk_load(data + skipped * kAccessBytes, from + skipped * kPerVector<T>,
                static_cast<unsigned>((kPartVectors - skipped) * kAccessBytes), &slot.landed);
    }
    barrier_wait(&slot.landed, phase);
  } else {
    const SharedAddress to = kept(shared_address(data + lane * kAccessBytes));
    from = kept(from + lane * kPerVector<T>);
    if (skipped == 0) {
#pragma unroll 8
      for (int v = 0; v < kPartVectors; v += kWarpThreads) {
        async_copy(to + v * kAccessBytes, from + v * kPerVector<T>);
      }
    } else {
#pragma unroll 1
      for (int v = 0; v < kPartVectors; v += kWarpThreads) {
        if (v + lane >= skipped) {
          async_copy(to + v * kAccessBytes, from + v * kPerVector<T>);
        }
      }
    }
    async_commit();
    async_wait<0>();
    __syncwarp();
  }
}

// The sum of a lane's vectors of a part in shared memory, but for the first `skipped` of the part. They are neighbours,
// as only neighbours may be added, and a lane begins at another one of them than the next lane does, as all their first
// ones lie in the same banks.
template <class T, class Acc, int kPartVectors, bool kWhole>
__device__ __forceinline__ Acc sum_of_lane(const unsigned char* data, int skipped) {
  constexpr int kEach = kPartVectors / kWarpThreads;
  static_assert(kEach >= 1 && kEach * kWarpThreads == kPartVectors && (kEach & (kEach - 1)) == 0,
                "a part is a power of two of vectors a lane");
  constexpr int kAtOnce = kEach < 8 ? kEach : 8;  // vectors on their way from shared memory
  const int lane = threadIdx.x % kWarpThreads;
  const int first = lane % kEach;
  Acc right = 0;  // of the vectors from `first` on, once these are added
  Acc sum = 0;
#pragma unroll 1
  for (int i = 0; i < kEach; i += kAtOnce) {
    Vector<T> vectors[kAtOnce];
#pragma unroll
    for (int j = 0; j < kAtOnce; ++j) {
      const int vector = lane * kEach + (first + i + j) % kEach;
      vectors[j] =
          kWhole || vector >= skipped ? *reinterpret_cast<const Vector<T>*>(data + vector * kAccessBytes) : Vector<T>{};
    }
#pragma unroll
    for (int j = 0; j < kAtOnce; ++j) {
      const bool wraps = first + i + j == kEach;
      right = wraps ? sum : right;
      sum = (wraps ? Acc(0) : sum) + sum_of<Acc>(vectors[j]);
    }
  }
  return first == 0 ? sum : sum + right;
}

// The same of halves, for a whole warp, by the matrix units.
template <class T, int kPartVectors, bool kWhole>
__device__ __forceinline__ float matrix_sum_of_part(const unsigned char* data, int skipped) {
  constexpr int kEach = kPartVectors / kWarpThreads;
  constexpr int kAtOnce = kEach < 4 ? kEach : 4;  // as one sum after the other would wait for the last
  static_assert(kEach >= 1 && kEach * kWarpThreads == kPartVectors && kEach % kAtOnce == 0, "a part is whole steps");
  const int lane = threadIdx.x % kWarpThreads;
  MatrixSum sums[kAtOnce] = {};
#pragma unroll 2
  for (int i = 0; i < kEach; i += kAtOnce) {
#pragma unroll
    for (int j = 0; j < kAtOnce; ++j) {
      const int vector = (i + j) * kWarpThreads + lane;
      Vector<T> elements{};
      if (kWhole || vector >= skipped) {
        elements = *reinterpret_cast<const Vector<T>*>(data + vector * kAccessBytes);
      }
      add_to(sums[j], elements);
    }
  }
#pragma unroll
  for (int j = 1; j < kAtOnce; ++j) {
#pragma unroll
    for (int r = 0; r < 4; ++r) {
      sums[0].of_rows[r] += sums[j].of_rows[r];
    }
  }
  return total_of(sums[0]);
}

// The sum of a part, in lane 0 of a whole warp. A part that is whole, as most are, is read without a branch.
template <class T, class Acc, int kPartVectors>
__device__ __forceinline__ Acc sum_of_part(const unsigned char* data, int skipped) {
  if constexpr (kHasMatrixSum<T>) {
    return skipped == 0 ? matrix_sum_of_part<T, kPartVectors, true>(data, 0)
                        : matrix_sum_of_part<T, kPartVectors, false>(data, skipped);
  } else {
    return warp_suffix_sum(skipped == 0 ? sum_of_lane<T, Acc, kPartVectors, true>(data, 0)
                                        : sum_of_lane<T, Acc, kPartVectors, false>(data, skipped));
  }
}

// A warp of one slot: fills its part of the slot, counted from the left, until there are no more tiles.
template <class T, class Acc, int kTile, int kLoaders, Storage kStorage>
__device__ __forceinline__ void fill_slot(const T* in, Output<T, Acc>* out, unsigned long long* words,
                                          unsigned all_tiles, unsigned tiles, long long n, LongRowSlot<T, Acc>& slot,
                                          unsigned char* data, int part) {
  constexpr int kTileVectors = kTile / kPerVector<T>;
  constexpr int kPartVectors = kTileVectors / kLoaders;
  const int lane = threadIdx.x % kWarpThreads;
  data += part * kPartVectors * kAccessBytes;
  for (unsigned phase = 0;; phase ^= 1) {
    barrier_wait(&slot.free, phase);
    const unsigned ticket = slot.next_ticket;
    if (ticket >= all_tiles) {
      if (lane == 0) {
        if (part == 0) {
          slot.row = nullptr;
        }
      }
      barrier_arrive(&slot.full);
      return;
    }
    const LongRowTile<T> tile = long_row_tile<T, kTileVectors>(in, ticket, tiles, n);
    Output<T, Acc>* row_out = out + tile.offset;
    // The row's last elements, if they fill no vector, lie right of tile 0; its first ones left of the last. They
    // are on their way with the tile.
    const int tails = tile.index == 0 && part == kLoaders - 1 ? tile.split.tail : 0;
    const int heads = tile.index + 1 == static_cast<int>(tiles) && part == 0 ? tile.split.head : 0;
    const Acc tail_element = lane < tails ? static_cast<Acc>(tile.row[n - tails + lane]) : Acc(0);
    const Acc head_element = lane < heads ? static_cast<Acc>(tile.row[lane]) : Acc(0);
    const long long begin = tile.begin + part * kPartVectors;
    const int skipped = begin >= 0 ? 0 : begin < -kPartVectors ? kPartVectors : static_cast<int>(-begin);
    load_part<T, Acc, kPartVectors, kStorage>(data, slot, tile.row + tile.split.head + begin * kPerVector<T>, skipped,
                                              phase);

    Acc tail = 0;
    if (tails > 0) {
      const Acc sum = warp_suffix_sum(tail_element);
      if (lane < tails) {
        row_out[n - tails + lane] = static_cast<Output<T, Acc>>(sum);
      }
      tail = __shfl_sync(kAllLanes, sum, 0);
    }
    if (heads > 0) {
      const Acc sum = warp_suffix_sum<kPerVector<T>>(head_element);
      if (lane < heads) {
        slot.heads[lane] = sum;
      }
    }
    if (lane == 0 && part == 0) {
      slot.row = row_out;
      slot.to = row_out + tile.split.head + tile.begin * kPerVector<T>;
      slot.position = position_in<kTileVectors>(tile.begin);
      slot.index = tile.index;
      slot.ticket = ticket;
      slot.head = heads;
      slot.aligned = same_alignment<T, Acc>(tile.row, row_out);
    }
    if (lane == 0 && part == kLoaders - 1) {
      slot.tail = tail;
    }
    barrier_arrive(&slot.full);
    const Acc sum = sum_of_part<T, Acc, kPartVectors>(data, skipped);
    if (lane == 0) {
      const long long place = place_of_part<T, Acc>(static_cast<long long>(ticket) * kLoaders + (kLoaders - 1 - part));
      publish(words, place, FlaggedSum<Acc>::of(tails > 0 ? sum + tail : sum));
    }
    __syncwarp();  // all lanes have read the slot before any fills it again
  }
}

constexpr int kLongRowWindow = 64;  // tiles

// The status words of neighbouring windows, each lane with neighbouring tiles of each.
template <class T, class Acc, int kLoaders>
struct LongRowWindows {
  static constexpr int kEach = kLongRowWindow / kWarpThreads * kLoaders;  // parts of tiles, a lane
  static constexpr int kCount = kEach * FlaggedSum<Acc>::kWords < 8 ? 8 / (kEach * FlaggedSum<Acc>::kWords) : 1;
  FlaggedSum<Acc> seen[kCount * kEach] = {};
  int first;  // of the row's parts, the lane's first
  int end;    // parts that lie right of the tile

  // Of window `window` of the row and those left of it, as far as they lie right of tile `index`.
  __device__ __forceinline__ LongRowWindows(int window, int index)
      : first((window * kWarpThreads + static_cast<int>(threadIdx.x) % kWarpThreads) * kEach), end(index * kLoaders) {}

  __device__ __forceinline__ int part(int i) const { return first + i / kEach * kWarpThreads * kEach + i % kEach; }
  __device__ __forceinline__ bool wanted(int i) const { return part(i) < end; }

  // Waits for them; `first_part` is the row's first among all.
  __device__ __forceinline__ void await(const unsigned long long* words, long long first_part) {
    await_all(
        words, seen, [&](int i) { return wanted(i); },
        [&](int i) { return place_of_part<T, Acc>(first_part + part(i)); });
  }

  // The sum of window `w` of those, in lane 0.
  __device__ __forceinline__ Acc sum(int w) const {
    Acc sum = 0;
#pragma unroll
    for (int t = w * kEach; t < (w + 1) * kEach; ++t) {
      sum = wanted(t) ? seen[t].sum() + sum : sum;
    }
    return warp_suffix_sum(sum);
  }
};

// The looker: puts the sum of what lies right of each tile into its slot, in turn, until there are no more tiles.
template <class T, class Acc, int kStages, int kLoaders>
__device__ __forceinline__ void look_up(const unsigned long long* words, LongRowSlot<T, Acc>* slots) {
  using Windows = LongRowWindows<T, Acc, kLoaders>;
  const int lane = static_cast<int>(threadIdx.x) % kWarpThreads;
  unsigned row = ~0u;  // the ticket of its tile 0
  int windows = 0;     // of the row, those at its right end, ...
  Acc sum = 0;         // ... and their sum, in lane 0
  int s = 0;
  for (unsigned phase = 0;;) {
    LongRowSlot<T, Acc>& slot = slots[s];
    barrier_wait(&slot.full, phase);
    if (slot.row == nullptr) {
      return;
    }
    const int index = slot.index;
    const unsigned first_ticket = slot.ticket - static_cast<unsigned>(index);
    if (row != first_ticket) {
      row = first_ticket;
      windows = 0;
      sum = 0;
    }
    // Windows that are whole are kept; the last one is part of a window.
    const int whole = index / kLongRowWindow;
    Acc right = slot.tail;  // of a row's tile 0, whose windows are empty
#pragma unroll 1
    for (int first = windows; index > 0 && first <= whole; first += Windows::kCount) {
      Windows found(first, index);
      found.await(words, static_cast<long long>(first_ticket) * kLoaders);
#pragma unroll
      for (int w = 0; w < Windows::kCount; ++w) {  // one by one from right to left, wherever the block began
        const Acc window = found.sum(w);
        right = first + w == whole ? window + sum : right;
        sum = first + w < whole ? window + sum : sum;
      }
    }
    windows = whole;
    if (lane == 0) {
      slot.right = right;
    }
    barrier_arrive(&slot.known);
    phase ^= s + 1 == kStages ? 1u : 0u;
    s = s + 1 == kStages ? 0 : s + 1;
  }
}

// The scanners: empty the slots in turn. `warp_sums` are two buffers, written before a barrier and read behind it.
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
    Output<T, Acc>* row = slot.row;
    if (row == nullptr) {
      return;
    }
    if (kStorage == Storage::bulk) {
      barrier_wait(&slot.landed, phase);  // which has ended; what was copied is visible to who waited for it
    }
    Output<T, Acc>* to = slot.to;
    const int begin = slot.position;
    const int heads = slot.head;
    const bool aligned = slot.aligned;
    const Acc head = slot.heads[lane % kPerVector<T>];
    const int position = begin + first;
    const Vector<T>* vectors = reinterpret_cast<const Vector<T>*>(data) + s * kTileVectors + first;
    Vector<T> loaded[kVectors];
    if (begin >= 0) {
#pragma unroll
      for (int j = 0; j < kVectors; ++j) {
        loaded[j] = vectors[j * kWarpThreads];
      }
    } else {
#pragma unroll
      for (int j = 0; j < kVectors; ++j) {
        loaded[j] = position + j * kWarpThreads >= 0 ? vectors[j * kWarpThreads] : Vector<T>{};
      }
    }
    Acc right[kVectors];
    const Acc warp_sum = scan_stretch(right, loaded);
    if (lane == 0) {
      warp_sums[buffer][warp] = warp_sum;
    }
    sync_part<1>(kThreads);
    barrier_wait(&slot.known, phase);
    unsigned next_ticket = 0;
    if (threadIdx.x == 0) {
      next_ticket = take_ticket(counter);  // for this slot; it arrives while the tile is written
    }
    Acc offset = slot.right;
#pragma unroll
    for (int w = kWarps - 1; w > 0; --w) {
      offset = w > warp ? warp_sums[buffer][w] + offset : offset;
    }
    buffer ^= 1;
    store_tile<T, Acc>(loaded, right, offset, to + first * kPerVector<T>, position, begin >= 0, aligned);
    if (heads > 0) {
      store_edge(row, heads, head, warp_sum + offset);  // by the leftmost warp
    }
    if (threadIdx.x == 0) {
      slot.next_ticket = next_ticket;
    }
    barrier_arrive(&slot.free);
    phase ^= s + 1 == kStages ? 1u : 0u;
    s = s + 1 == kStages ? 0 : s + 1;
  }
}

// Has the L2 fetch a tile that some block will have first, by one thread of each: which block is known once the launch
// in front has cleared the tickets. Only the first, as it is to be there before the others.
template <class T, int kTile>
__device__ __forceinline__ void prefetch_first_tile(const T* in, unsigned tiles, long long n) {
  const LongRowTile<T> tile = long_row_tile<T, kTile / kPerVector<T>>(in, blockIdx.x, tiles, n);
  if (tile.begin >= 0) {
    prefetch_to_l2(tile.row + tile.split.head + tile.begin * kPerVector<T>, kTile * sizeof(T));
  }
}

template <class T, class Acc, int kTile, int kWarps, int kStages, int kLoaders, Storage kStorage>
__global__ void __launch_bounds__((kWarps + 1 + kStages * kLoaders) * kWarpThreads, 1)
    long_row(const T* in, Output<T, Acc>* out, void* workspace, long long outer, long long n, long long /*inner*/) {
  let_next_launch_start();
  __shared__ LongRowSlot<T, Acc> slots[kStages];
  __shared__ Acc warp_sums[2][kWarps];
  unsigned char* data = dynamic_shared();
  unsigned* counter = static_cast<unsigned*>(workspace);
  unsigned long long* words = static_cast<unsigned long long*>(workspace) + kLongRowCounterWords;
  if (threadIdx.x == 0) {
    for (int s = 0; s < kStages; ++s) {
      barrier_init(&slots[s].free, kWarps * kWarpThreads);
      barrier_init(&slots[s].landed, kLoaders);
      barrier_init(&slots[s].full, kLoaders * kWarpThreads);
      barrier_init(&slots[s].known, kWarpThreads);
    }
    barrier_init_end();
  }
  const unsigned tiles = static_cast<unsigned>(ceil_div(n, kTile));
  const unsigned all_tiles = static_cast<unsigned>(outer) * tiles;
  if (threadIdx.x == kWarps * kWarpThreads && blockIdx.x < all_tiles) {
    prefetch_first_tile<T, kTile>(in, tiles, n);
  }
  __syncthreads();
  wait_for_launch_in_front();

  const int warp = threadIdx.x / kWarpThreads;
  if (warp == kWarps) {
    look_up<T, Acc, kStages, kLoaders>(words, slots);
  } else if (warp > kWarps) {
    const int loader = warp - kWarps - 1;
    const int s = loader / kLoaders;
    fill_slot<T, Acc, kTile, kLoaders, kStorage>(in, out, words, all_tiles, tiles, n, slots[s],
                                                 data + s * kTile * static_cast<int>(sizeof(T)), loader % kLoaders);
  } else {
    // One by one, so that neighbouring tiles go to different blocks and are there at about the same time.
    for (int s = 0; s < kStages; ++s) {
      if (threadIdx.x == 0) {
        slots[s].next_ticket = take_ticket(counter);
      }
      barrier_arrive(&slots[s].free);
    }
    empty_slots<T, Acc, kTile, kWarps, kStages, kStorage>(counter, slots, data, warp_sums);
  }
}

}  // namespace scantune
