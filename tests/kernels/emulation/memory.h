// What an emulated kernel may touch, and who touched it last.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>

namespace scantune::emulation {

// When an access was made, as far as barriers can tell.
struct Stamp {
  uint32_t launch = 0;  // counted over all runs; 0: never
  uint32_t block = 0;
  uint32_t epoch = 0;       // barriers of the block before it
  uint32_t warp_syncs = 0;  // __syncwarp() before it
  uint16_t thread = 0;      // in the block
  uint8_t many = 0;         // reads: of several threads (1), of several warps (2), of several blocks (3)
  bool atomic = false;      // or relaxed
};

// Two bytes, the smallest element: its last write, and the reads since.
struct Cell {
  Stamp write;
  Stamp read;
  uint32_t bulk_copy = 0;     // that writes it: its index in the block, from 1
  uint16_t async_thread = 0;  // whose cp.async writes it, from 1
};

inline constexpr size_t kCellBytes = 2;
inline constexpr size_t kTensorArenaBytes = size_t{32} << 20;
inline constexpr size_t kSlotBytes = size_t{256} << 10;  // shared memory of a block that is resident
inline constexpr int kSlots = 8;

// Address space that is never given back, as programs end soon.
struct Arena {
  explicit Arena(size_t size);

  [[nodiscard]] bool holds(const void* address) const {
    return static_cast<size_t>(static_cast<const unsigned char*>(address) - data) < bytes;
  }
  [[nodiscard]] size_t offset(const void* address) const {
    return static_cast<size_t>(static_cast<const unsigned char*>(address) - data);
  }

  unsigned char* data;
  size_t bytes;
  Cell* cells;
};

Arena& tensor_arena();
Arena& shared_arena();

// Empty if the bytes lie in one tensor that may be accessed so; else what is wrong with them.
const char* wrong_with_tensor_access(const void* address, size_t bytes, bool write, bool& read_only);

// Bytes that no kernel expects: different ones for each seed, with the ready bit of status words set in some.
void poison(void* memory, size_t bytes, uint64_t seed);

uint64_t next_random(uint64_t& state);

}  // namespace scantune::emulation
