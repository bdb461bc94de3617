// Runs kernels on a CPU as a GPU might: as badly as its rules allow.
//
// Every thread of a block is a fiber; one operating-system thread runs them all, one at a time, and a seed decides
// who is next: so a run repeats. What is emulated, and what a mistake looks like:
//
//   blocks     only some are resident at once, and they start in any order, until all have ended. Whoever waits for a
//              block that has not started, or for itself, is stuck: "deadlock".
//   warps      one may be as far ahead of the others as barriers allow, first or last, or they take turns. The lanes
//              of a warp meet at shuffles and __syncwarp() alone.
//   memory     kernels are compiled with -fsanitize=thread, but the functions which that inserts are ours: every
//              access goes through Engine::access(), which fails
//                - outside of the tensors and of the shared memory the block asked for, and where `in` is written;
//                - on a race: two accesses, one of them a write, that no barrier orders, be it in shared or in global
//                  memory, in one block or in two. Shuffles order nothing, __syncwarp() does, in its warp;
//                - on shared memory that an asynchronous copy is still on its way to.
//              What is not initialised holds poison.
//   words      store_relaxed() is seen by other threads later, in any order but for each word alone.
//   cp.async   lands when it is waited for, or at any time before, and is visible to its own thread until a barrier.
//   bulk       lands at any time. A phase that nobody waited for tells nothing.
//   launches   a launch that overlaps starts once all blocks in front of it have ended or allowed it. That may be any
//              kernel, of which nothing is known: to touch a tensor or the workspace without having waited is a
//              failure.
//
// A failure ends the run with one line that says what was wrong and where.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

namespace scantune::emulation {

// Every family's entries have the same arguments (kernels/README.md).
using EntryFunction = void (*)(const void* in, void* out, void* workspace, long long outer, long long n,
                               long long inner);

struct EmulatedLaunch {
  std::string name;  // for messages
  EntryFunction entry = nullptr;
  long long grid_blocks = 1;
  int block_threads = 1;
  long long shared_bytes = 0;
  bool overlaps = false;  // may start before the launch in front of it has ended
};

// `bytes` of memory that begin `past` bytes after a multiple of 128, with nothing around them: any access next to
// them is a failure.
class Tensor {
 public:
  Tensor(size_t bytes, size_t past, bool writable);
  ~Tensor();
  Tensor(const Tensor&) = delete;
  Tensor& operator=(const Tensor&) = delete;

  [[nodiscard]] void* data() const { return data_; }
  [[nodiscard]] size_t bytes() const { return bytes_; }

 private:
  void* data_ = nullptr;
  size_t bytes_;
};

struct Arguments {
  const void* in = nullptr;
  void* out = nullptr;
  void* workspace = nullptr;
  long long outer = 1;
  long long n = 1;
  long long inner = 1;
};

// Runs the launches one after another, as a stream does, in an order that `seed` decides. The first seeds are the
// adversarial orders: kAdversarialSeeds of them, others are random. Returns what was wrong; empty if nothing was.
std::string run(const std::vector<EmulatedLaunch>& launches, const Arguments& arguments, uint64_t seed);

inline constexpr uint64_t kAdversarialSeeds = 8;

}  // namespace scantune::emulation
