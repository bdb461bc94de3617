// Tensors of every type on the GPU, filled and checked by the host.
#pragma once

#include <cuda_runtime_api.h>
#include <scantune_kernels/reverse_cumsum.h>

#include <cmath>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <random>
#include <string>
#include <type_traits>
#include <vector>

namespace consumer {

// Ends the program where CUDA says that something went wrong.
inline void check(cudaError_t error, const char* what) {
  if (error != cudaSuccess) {
    std::fprintf(stderr, "consumer: %s: %s\n", what, cudaGetErrorString(error));
    std::exit(1);
  }
}

// Memory of the GPU, between guards of whole lines that must stay as they are; `offset` elements after a multiple of
// 256 bytes.
template <class T>
class Tensor {
 public:
  explicit Tensor(std::size_t elements, std::size_t offset = 0) : elements_(elements), offset_(offset) {
    void* memory = nullptr;
    check(cudaMalloc(&memory, bytes()), "cudaMalloc");
    check(cudaMemset(memory, kGuard, bytes()), "cudaMemset");
    memory_ = static_cast<unsigned char*>(memory);
  }
  Tensor(const Tensor&) = delete;
  Tensor& operator=(const Tensor&) = delete;
  ~Tensor() { cudaFree(memory_); }

  T* data() { return reinterpret_cast<T*>(memory_ + kGuardBytes) + offset_; }
  void put(const std::vector<T>& values) {
    check(cudaMemcpy(data(), values.data(), values.size() * sizeof(T), cudaMemcpyHostToDevice), "cudaMemcpy");
    // It returns once the values have left `values`, which says nothing of other streams.
    check(cudaDeviceSynchronize(), "cudaMemcpy");
  }
  std::vector<T> get() {
    std::vector<T> values(elements_);
    check(cudaMemcpy(values.data(), data(), elements_ * sizeof(T), cudaMemcpyDeviceToHost), "cudaMemcpy");
    return values;
  }
  // Whether nothing was written before or after the elements.
  bool whole() {
    std::vector<unsigned char> all(bytes());
    check(cudaMemcpy(all.data(), memory_, bytes(), cudaMemcpyDeviceToHost), "cudaMemcpy");
    const std::size_t begin = kGuardBytes + offset_ * sizeof(T);
    const std::size_t end = begin + elements_ * sizeof(T);
    for (std::size_t i = 0; i < all.size(); ++i) {
      if ((i < begin || i >= end) && all[i] != kGuard) {
        return false;
      }
    }
    return true;
  }

 private:
  static constexpr std::size_t kGuardBytes = 1024;
  static constexpr unsigned char kGuard = 0xa5;
  std::size_t bytes() const { return 2 * kGuardBytes + (elements_ + offset_) * sizeof(T); }

  unsigned char* memory_ = nullptr;
  std::size_t elements_;
  std::size_t offset_;
};

inline double value(float x) { return x; }
inline double value(double x) { return x; }
inline double value(std::int32_t x) { return x; }
inline double value(std::int64_t x) { return static_cast<double>(x); }
inline double value(__half x) { return static_cast<double>(__half2float(x)); }
inline double value(__nv_bfloat16 x) { return static_cast<double>(__bfloat162float(x)); }

template <class T>
T of(int x) {
  if constexpr (std::is_same_v<T, __half>) {
    return __float2half(static_cast<float>(x));
  } else if constexpr (std::is_same_v<T, __nv_bfloat16>) {
    return __float2bfloat16(static_cast<float>(x));
  } else {
    return static_cast<T>(x);
  }
}

struct Extents {
  std::int64_t outer;
  std::int64_t n;
  std::int64_t inner;
  std::int64_t elements() const { return outer * n * inner; }
  std::string text() const { return std::to_string(outer) + "x" + std::to_string(n) + "x" + std::to_string(inner); }
};

// An input whose sums every type holds exactly, whatever the order of additions: the results are drawn first, small
// integers, and the input is their differences. So a result is right or wrong, and nothing hides in a bound.
template <class T, class Out>
void fill(const Extents& e, unsigned seed, std::vector<T>& in, std::vector<Out>& expected) {
  std::mt19937 random(seed);
  in.resize(static_cast<std::size_t>(e.elements()));
  expected.resize(in.size());
  std::vector<int> below(static_cast<std::size_t>(e.inner));
  for (std::int64_t o = 0; o < e.outer; ++o) {
    below.assign(below.size(), 0);
    for (std::int64_t i = e.n; i-- > 0;) {
      for (std::int64_t k = 0; k < e.inner; ++k) {
        const auto at = static_cast<std::size_t>((o * e.n + i) * e.inner + k);
        const int y = static_cast<int>(random() % 101) - 50;
        expected[at] = of<Out>(y);
        in[at] = of<T>(y - below[static_cast<std::size_t>(k)]);
        below[static_cast<std::size_t>(k)] = y;
      }
    }
  }
}

// The index of the first element that is not as expected, or -1.
template <class Out>
std::int64_t first_wrong(const std::vector<Out>& actual, const std::vector<Out>& expected) {
  for (std::size_t i = 0; i < expected.size(); ++i) {
    if (value(actual[i]) != value(expected[i])) {
      return static_cast<std::int64_t>(i);
    }
  }
  return -1;
}

// A workspace of the size that a call asks for.
class Workspace {
 public:
  template <class T, class Out>
  Workspace(const T* in, const Out* out, const scantune_kernels::Shape& shape, int dim) {
    check(scantune_kernels::reverse_cumsum(in, const_cast<Out*>(out), shape, dim, nullptr, bytes_, nullptr),
          "the query");
    check(cudaMalloc(&memory_, bytes_), "cudaMalloc");
    check(cudaMemset(memory_, 0x5a, bytes_), "cudaMemset");  // what it holds must not matter
  }
  Workspace(const Workspace&) = delete;
  Workspace& operator=(const Workspace&) = delete;
  ~Workspace() { cudaFree(memory_); }
  void* data() { return memory_; }
  std::size_t& bytes() { return bytes_; }

 private:
  void* memory_ = nullptr;
  std::size_t bytes_ = 0;
};

}  // namespace consumer
