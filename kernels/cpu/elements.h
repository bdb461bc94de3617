// The element types: how a vector of them is loaded into sums, and how sums are stored.
//
//   in: f16 f16 f16 f16  --load, widen-->  f32 f32 f32 f32  --sum-->  ...  --round once, store-->  out: f16 ...
//
// Each type pair is a struct of three types and a few functions; everything else is written against
// those. Integers are added as unsigned ones: sums wrap, as two's complement does, and nothing is undefined.
//
// Halves that the CPU has no instructions for come in pairs: a lane of 32 bits holds two neighbours, and of a vector of
// such lanes all first ones and all second ones are taken out at once, each where a lane of sums wants it, without
// bringing them in memory's order. Those that the CPU converts must stand in the order of its lanes before.
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

#if defined(__AVX512F__) && !defined(__F16C__)
#error "compile with -mf16c too: GCC does not take it from -mavx512f, though every CPU with AVX-512 has it"
#endif

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

// Vectors of sums, with neighbours in memory in the same lane: element l * kPerLane + j in lane l of at[j].
template <class T, int kPerLane>
struct Bundle {
  Vec<T> at[kPerLane];
};

// Two neighbouring halves a lane, the first in the low bits.
using Pairs = Vec<uint32_t>;
static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__);

inline Pairs load_pairs(const void* p) { return as<Pairs>(load_vector(static_cast<const uint16_t*>(p))); }

// --- The type pairs.
// kPerLane: the neighbours that share a lane where rows are scanned.
// kUnordered: the vectors of sums that are loaded and stored together where their order is of no matter; 2 where halves
// come in pairs: such a type has split and join, others of several a lane have load_bundle and store_bundle.

// Summed in the type itself.
template <class T>
struct Plain {
  using Input = T;
  using Accumulator = T;
  using Output = T;
  static constexpr int kPerLane = 1;
  static constexpr int kUnordered = 1;
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

// A CPU that converts takes and gives 16 or 8 halves in the order of its lanes. AVX-512 sorts 64 of them into lanes of
// four neighbours with six instructions, and back with as many, and scans fewer lanes for it; on AVX2, where sorting
// takes more, halves stay in memory's order (docs/kernels.md).
struct F16 {
  using Input = Half;
  using Accumulator = float;
  using Output = Half;
#if defined(__AVX512F__)
  static constexpr int kPerLane = 4;
  static constexpr int kUnordered = 1;
#elif defined(__F16C__)
  static constexpr int kPerLane = 1;
  static constexpr int kUnordered = 1;
#else
  static constexpr int kPerLane = 4;
  static constexpr int kUnordered = 2;
#endif
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
#if defined(__AVX512F__)
  // Within each quarter of a vector, of its eight halves 0 and 4, 1 and 5, 2 and 6, 3 and 7 come to share 32 bits: two
  // lanes' values of the same at[j].
  static Bundle<float, 4> load_bundle(const Half* p) {
    const __m512i pair_up = _mm512_set4_epi32(0x0F0E0706, 0x0D0C0504, 0x0B0A0302, 0x09080100);
    const auto a = as<Pairs>(_mm512_shuffle_epi8(as<__m512i>(load_pairs(p)), pair_up));
    const auto b = as<Pairs>(_mm512_shuffle_epi8(as<__m512i>(load_pairs(p + 32)), pair_up));
    const Pairs front = __builtin_shufflevector(a, b, 0, 4, 8, 12, 16, 20, 24, 28, 1, 5, 9, 13, 17, 21, 25, 29);
    const Pairs back = __builtin_shufflevector(a, b, 2, 6, 10, 14, 18, 22, 26, 30, 3, 7, 11, 15, 19, 23, 27, 31);
    return {low_floats(front), high_floats(front), low_floats(back), high_floats(back)};
  }
  template <bool kStreaming>
  static void store_bundle(Half* p, const Bundle<float, 4>& v) {
    const __m512i unpair = _mm512_set4_epi32(0x0F0E0B0A, 0x07060302, 0x0D0C0908, 0x05040100);
    const Pairs front = halves(v.at[0], v.at[1]);
    const Pairs back = halves(v.at[2], v.at[3]);
    const Pairs a = __builtin_shufflevector(front, back, 0, 8, 16, 24, 1, 9, 17, 25, 2, 10, 18, 26, 3, 11, 19, 27);
    const Pairs b = __builtin_shufflevector(front, back, 4, 12, 20, 28, 5, 13, 21, 29, 6, 14, 22, 30, 7, 15, 23, 31);
    store_vector<kStreaming>(p, _mm512_shuffle_epi8(as<__m512i>(a), unpair));
    store_vector<kStreaming>(p + 32, _mm512_shuffle_epi8(as<__m512i>(b), unpair));
  }
#elif !defined(__F16C__)
  static Bundle<float, 2> split(Pairs pairs) {
    return {float_of_half<Vec<float>>(pairs & 0xFFFFu), float_of_half<Vec<float>>(pairs >> 16)};
  }
  static Pairs join(Vec<float> first, Vec<float> second) {
    return half_of_float<Pairs>(first) | half_of_float<Pairs>(second) << 16;
  }
#endif
  static float widen(Half value) { return float_of_half<float>(uint32_t{value.bits}); }
  static Half narrow(float value) { return {static_cast<uint16_t>(half_of_float<uint32_t>(value))}; }
#if defined(__AVX512F__)

 private:
  static Vec<float> low_floats(Pairs v) {
    return _mm512_maskz_cvtph_ps(kAllLanes, as<__m256i>(__builtin_shufflevector(v, v, 0, 1, 2, 3, 4, 5, 6, 7)));
  }
  static Vec<float> high_floats(Pairs v) {
    return _mm512_maskz_cvtph_ps(kAllLanes, as<__m256i>(__builtin_shufflevector(v, v, 8, 9, 10, 11, 12, 13, 14, 15)));
  }
  static Pairs halves(Vec<float> low, Vec<float> high) {
    const __m256i a = _mm512_maskz_cvtps_ph(kAllLanes, low, _MM_FROUND_TO_NEAREST_INT);
    const __m256i b = _mm512_maskz_cvtps_ph(kAllLanes, high, _MM_FROUND_TO_NEAREST_INT);
    return as<Pairs>(_mm512_maskz_inserti64x4(static_cast<__mmask8>(kAllLanes), _mm512_castsi256_si512(a), b, 1));
  }
#endif
};

struct BF16 {
  using Input = BFloat16;
  using Accumulator = float;
  using Output = BFloat16;
  static constexpr int kPerLane = 4;
  static constexpr int kUnordered = 2;
  static Vec<float> load(const BFloat16* p) { return float_of_bfloat16<Vec<float>>(load_wide_halves(p)); }
  template <bool kStreaming>
  static void store(BFloat16* p, Vec<float> v) {
    store_vector<kStreaming>(p, narrow_to_halves(bfloat16_of_float<Vec<uint32_t>>(v)));
  }
  static Bundle<float, 2> split(Pairs pairs) {
    return {as<Vec<float>>(pairs << 16), as<Vec<float>>(pairs & 0xFFFF0000u)};
  }
  // Not the instruction of AVX512_BF16: it takes subnormal values for 0. And not bfloat16_of_float: a NaN among sums
  // of bf16 values is one of theirs or the CPU's own, whose lower 16 bits are 0, and needs no care.
  static Pairs join(Vec<float> first, Vec<float> second) {
    using Words = Vec<uint16_t>;
    const auto a = as<Pairs>(first);
    const auto b = as<Pairs>(second);
    const auto kept = as<Words>(a >> 16 | (b & 0xFFFF0000u));
    const auto cut = as<Words>((a & 0xFFFFu) | b << 16);
    // Up where more than half a step is cut off, or half a step of an odd number.
    return as<Pairs>((cut | (kept & 1)) > 0x8000 ? kept + 1 : kept);
  }
  static float widen(BFloat16 value) { return float_of_bfloat16<float>(uint32_t{value.bits}); }
  static BFloat16 narrow(float value) { return {static_cast<uint16_t>(bfloat16_of_float<uint32_t>(value))}; }
};

struct I32ToI64 {
  using Input = uint32_t;
  using Accumulator = uint64_t;
  using Output = uint64_t;
  static constexpr int kPerLane = 1;
  static constexpr int kUnordered = 1;
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

// --- Bundles of a type pair.

template <class E>
using BundleOf = Bundle<typename E::Accumulator, E::kPerLane>;
template <class E>
inline constexpr int kBundle = E::kPerLane* kLanes<typename E::Accumulator>;  // elements

template <class E>
inline BundleOf<E> load_bundle(const typename E::Input* p) {
  if constexpr (E::kPerLane == 1) {
    return {E::load(p)};
  } else if constexpr (E::kUnordered == 1) {
    return E::load_bundle(p);
  } else {
    static_assert(E::kPerLane == 4);
    const Pairs a = load_pairs(p);
    const Pairs b = load_pairs(p + kBundle<E> / 2);
    const auto front = E::split(even_lanes<uint32_t>(a, b));
    const auto back = E::split(odd_lanes<uint32_t>(a, b));
    return {front.at[0], front.at[1], back.at[0], back.at[1]};
  }
}

template <class E, bool kStreaming>
inline void store_bundle(typename E::Output* p, const BundleOf<E>& v) {
  if constexpr (E::kPerLane == 1) {
    E::template store<kStreaming>(p, v.at[0]);
  } else if constexpr (E::kUnordered == 1) {
    E::template store_bundle<kStreaming>(p, v);
  } else {
    const Pairs front = E::join(v.at[0], v.at[1]);
    const Pairs back = E::join(v.at[2], v.at[3]);
    store_vector<kStreaming>(p, first_of_lanes<uint32_t>(front, back));
    store_vector<kStreaming>(p + kBundle<E> / 2, second_of_lanes<uint32_t>(front, back));
  }
}

// The next kVectors vectors of elements, 1 or kUnordered, in whichever order is quickest; stored, they are back where
// they were.
template <class E, int kVectors>
inline Bundle<typename E::Accumulator, kVectors> load_unordered(const typename E::Input* p) {
  if constexpr (kVectors == 1) {
    return {E::load(p)};
  } else {
    return E::split(load_pairs(p));
  }
}

template <class E, bool kStreaming, int kVectors>
inline void store_unordered(typename E::Output* p, const Bundle<typename E::Accumulator, kVectors>& v) {
  if constexpr (kVectors == 1) {
    E::template store<kStreaming>(p, v.at[0]);
  } else {
    store_vector<kStreaming>(p, E::join(v.at[0], v.at[1]));
  }
}

}  // namespace scantune::cpu::SCANTUNE_CPU_ISA
