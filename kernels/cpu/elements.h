// The element types: how a vector of them is loaded into sums, and how sums are stored.
//
//   in: f16 f16 f16 f16  --load, widen-->  f32 f32 f32 f32  --sum-->  ...  --round once, store-->  out: f16 ...
//
// Each type pair is a struct of three types and four functions; everything else is written against
// those. Integers are added as unsigned ones: sums wrap, as two's complement does, and nothing is undefined.
#pragma once

#include "cpu/vector.h"

namespace scantune::cpu::SCANTUNE_CPU_ISA {

// The bits of f16 and bf16, which C++20 has no portable type for.
struct Half {
  uint16_t bits;
};
struct BFloat16 {
  uint16_t bits;
};

// --- Conversions of halves, for one value or for a vector of them: U is uint32_t and F is float, or both
// are vectors of as many. To halves: to nearest, ties to even; NaN stays NaN.

template <class F, class U>
inline F float_of_half(U half) {
  // The exponent's bias is mended by a multiplication, which does subnormal values as well.
  const U finite = as<U>(as<F>((half & 0x7FFFu) << 13) * 0x1p112f);
  const U magnitude = (half & 0x7C00u) == 0x7C00u ? finite | 0x7F800000u : finite;
  return as<F>(magnitude | ((half & 0x8000u) << 16));
}

template <class U, class F>
inline U half_of_float(F value) {
  const U bits = as<U>(value);
  const U magnitude = bits & 0x7FFFFFFFu;
  // The steps of 0.5f are those of f16's subnormal values, so that the addition rounds to them.
  const U subnormal = as<U>(as<F>(magnitude) + 0.5f) - 0x3F000000u;
  const U normal = (magnitude + 0xC8000FFFu + ((magnitude >> 13) & 1u)) >> 13;  // the bias, half a step less a tie
  const U finite = magnitude < 0x38800000u ? subnormal : normal;
  const U infinite = U{} + 0x7C00u;
  const U special = magnitude > 0x7F800000u ? U{} + 0x7E00u : infinite;
  return (magnitude >= 0x47800000u ? special : finite) | ((bits >> 16) & 0x8000u);
}

template <class F, class U>
inline F float_of_bfloat16(U bits) {
  return as<F>(bits << 16);
}

template <class U, class F>
inline U bfloat16_of_float(F value) {
  const U bits = as<U>(value);
  const U rounded = (bits + 0x7FFFu + ((bits >> 16) & 1u)) >> 16;
  const U nan = (bits >> 16) | 0x40u;
  return (bits & 0x7FFFFFFFu) > 0x7F800000u ? nan : rounded;
}

// As many 16-bit values as a vector has floats.
using HalfBits [[gnu::vector_size(kVectorBytes / 2)]] = uint16_t;
using UnalignedHalfBits [[gnu::vector_size(kVectorBytes / 2), gnu::aligned(2), gnu::may_alias]] = uint16_t;

inline HalfBits load_halves(const void* p) { return *static_cast<const UnalignedHalfBits*>(p); }

// The same as __builtin_convertvector, of which GCC 12 makes several instructions.
inline Vec<uint32_t> load_wide_halves(const void* p) {
#if defined(__AVX512F__)
  return as<Vec<uint32_t>>(_mm512_maskz_cvtepu16_epi32(kAllLanes, as<__m256i>(load_halves(p))));
#elif defined(__AVX2__)
  return as<Vec<uint32_t>>(_mm256_cvtepu16_epi32(as<__m128i>(load_halves(p))));
#else
  return __builtin_convertvector(load_halves(p), Vec<uint32_t>);
#endif
}

inline HalfBits narrow_to_halves(Vec<uint32_t> v) {
#if defined(__AVX512F__)
  return as<HalfBits>(_mm512_maskz_cvtepi32_epi16(kAllLanes, as<__m512i>(v)));
#else
  return __builtin_convertvector(v, HalfBits);
#endif
}

// --- The type pairs.

// Summed in the type itself.
template <class T>
struct Plain {
  using Input = T;
  using Accumulator = T;
  using Output = T;
  static Vec<T> load(const T* p) { return load_vector(p); }
  template <bool kStreaming>
  static void store(T* p, Vec<T> v) {
    store_vector<kStreaming>(p, v);
  }
  static T widen(T value) { return value; }
  static T narrow(T value) { return value; }
};
using F32 = Plain<float>;
using F64 = Plain<double>;
using I32 = Plain<uint32_t>;
using I64 = Plain<uint64_t>;

struct F16 {
  using Input = Half;
  using Accumulator = float;
  using Output = Half;
  static Vec<float> load(const Half* p) {
#if defined(__AVX512F__)
    return _mm512_maskz_cvtph_ps(kAllLanes, as<__m256i>(load_halves(p)));
#elif defined(__F16C__)
    return _mm256_cvtph_ps(as<__m128i>(load_halves(p)));
#else
    return float_of_half<Vec<float>>(load_wide_halves(p));
#endif
  }
  template <bool kStreaming>
  static void store(Half* p, Vec<float> v) {
#if defined(__AVX512F__)
    store_vector<kStreaming>(p, _mm512_maskz_cvtps_ph(kAllLanes, v, _MM_FROUND_TO_NEAREST_INT));
#elif defined(__F16C__)
    store_vector<kStreaming>(p, _mm256_cvtps_ph(v, _MM_FROUND_TO_NEAREST_INT));
#else
    store_vector<kStreaming>(p, narrow_to_halves(half_of_float<Vec<uint32_t>>(v)));
#endif
  }
  static float widen(Half value) { return float_of_half<float>(uint32_t{value.bits}); }
  static Half narrow(float value) { return {static_cast<uint16_t>(half_of_float<uint32_t>(value))}; }
};

struct BF16 {
  using Input = BFloat16;
  using Accumulator = float;
  using Output = BFloat16;
  static Vec<float> load(const BFloat16* p) { return float_of_bfloat16<Vec<float>>(load_wide_halves(p)); }
  // Not the instruction of AVX512_BF16: it takes subnormal values for 0.
  template <bool kStreaming>
  static void store(BFloat16* p, Vec<float> v) {
    store_vector<kStreaming>(p, narrow_to_halves(bfloat16_of_float<Vec<uint32_t>>(v)));
  }
  static float widen(BFloat16 value) { return float_of_bfloat16<float>(uint32_t{value.bits}); }
  static BFloat16 narrow(float value) { return {static_cast<uint16_t>(bfloat16_of_float<uint32_t>(value))}; }
};

struct I32ToI64 {
  using Input = uint32_t;
  using Accumulator = uint64_t;
  using Output = uint64_t;
  static Vec<uint64_t> load(const uint32_t* p) {
    const Packed values = *reinterpret_cast<const UnalignedPacked*>(p);
#if defined(__AVX512F__)
    return as<Vec<uint64_t>>(_mm512_maskz_cvtepi32_epi64(static_cast<__mmask8>(kAllLanes), as<__m256i>(values)));
#elif defined(__AVX2__)
    return as<Vec<uint64_t>>(_mm256_cvtepi32_epi64(as<__m128i>(values)));
#else
    return as<Vec<uint64_t>>(__builtin_convertvector(values, Vec<int64_t>));
#endif
  }
  template <bool kStreaming>
  static void store(uint64_t* p, Vec<uint64_t> v) {
    store_vector<kStreaming>(p, v);
  }
  static uint64_t widen(uint32_t value) { return static_cast<uint64_t>(int64_t{static_cast<int32_t>(value)}); }
  static uint64_t narrow(uint64_t value) { return value; }

 private:
  using Packed [[gnu::vector_size(kVectorBytes / 2)]] = int32_t;
  using UnalignedPacked [[gnu::vector_size(kVectorBytes / 2), gnu::aligned(4), gnu::may_alias]] = int32_t;
};

}  // namespace scantune::cpu::SCANTUNE_CPU_ISA
