// Memory for tensors: huge pages where the system gives them, and canaries around the payload.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>

#include "core/expected.h"

namespace scantune::cpu {

class Buffer {
 public:
  static constexpr int64_t kCanaryBytes = 4096;            // on either side
  static constexpr int64_t kAlignment = int64_t{2} << 20;  // a huge page

  // `bytes` of untouched memory between two canaries. Fails where the system has none to give.
  static Expected<Buffer> allocate(int64_t bytes);
  // What allocate() takes from the system.
  static int64_t footprint(int64_t bytes) { return bytes + 2 * kAlignment; }

  Buffer() = default;
  ~Buffer();
  Buffer(const Buffer&) = delete;
  Buffer& operator=(const Buffer&) = delete;
  Buffer(Buffer&& other) noexcept;
  Buffer& operator=(Buffer&& other) noexcept;

  [[nodiscard]] std::byte* data() const { return data_; }
  [[nodiscard]] int64_t size() const { return size_; }
  template <class T>
  [[nodiscard]] T* as() const {
    return reinterpret_cast<T*>(data_);
  }

  // Where the canaries were written to, in one line; empty where they are whole. Canaries that were
  // damaged are made whole again.
  std::string check_canaries();

 private:
  void write_canaries();

  std::byte* mapping_ = nullptr;
  int64_t mapping_bytes_ = 0;
  std::byte* data_ = nullptr;
  int64_t size_ = 0;
};

}  // namespace scantune::cpu
