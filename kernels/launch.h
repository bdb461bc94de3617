// What the launch rules (FAMILY.launch.h) are made of. C++17, no dependency: included by the kernels
// themselves, by the catalog and by exported configurations, so that a family's geometry is written
// down once.
#pragma once

#if defined(__CUDACC__) || defined(__CUDACC_RTC__)
#define SCANTUNE_LAUNCH_RULE __host__ __device__ constexpr
#else
#define SCANTUNE_LAUNCH_RULE constexpr
#endif

namespace scantune {

// One launch: a one-dimensional grid of one-dimensional blocks.
struct LaunchDims {
  long long grid_blocks;
  int block_threads;
  long long shared_bytes;  // dynamic shared memory a block
};

constexpr int kWarpThreads = 32;
constexpr unsigned kAllLanes = 0xffffffffu;       // of a warp
constexpr int kAccessBytes = 16;                  // the widest access a thread can make
constexpr long long kMaxGridBlocks = 2147483647;  // of grid.x; a kernel loops over what lies beyond

SCANTUNE_LAUNCH_RULE long long ceil_div(long long count, long long size) { return (count + size - 1) / size; }

SCANTUNE_LAUNCH_RULE long long grid_for(long long blocks) { return blocks < kMaxGridBlocks ? blocks : kMaxGridBlocks; }

// 16-byte accesses with which a thread loads its part of a tile; 0 where there is not one for each.
SCANTUNE_LAUNCH_RULE int tile_vectors_per_thread(int tile, int warps, int element_bytes) {
  return tile * element_bytes / (warps * kWarpThreads * kAccessBytes);
}

// Where tiles are while their loads are under way.
enum class Storage {
  registers,  // of the threads that loaded them
  async,      // shared memory, by cp.async
  bulk,       // shared memory, by bulk copies: from sm_90 on
};

// Dynamic shared memory of a ring of tiles (ring.cuh): the slots, and for bulk copies a barrier each.
SCANTUNE_LAUNCH_RULE long long tile_ring_bytes(int tile, int stages, int element_bytes, Storage storage) {
  return storage == Storage::registers
             ? 0
             : static_cast<long long>(stages) * tile * element_bytes + (storage == Storage::bulk ? 8 * stages : 0);
}

// 64-bit words that hand a sum from one block to another (status.cuh).
SCANTUNE_LAUNCH_RULE int status_words(int accumulator_bytes) { return accumulator_bytes / 4; }

}  // namespace scantune
