// What an emulated kernel may touch, and who touched it last.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>

namespace scantune::emulation {

// An access: by whom, and at what time on the thread's own clock, which goes on whenever others can learn of it.
struct Stamp {
  uint32_t launch = 0;  // counted over all runs; 0: never
  uint32_t block = 0;
  uint32_t clock = 0;
  uint16_t thread = 0;  // in the block
  bool atomic = false;  // or relaxed
};

enum class Readers : uint8_t { one, set, blocks };

// Two bytes, the smallest element: the last write, and the reads since.
struct Cell {
  Stamp write;
  Stamp read;                 // the latest
  uint32_t read_set = 0;      // where the clocks of several are kept, from 1
  uint32_t read_set_run = 0;  // in which run
  uint32_t bulk_copy = 0;     // that writes it: its index in the block, from 1
  uint16_t async_thread = 0;  // whose cp.async writes it, from 1
  Readers readers = Readers::one;
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

// Bytes that no kernel expects: different ones for each seed; in some, words that look like those of status.cuh.
void poison(void* memory, size_t bytes, uint64_t seed);

uint64_t next_random(uint64_t& state);

}  // namespace scantune::emulation
