// A ring of tiles in shared memory: loads that are under way without a thread or a register waiting.
//
//     tile      q          q + 1        q + 2       q + 3
//     slot    | being read | in flight | in flight |          (kStages = 3; slot = q % kStages)
//                   ^ free once every thread has its vectors in registers, and loaded with tile q + 3
//
// Two ways to fill a slot (Storage in launch.h):
//
//   async   cp.async: every thread copies the 16-byte vectors that it will read itself, so that no
//           barrier is needed between a copy and its reading, or its reading and the next copy;
//   bulk    one thread starts a bulk copy of the whole tile, a barrier in shared memory says when it is
//           there. Between the reading of a slot and its next load lies a __syncthreads() of the caller.
//
// The ring lies at the beginning of the block's dynamic shared memory (tile_ring_bytes in launch.h).
#pragma once

#include "scan.cuh"

namespace scantune {

template <class T, int kTile, int kWarps, int kStages, Storage kStorage>
class TileRing {
 public:
  static constexpr int kTileVectors = kTile / kPerVector<T>;
  static constexpr int kVectors = kTileVectors / (kWarps * kWarpThreads);
  static_assert(kVectors >= 1 && kVectors * kWarps * kWarpThreads == kTileVectors, "a tile is whole vectors a thread");
  static_assert(kStorage != Storage::registers, "registers need no ring");

  // By all threads; the ring may be used at once.
  __device__ __forceinline__ TileRing()
      : slots_(dynamic_shared()), copied_to_(kept(shared_address(slots_ + first_vector<kVectors>() * kAccessBytes))) {
    if (kStorage == Storage::bulk) {
      barriers_ = reinterpret_cast<Barrier*>(slots_ + static_cast<long long>(kStages) * kTile * sizeof(T));
      if (threadIdx.x == 0) {
        for (int s = 0; s < kStages; ++s) {
          barrier_init(barriers_ + s, 1);
        }
        barrier_init_end();
      }
      __syncthreads();
    }
  }

  // Starts to load the next tile, which begins at vector `tile` of the row's vectors at `in`: a negative
  // one is ragged, and one all out of the row is empty. By all threads, in the order of the tiles, and
  // once for every tile that is read, so that both sides count alike.
  __device__ __forceinline__ void load(const T* in, long long tile) {
    if (kStorage == Storage::bulk) {
      if (threadIdx.x == 0) {
        unsigned char* slot = slots_ + loading_ * kSlotBytes;
        const int skipped = tile >= 0 ? 0 : tile < -kTileVectors ? kTileVectors : static_cast<int>(-tile);
        bulk_load(slot + skipped * kAccessBytes, in + (tile + skipped) * kPerVector<T>,
                  static_cast<unsigned>((kTileVectors - skipped) * kAccessBytes), barriers_ + loading_);
      }
    } else {
      const int position = position_in<kVectors, kTileVectors>(tile);
      const SharedAddress to = copied_to_ + loading_ * kSlotBytes;
      const T* from = kept(in + (tile + first_vector<kVectors>()) * kPerVector<T>);
#pragma unroll
      for (int j = 0; j < kVectors; ++j) {
        if (position + j * kWarpThreads >= 0) {
          async_copy(to + j * kWarpThreads * kAccessBytes, from + j * kWarpThreads * kPerVector<T>);
        }
      }
      async_commit();
    }
    loading_ = loading_ + 1 == kStages ? 0 : loading_ + 1;
  }

  // Waits for the oldest tile that is not read yet, with kStages loads begun and not read, and takes the
  // thread's vectors of it. Those left of the row are zero.
  __device__ __forceinline__ void read(Vector<T> (&loaded)[kVectors], long long tile) {
    if (kStorage == Storage::bulk) {
      barrier_wait(barriers_ + reading_, parity_);
    } else {
      async_wait<kStages - 1>();
    }
    const unsigned char* slot = slots_ + reading_ * kSlotBytes;
    const int first = first_vector<kVectors>();
    const int position = position_in<kVectors, kTileVectors>(tile);
#pragma unroll
    for (int j = 0; j < kVectors; ++j) {
      loaded[j] = Vector<T>{};
      if (position + j * kWarpThreads >= 0) {
        loaded[j] = *reinterpret_cast<const Vector<T>*>(slot + (first + j * kWarpThreads) * kAccessBytes);
      }
    }
    advance();
  }

  // Instead of read(), where the tile is known to be empty.
  __device__ __forceinline__ void skip() {
    if (kStorage == Storage::bulk) {
      barrier_wait(barriers_ + reading_, parity_);
    }
    advance();
  }

 private:
  __device__ __forceinline__ void advance() {
    parity_ ^= reading_ + 1 == kStages ? 1u : 0u;
    reading_ = reading_ + 1 == kStages ? 0 : reading_ + 1;
  }

  static constexpr int kSlotBytes = kTile * static_cast<int>(sizeof(T));

  unsigned char* slots_;
  SharedAddress copied_to_;  // the thread's first vector of the first slot
  Barrier* barriers_ = nullptr;
  int loading_ = 0;  // slots
  int reading_ = 0;
  unsigned parity_ = 0;  // of the phase that the slot being read is in
};

}  // namespace scantune
