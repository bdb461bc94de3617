// Inputs and checks of the verification tests (kernels/workload.h), eight elements at a time: on a
// large tensor they take as long as the kernels they check.
#pragma once

#include "cpu/elements.h"
#include "cpu/leaves.h"
#include "cpu/vector.h"
#include "workload.h"

namespace scantune::cpu::SCANTUNE_CPU_ISA {

using U64x8 [[gnu::vector_size(64)]] = unsigned long long;
using I64x8 [[gnu::vector_size(64)]] = long long;
using F64x8 [[gnu::vector_size(64)]] = double;
using F32x8 [[gnu::vector_size(32)]] = float;
using U32x8 [[gnu::vector_size(32)]] = uint32_t;
using U16x8 [[gnu::vector_size(16)]] = uint16_t;

inline constexpr U64x8 kLaneNumbers = {0, 1, 2, 3, 4, 5, 6, 7};

// --- Element types: how eight of them are read and written, and what their exact test's bits are.

template <class T>
struct Octet;

template <>
struct Octet<float> {
  static constexpr int kBits = static_cast<int>(ExactBits::f32);
  static F64x8 read(const float* p) { return __builtin_convertvector(*reinterpret_cast<const Packed*>(p), F64x8); }
  static void write(float* p, F64x8 v) { *reinterpret_cast<Packed*>(p) = __builtin_convertvector(v, F32x8); }

 private:
  using Packed [[gnu::vector_size(32), gnu::aligned(4), gnu::may_alias]] = float;
};

template <>
struct Octet<double> {
  static constexpr int kBits = static_cast<int>(ExactBits::f64);
  static F64x8 read(const double* p) { return *reinterpret_cast<const Packed*>(p); }
  static void write(double* p, F64x8 v) { *reinterpret_cast<Packed*>(p) = v; }

 private:
  using Packed [[gnu::vector_size(64), gnu::aligned(8), gnu::may_alias]] = double;
};

template <>
struct Octet<BFloat16> {
  static constexpr int kBits = static_cast<int>(ExactBits::bf16);
  static F64x8 read(const BFloat16* p) {
    const U32x8 bits = __builtin_convertvector(*reinterpret_cast<const Packed*>(p), U32x8);
    return __builtin_convertvector(float_of_bfloat16<F32x8>(bits), F64x8);
  }
  static void write(BFloat16* p, F64x8 v) {
    const auto bits = bfloat16_of_float<U32x8>(__builtin_convertvector(v, F32x8));
    *reinterpret_cast<Packed*>(p) = __builtin_convertvector(bits, U16x8);
  }

 private:
  using Packed [[gnu::vector_size(16), gnu::aligned(2), gnu::may_alias]] = uint16_t;
};

template <>
struct Octet<Half> {
  static constexpr int kBits = static_cast<int>(ExactBits::f16);
  static F64x8 read(const Half* p) {
    const U32x8 bits = __builtin_convertvector(*reinterpret_cast<const Packed*>(p), U32x8);
    return __builtin_convertvector(float_of_half<F32x8>(bits), F64x8);
  }
  static void write(Half* p, F64x8 v) {
    const auto bits = half_of_float<U32x8>(__builtin_convertvector(v, F32x8));
    *reinterpret_cast<Packed*>(p) = __builtin_convertvector(bits, U16x8);
  }

 private:
  using Packed [[gnu::vector_size(16), gnu::aligned(2), gnu::may_alias]] = uint16_t;
};

template <>
struct Octet<int32_t> {
  static constexpr int kBits = static_cast<int>(ExactBits::i32);
  static F64x8 read(const int32_t* p) { return __builtin_convertvector(*reinterpret_cast<const Packed*>(p), F64x8); }
  static void write(int32_t* p, F64x8 v) { *reinterpret_cast<Packed*>(p) = __builtin_convertvector(v, I32x8); }

 private:
  using I32x8 [[gnu::vector_size(32)]] = int32_t;
  using Packed [[gnu::vector_size(32), gnu::aligned(4), gnu::may_alias]] = int32_t;
};

template <>
struct Octet<int64_t> {
  static constexpr int kBits = static_cast<int>(ExactBits::i64);
  // Values past 2^53 are rounded; none of them is near an expected one, which has 50 bits.
  static F64x8 read(const int64_t* p) { return __builtin_convertvector(*reinterpret_cast<const Packed*>(p), F64x8); }
  static void write(int64_t* p, F64x8 v) { *reinterpret_cast<Packed*>(p) = __builtin_convertvector(v, I64x8); }

 private:
  using Packed [[gnu::vector_size(64), gnu::aligned(8), gnu::may_alias]] = long long;
};

// --- The tests' values, eight at a time: the same as in kernels/workload.h (a test compares them).

inline U64x8 hash8(unsigned long long seed, U64x8 index) {
  U64x8 z = (index + seed * 0xD1342543DE82EF95ull) * 0x9E3779B97F4A7C15ull;
  z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9ull;
  z = (z ^ (z >> 27)) * 0x94D049BB133111EBull;
  return z ^ (z >> 31);
}

inline F64x8 exact_y8(unsigned long long seed, U64x8 index, int bits) {
  return __builtin_convertvector(as<I64x8>(hash8(seed, index) >> (63 - bits)) - (1ll << bits), F64x8);
}

inline F64x8 mixed_value8(unsigned long long seed, U64x8 index) {
  const U64x8 h = hash8(seed ^ 0x5851F42D4C957F2Dull, index);
  // (h >> 8) % 13 without a division: 2^12 leaves 1, so the 12-bit digits are added up (at most
  // 20475), and floor(s / 13) = (s * 80660) >> 20 for so small an s.
  const U64x8 q = h >> 8;
  const U64x8 s = (q & 4095) + ((q >> 12) & 4095) + ((q >> 24) & 4095) + ((q >> 36) & 4095) + (q >> 48);
  const U64x8 exponent = s - ((s * 80660) >> 20) * 13;
  return as<F64x8>(((h & (1 << 16)) << 47) | ((1023 - exponent) << 52) | ((h & 127) << 45));
}

inline F64x8 magnitudes(F64x8 v) { return as<F64x8>(as<I64x8>(v) & 0x7FFFFFFFFFFFFFFFll); }

inline U64x8 flat8(int64_t first) { return static_cast<unsigned long long>(first) + kLaneNumbers; }

// --- Whole vectors by `body(p, first)`; the last few elements through a buffer of eight.

template <class T, class Body>
void write_span(void* values, int64_t begin, int64_t end, Body body) {
  T* out = static_cast<T*>(values);
  int64_t i = begin;
  for (; i + 8 <= end; i += 8) {
    body(out + i, i);
  }
  if (i < end) {
    T last[8];
    body(last, i);
    for (int64_t k = 0; k < end - i; ++k) {
      out[i + k] = last[k];
    }
  }
}

template <class T>
void fill_exact(void* in, int64_t begin, int64_t end, int64_t slab, int64_t stride, unsigned long long seed) {
  constexpr int kBits = Octet<T>::kBits;
  const auto elements = static_cast<unsigned long long>(slab);
  const auto step = static_cast<unsigned long long>(stride);
  U64x8 place = flat8(begin);  // in the slab; its last `stride` elements end their rows
  for (int lane = 0; lane < 8; ++lane) {
    place[lane] %= elements;
  }
  const F64x8 zero = {};
  write_span<T>(in, begin, end, [&](T* p, int64_t first) {
    const U64x8 index = flat8(first);
    const F64x8 next = exact_y8(seed, index + step, kBits);
    Octet<T>::write(p, exact_y8(seed, index, kBits) - (place >= elements - step ? zero : next));
    place += 8 % elements;
    place = place >= elements ? place - elements : place;
  });
}

// The bound test's values as they are, or times 2^30 where integers are widened: integers below 2^31.
template <class T>
inline constexpr double kMixedScale = 1;
template <>
inline constexpr double kMixedScale<int32_t> = 0x1p30;

template <class T>
void fill_mixed(void* in, int64_t begin, int64_t end, unsigned long long seed) {
  write_span<T>(in, begin, end,
                [&](T* p, int64_t first) { Octet<T>::write(p, mixed_value8(seed, flat8(first)) * kMixedScale<T>); });
}

// Adds the element to the faults unless it is within `tolerance` of what is expected. NaN is not.
inline void judge(Faults& faults, int64_t index, double got, double expected, double tolerance) {
  const double error = got > expected ? got - expected : expected - got;
  if (error <= tolerance) {
    return;
  }
  if (faults.count == 0 || index < faults.first) {
    faults = {faults.count, index, got, expected};
  }
  ++faults.count;
}

// A vector of comparisons, as one truth value.
inline bool all_of(I64x8 truth) {
  return (truth[0] & truth[1] & truth[2] & truth[3] & truth[4] & truth[5] & truth[6] & truth[7]) != 0;
}

// Eight elements, or as many as are left.
template <class T>
F64x8 read_some(const T* p, int64_t count) {
  if (count >= 8) {
    return Octet<T>::read(p);
  }
  T some[8] = {};
  for (int64_t k = 0; k < count; ++k) {
    some[k] = p[k];
  }
  return Octet<T>::read(some);
}

template <class Input, class T>
Faults check_exact(const void* values, int64_t begin, int64_t end, unsigned long long seed) {
  const T* out = static_cast<const T*>(values);
  Faults faults = {};
  for (int64_t i = begin; i < end; i += 8) {
    const F64x8 expected = exact_y8(seed, flat8(i), Octet<Input>::kBits);
    const int64_t count = end - i < 8 ? end - i : 8;
    const F64x8 got = read_some(out + i, count);
    if (count < 8 || !all_of(as<I64x8>(got == expected))) {
      for (int64_t k = 0; k < count; ++k) {
        judge(faults, i + k, got[k], expected[k], 0);
      }
    }
  }
  return faults;
}

inline F64x8 allowance(F64x8 expected, F64x8 magnitude, Tolerance tolerance) {
  return magnitude * tolerance.of_magnitude + magnitudes(expected) * tolerance.of_value + tolerance.absolute;
}

// Eight chunks side by side, one a lane, each walked from its right end to its left.
// All sums of the mixed values are exact in double: they are multiples of 2^-19 and below 2^33.
struct ChunkLanes {
  F64x8 sum = {};
  F64x8 magnitude = {};
  U64x8 column = {};  // of the element to the right of the next one; 0: a row ends there

  // Starts at the right ends of the chunks of [block, end), with the sums of what lies beyond.
  ChunkLanes(int64_t block, int64_t end, int64_t n, const RowSums* ends) {
    for (int lane = 0; lane < 8 && block + lane * kChunk < end; ++lane) {
      const int64_t chunk_end = block + (lane + 1) * kChunk < end ? block + (lane + 1) * kChunk : end;
      const RowSums& right = ends[block / kChunk + lane];
      sum[lane] = right.sum;
      magnitude[lane] = right.magnitude;
      column[lane] = static_cast<unsigned long long>(chunk_end % n);
    }
  }

  // Takes the next element in, in the lanes where `taken` is true.
  void step(F64x8 x, I64x8 taken, unsigned long long row) {
    const F64x8 zero = {};
    const I64x8 row_ends = as<I64x8>(column == 0) & taken;
    sum = (row_ends ? zero : sum) + (taken ? x : zero);
    magnitude = (row_ends ? zero : magnitude) + (taken ? magnitudes(x) : zero);
    column = row_ends ? column + (row - 1) : taken ? column - 1 : column;
  }
};

template <class Input, class T>
Faults check_bound(const void* values, int64_t begin, int64_t end, int64_t n, unsigned long long seed,
                   const RowSums* ends, Tolerance tolerance) {
  const T* out = static_cast<const T*>(values);
  const auto row = static_cast<unsigned long long>(n);
  Faults faults = {};
  for (int64_t block = begin; block < end; block += 8 * kChunk) {
    ChunkLanes lanes(block, end, n, ends);
    for (int64_t k = kChunk; k-- > 0;) {
      // Where the block is cut short, its last chunks start later or not at all.
      const U64x8 index = static_cast<unsigned long long>(block + k) + kLaneNumbers * kChunk;
      const auto taken = as<I64x8>(index < static_cast<unsigned long long>(end));
      lanes.step(mixed_value8(seed, index), taken, row);

      alignas(64) T gathered[8] = {};
      for (int64_t lane = 0; lane < 8 && block + k + lane * kChunk < end; ++lane) {
        gathered[lane] = out[block + k + lane * kChunk];
      }
      const F64x8 got = Octet<T>::read(gathered);
      const F64x8 expected = lanes.sum * kMixedScale<Input>;
      const F64x8 allowed = allowance(expected, lanes.magnitude * kMixedScale<Input>, tolerance);
      if (all_of(as<I64x8>(magnitudes(got - expected) <= allowed) | ~taken)) {
        continue;
      }
      for (int lane = 0; lane < 8; ++lane) {
        if (taken[lane] != 0) {
          judge(faults, block + k + lane * kChunk, got[lane], expected[lane], allowed[lane]);
        }
      }
    }
  }
  return faults;
}

// Columns side by side, a few cache lines of them at a time, from the bottom line up.
inline constexpr int64_t kColumnOctets = 8;

template <class Input, class T>
Faults check_bound_columns(const void* values, int64_t line_begin, int64_t line_end, int64_t column_begin,
                           int64_t column_end, int64_t inner, unsigned long long seed, const RowSums* ends,
                           Tolerance tolerance) {
  const T* out = static_cast<const T*>(values);
  Faults faults = {};
  for (int64_t first = column_begin; first < column_end; first += 8 * kColumnOctets) {
    const int64_t columns = column_end - first < 8 * kColumnOctets ? column_end - first : 8 * kColumnOctets;
    F64x8 sums[kColumnOctets] = {};
    F64x8 sizes[kColumnOctets] = {};
    for (int64_t k = 0; k < columns; ++k) {
      sums[k / 8][k % 8] = ends[first - column_begin + k].sum;
      sizes[k / 8][k % 8] = ends[first - column_begin + k].magnitude;
    }
    for (int64_t line = line_end; line-- > line_begin;) {
      for (int64_t k = 0; k < columns; k += 8) {
        const int64_t index = line * inner + first + k;
        const int64_t count = columns - k < 8 ? columns - k : 8;
        const F64x8 x = mixed_value8(seed, flat8(index));
        const F64x8 sum = sums[k / 8] + x;
        const F64x8 size = sizes[k / 8] + magnitudes(x);
        sums[k / 8] = sum;
        sizes[k / 8] = size;
        const F64x8 expected = sum * kMixedScale<Input>;
        const F64x8 allowed = allowance(expected, size * kMixedScale<Input>, tolerance);
        const F64x8 got = read_some(out + index, count);
        if (count < 8 || !all_of(as<I64x8>(magnitudes(got - expected) <= allowed))) {
          for (int64_t lane = 0; lane < count; ++lane) {
            judge(faults, index + lane, got[lane], expected[lane], allowed[lane]);
          }
        }
      }
    }
  }
  return faults;
}

inline RowSums mixed_sums(int64_t begin, int64_t end, unsigned long long seed) {
  F64x8 sum = {};
  F64x8 magnitude = {};
  const F64x8 zero = {};
  for (int64_t i = begin; i < end; i += 8) {
    const U64x8 index = flat8(i);
    const F64x8 x = mixed_value8(seed, index);
    const auto inside = as<I64x8>(index < static_cast<unsigned long long>(end));
    sum += inside ? x : zero;
    magnitude += inside ? magnitudes(x) : zero;
  }
  RowSums total = {0, 0};
  for (int lane = 0; lane < 8; ++lane) {
    total.sum += sum[lane];
    total.magnitude += magnitude[lane];
  }
  return total;
}

inline void mixed_column_sums(int64_t line_begin, int64_t line_end, int64_t column_begin, int64_t column_end,
                              int64_t inner, unsigned long long seed, RowSums* sums) {
  for (int64_t k = column_begin; k < column_end; k += 8) {
    F64x8 sum = {};
    F64x8 magnitude = {};
    for (int64_t line = line_begin; line < line_end; ++line) {
      const F64x8 x = mixed_value8(seed, flat8(line * inner + k));
      sum += x;
      magnitude += magnitudes(x);
    }
    for (int64_t lane = 0; lane < 8 && k + lane < column_end; ++lane) {
      sums[k - column_begin + lane].sum += sum[lane];
      sums[k - column_begin + lane].magnitude += magnitude[lane];
    }
  }
}

template <class T>
inline constexpr VerifyLeaves kFloatingLeaves = {fill_exact<T>, fill_mixed<T>, check_exact<T, T>, check_bound<T, T>,
                                                 check_bound_columns<T, T>};
template <class T>
inline constexpr VerifyLeaves kIntegerLeaves = {fill_exact<T>, nullptr, check_exact<T, T>, nullptr, nullptr};
// The exact test's sums stay within 32 bits; the bound test's do not.
inline constexpr VerifyLeaves kWidenedLeaves = {fill_exact<int32_t>, fill_mixed<int32_t>, check_exact<int32_t, int64_t>,
                                                check_bound<int32_t, int64_t>, check_bound_columns<int32_t, int64_t>};

}  // namespace scantune::cpu::SCANTUNE_CPU_ISA
