// Element types as the tests see them: written down apart from the code under test.
#pragma once

#include <bit>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <vector>

#include "core/workload.h"
#include "workload.h"

namespace scantune::testing {

inline int exact_bits(DType dtype) {
  switch (dtype) {
    case DType::f16:
      return static_cast<int>(ExactBits::f16);
    case DType::bf16:
      return static_cast<int>(ExactBits::bf16);
    case DType::f32:
      return static_cast<int>(ExactBits::f32);
    case DType::f64:
      return static_cast<int>(ExactBits::f64);
    case DType::i32:
      return static_cast<int>(ExactBits::i32);
    case DType::i64:
      return static_cast<int>(ExactBits::i64);
  }
  return 0;
}

template <class T>
T bits_at(const void* from) {
  T bits{};
  std::memcpy(&bits, from, sizeof bits);
  return bits;
}

// f16, rounded to nearest, ties to even; finite values only.
inline uint16_t f16_bits(double value) {
  if (std::fabs(value) < std::ldexp(1.0, -14)) {  // subnormal: steps of 2^-24
    return static_cast<uint16_t>((value < 0 ? 0x8000 : 0) |
                                 static_cast<int>(std::nearbyint(std::ldexp(std::fabs(value), 24))));
  }
  int exponent = 0;
  const double significand = std::frexp(std::fabs(value), &exponent);          // [0.5, 1)
  auto steps = static_cast<int>(std::nearbyint(std::ldexp(significand, 11)));  // [1024, 2048]
  if (steps == 2048) {
    steps = 1024;
    ++exponent;
  }
  return static_cast<uint16_t>((value < 0 ? 0x8000 : 0) | (exponent + 14) << 10 | (steps - 1024));
}

inline uint16_t bf16_bits(double value) {
  const auto bits = std::bit_cast<uint32_t>(static_cast<float>(value));
  return static_cast<uint16_t>((bits + 0x7FFF + (bits >> 16 & 1)) >> 16);
}

// Writes `value` at `index` of an array of `dtype`.
inline void put(std::byte* array, DType dtype, int64_t index, double value) {
  std::byte* at = array + index * size_bytes(dtype);
  const auto write = [at](auto bits) { std::memcpy(at, &bits, sizeof bits); };
  switch (dtype) {
    case DType::f16:
      return write(f16_bits(value));
    case DType::bf16:
      return write(bf16_bits(value));
    case DType::f32:
      return write(static_cast<float>(value));
    case DType::f64:
      return write(value);
    case DType::i32:
      return write(static_cast<int32_t>(value));
    case DType::i64:
      return write(static_cast<int64_t>(value));
  }
}

inline double get(const std::byte* array, DType dtype, int64_t index) {
  const std::byte* at = array + index * size_bytes(dtype);
  switch (dtype) {
    case DType::f16: {
      const auto bits = bits_at<uint16_t>(at);
      const int exponent = bits >> 10 & 31;
      const int fraction = bits & 1023;
      const double magnitude = exponent == 0 ? std::ldexp(fraction, -24) : std::ldexp(1024 + fraction, exponent - 25);
      return (bits & 0x8000) != 0 ? -magnitude : magnitude;
    }
    case DType::bf16:
      return std::bit_cast<float>(static_cast<uint32_t>(bits_at<uint16_t>(at)) << 16);
    case DType::f32:
      return bits_at<float>(at);
    case DType::f64:
      return bits_at<double>(at);
    case DType::i32:
      return bits_at<int32_t>(at);
    case DType::i64:
      return static_cast<double>(bits_at<int64_t>(at));
  }
  return 0;
}

inline Workload workload_of(int64_t outer, int64_t n, int64_t inner, DType dtype, DType accumulator) {
  Workload workload;
  workload.shape = Shape{{outer, n, inner}, 1};
  workload.dtype = dtype;
  workload.accumulator = accumulator;
  return workload;
}

inline Workload rows_of(int64_t rows, int64_t n, DType dtype = DType::f32) {
  Workload workload;
  workload.shape = Shape{{rows, n}, 1};
  workload.dtype = dtype;
  workload.accumulator = default_accumulator(dtype);
  return workload;
}

}  // namespace scantune::testing
