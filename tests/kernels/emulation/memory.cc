#include "emulation/memory.h"

#include <sys/mman.h>

#include <cstring>
#include <stdexcept>
#include <vector>

#include "emulation/engine.h"

namespace scantune::emulation {
namespace {

// Between tensors: what a kernel that errs reaches, so that it is told of and does not crash.
constexpr size_t kGapBytes = size_t{256} << 10;

struct Extent {
  unsigned char* begin;
  size_t bytes;
  bool writable;
};

struct Tensors {
  std::vector<Extent> extents;
  size_t used = kGapBytes;  // bytes of the arena
};

Tensors& tensors() {
  static Tensors all;
  return all;
}

void* address_space(size_t bytes) {
  void* space = mmap(nullptr, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  if (space == MAP_FAILED) {
    throw std::runtime_error("no address space for an emulated GPU");
  }
  return space;
}

}  // namespace

Arena::Arena(size_t size)
    : data(static_cast<unsigned char*>(address_space(size))),
      bytes(size),
      cells(static_cast<Cell*>(address_space(size / kCellBytes * sizeof(Cell)))) {}

Arena& tensor_arena() {
  static Arena arena(kTensorArenaBytes);
  return arena;
}

Arena& shared_arena() {
  static Arena arena(kSlotBytes * kSlots);
  return arena;
}

Tensor::Tensor(size_t bytes, size_t past, bool writable) : bytes_(bytes) {
  constexpr size_t kAlignment = 128;
  Tensors& all = tensors();
  const size_t begin = (all.used + kAlignment - 1) / kAlignment * kAlignment + past;
  if (begin + bytes + kGapBytes > kTensorArenaBytes) {
    throw std::length_error("the tensors of an emulated launch are too large");
  }
  data_ = tensor_arena().data + begin;
  all.extents.push_back({tensor_arena().data + begin, bytes, writable});
  all.used = begin + bytes + kGapBytes;
}

Tensor::~Tensor() {
  Tensors& all = tensors();
  for (size_t i = 0; i < all.extents.size(); ++i) {
    if (all.extents[i].begin == data_) {
      all.extents.erase(all.extents.begin() + static_cast<std::ptrdiff_t>(i));
      break;
    }
  }
  if (all.extents.empty()) {
    all.used = kGapBytes;
  }
}

const char* wrong_with_tensor_access(const void* address, size_t bytes, bool write, bool& read_only) {
  const auto* begin = static_cast<const unsigned char*>(address);
  for (const Extent& extent : tensors().extents) {
    if (begin >= extent.begin && begin + bytes <= extent.begin + extent.bytes) {
      read_only = !extent.writable;
      return write && read_only ? "the input" : "";
    }
  }
  return "memory outside of the tensors";
}

uint64_t next_random(uint64_t& state) {
  state += 0x9E3779B97F4A7C15u;  // splitmix64
  uint64_t z = state;
  z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9u;
  z = (z ^ (z >> 27)) * 0x94D049BB133111EBu;
  return z ^ (z >> 31);
}

void poison(void* memory, size_t bytes, uint64_t seed) {
  if (seed % 3 == 0) {
    memset(memory, 0xFF, bytes);  // NaN in the floating types
    return;
  }
  if (seed % 3 == 1) {
    memset(memory, 0x7F, bytes);  // a large number in the integers
    return;
  }
  auto* to = static_cast<unsigned char*>(memory);
  for (; bytes > 0; ++to, --bytes) {
    *to = static_cast<unsigned char>(next_random(seed) >> 56);
  }
}

}  // namespace scantune::emulation
