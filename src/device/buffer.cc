#include "device/buffer.h"

#include <sys/mman.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <utility>

#include "core/units.h"

namespace scantune::cpu {
namespace {

constexpr auto kCanary = std::byte{0xC5};

}  // namespace

Expected<Buffer> Buffer::allocate(int64_t bytes) {
  // The payload begins on a huge page, its left canary at the end of the page before.
  Buffer buffer;
  buffer.mapping_bytes_ = footprint(bytes);
  void* mapping = mmap(nullptr, static_cast<size_t>(buffer.mapping_bytes_), PROT_READ | PROT_WRITE,
                       MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  if (mapping == MAP_FAILED) {
    return fail(ErrorKind::environment, "cannot allocate {}: {}; free some memory or use a smaller shape",
                format_bytes(bytes), std::strerror(errno));
  }
  buffer.mapping_ = static_cast<std::byte*>(mapping);
  const auto address = reinterpret_cast<uintptr_t>(mapping) + kCanaryBytes;
  const auto aligned = (address + kAlignment - 1) / kAlignment * kAlignment;
  buffer.data_ = buffer.mapping_ + (aligned - reinterpret_cast<uintptr_t>(mapping));
  buffer.size_ = bytes;
  // Best effort: without huge pages all is slower, copy and kernels alike.
  madvise(buffer.data_, static_cast<size_t>(bytes), MADV_HUGEPAGE);
  buffer.write_canaries();
  return buffer;
}

Buffer::~Buffer() {
  if (mapping_ != nullptr) {
    munmap(mapping_, static_cast<size_t>(mapping_bytes_));
  }
}

Buffer::Buffer(Buffer&& other) noexcept { *this = std::move(other); }

Buffer& Buffer::operator=(Buffer&& other) noexcept {
  std::swap(mapping_, other.mapping_);
  std::swap(mapping_bytes_, other.mapping_bytes_);
  std::swap(data_, other.data_);
  std::swap(size_, other.size_);
  return *this;
}

void Buffer::write_canaries() {
  std::fill_n(data_ - kCanaryBytes, kCanaryBytes, kCanary);
  std::fill_n(data_ + size_, kCanaryBytes, kCanary);
}

std::string Buffer::check_canaries() {
  const auto damaged = [](std::byte b) { return b != kCanary; };
  const std::byte* before = data_ - kCanaryBytes;
  const std::byte* after = data_ + size_;
  const auto before_count = std::count_if(before, before + kCanaryBytes, damaged);
  const auto after_count = std::count_if(after, after + kCanaryBytes, damaged);
  std::string text;
  if (before_count != 0) {
    const std::byte* nearest = data_;
    while (!damaged(*--nearest)) {
    }
    text =
        fmt::format("wrote before the output: {} bytes, the nearest {} bytes before it", before_count, data_ - nearest);
  }
  if (after_count != 0) {
    const auto* nearest = std::find_if(after, after + kCanaryBytes, damaged);
    text += fmt::format("{}wrote past the output: {} bytes, the nearest {} bytes past its end",
                        text.empty() ? "" : "; ", after_count, nearest - after);
  }
  if (!text.empty()) {
    write_canaries();
  }
  return text;
}

}  // namespace scantune::cpu
