// The inputs every variant is verified on, element by element, the same on a GPU and on a CPU.
//
// Exact test: y(i) is a small hashed integer and x(i) = y(i) - y(i+1), with y = 0 past the row's end.
// The reverse cumulative sum of x is y. Every sum of neighbouring elements telescopes to the
// difference of two y, so it is exact in every type and every order of addition, and a lost, doubled
// or misplaced element cannot hide in a rounding bound.
//
// Bound test: random values of mixed magnitude and sign, to be compared with float64.
//
// C++17, no dependency: included by the CPU device, by the CUDA kernels (NVRTC, nvcc) and by tests.
#pragma once

#if defined(__CUDACC__) || defined(__CUDACC_RTC__)
#define SCANTUNE_HD __host__ __device__
#else
#define SCANTUNE_HD
#endif

namespace scantune {

using u64 = unsigned long long;  // NOLINT(readability-identifier-naming): as in CUDA code everywhere

// A 64-bit mix of (seed, index): the finaliser of splitmix64 (Steele, Lea, Flood, OOPSLA 2014).
SCANTUNE_HD constexpr u64 hash(u64 seed, u64 index) {
  u64 z = (index + seed * 0xD1342543DE82EF95ull) * 0x9E3779B97F4A7C15ull;
  z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9ull;
  z = (z ^ (z >> 27)) * 0x94D049BB133111EBull;
  return z ^ (z >> 31);
}

// Bits of |y| in the exact test: the difference of two y must be exact in the element type and in
// the accumulator. f16 has 11 bits of significand, bf16 8, f32 24.
enum class ExactBits : int { bf16 = 6, f16 = 9, f32 = 22, f64 = 50, i32 = 29, i64 = 50 };

// y at flat element `index`: an integer in [-2^bits, 2^bits).
SCANTUNE_HD constexpr long long exact_y(u64 seed, u64 index, int bits) {
  return static_cast<long long>(hash(seed, index) >> (63 - bits)) - (1ll << bits);
}

// What is added to y for every element from there to the row's end where i32 is summed in i64: the sums
// then leave the range of i32 within a few elements, while every x stays in it.
constexpr long long kWideningStep = 1ll << static_cast<int>(ExactBits::i32);

// x at position i of a row of n elements whose neighbours along the scan lie `stride` flat elements
// apart; `index` is the flat index of the element itself.
SCANTUNE_HD constexpr long long exact_x(u64 seed, u64 index, long long i, long long n, u64 stride, int bits) {
  return exact_y(seed, index, bits) - (i + 1 < n ? exact_y(seed, index + stride, bits) : 0);
}

// The bound test's input: a sign, a significand of 8 random bits in [1, 2) and an exponent in
// [-12, 0], so that it is exact in every floating type.
SCANTUNE_HD constexpr float mixed_value(u64 seed, u64 index) {
  const u64 h = hash(seed ^ 0x5851F42D4C957F2Dull, index);
  const int significand = 128 + static_cast<int>(h & 127);  // 8 bits, the leading one set
  const int exponent = static_cast<int>((h >> 8) % 13);     // 0..12
  const float magnitude = static_cast<float>(significand) / static_cast<float>(128 << exponent);
  return ((h >> 16) & 1) != 0 ? -magnitude : magnitude;
}

}  // namespace scantune
