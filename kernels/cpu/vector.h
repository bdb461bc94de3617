// A vector register of T and the operations a scan needs. Uses the vector extensions of GCC and
// Clang, and intrinsics where those do not say what is meant (non-temporal stores) or compile badly.
#pragma once

#if defined(__x86_64__)
#include <immintrin.h>
#endif

#include <cstdint>

#ifndef SCANTUNE_CPU_ISA
#error "compile with -DSCANTUNE_CPU_ISA=<name of the namespace>"
#endif

// One namespace for each instruction set: code for one must never stand in for code for another.
namespace scantune::cpu::SCANTUNE_CPU_ISA {

#if defined(__AVX512F__)
inline constexpr int kVectorBytes = 64;
#elif defined(__AVX2__)
inline constexpr int kVectorBytes = 32;
#else
inline constexpr int kVectorBytes = 16;
#endif

template <class T>
inline constexpr int kLanes = kVectorBytes / static_cast<int>(sizeof(T));

// The types that go with an element type. A trait and not alias templates: GCC drops
// attributes on dependent types when it deduces template arguments.
template <class T>
struct VectorTypes {
  using Vec [[gnu::vector_size(kVectorBytes)]] = T;
  using Unaligned [[gnu::vector_size(kVectorBytes), gnu::aligned(sizeof(T)), gnu::may_alias]] = T;
};
template <int kBytes>
struct IndexOfSize;
template <>
struct IndexOfSize<4> {
  using Type = uint32_t;
};
template <>
struct IndexOfSize<8> {
  using Type = uint64_t;
};

template <class T>
using Vec = typename VectorTypes<T>::Vec;
template <class T>
using UnalignedVec = typename VectorTypes<T>::Unaligned;
template <class T>
using Index = typename IndexOfSize<sizeof(T)>::Type;  // an unsigned integer as wide as T
template <class T>
using IndexVec = Vec<Index<T>>;

// The same bits as another type.
template <class To, class From>
inline To as(From from) {
  return __builtin_bit_cast(To, from);
}

template <class T>
inline Vec<T> load_vector(const T* p) {
  return *reinterpret_cast<const UnalignedVec<T>*>(p);
}

// Writes a vector, or the half of one that narrower elements make. Streaming: `p` must be aligned to
// the size of V; only x86-64 has such stores for every size.
template <bool kStreaming, class V>
inline void store_vector(void* p, V v) {
#if defined(__x86_64__)
  if constexpr (kStreaming) {
#if defined(__AVX512F__)
    if constexpr (sizeof(V) == 64) {
      _mm512_stream_si512(static_cast<__m512i*>(p), as<__m512i>(v));
    }
#endif
#if defined(__AVX2__)
    if constexpr (sizeof(V) == 32) {
      _mm256_stream_si256(static_cast<__m256i*>(p), as<__m256i>(v));
    }
#endif
    if constexpr (sizeof(V) == 16) {
      _mm_stream_si128(static_cast<__m128i*>(p), as<__m128i>(v));
    }
    if constexpr (sizeof(V) == 8) {
      _mm_stream_si64(static_cast<long long*>(p), as<long long>(v));
    }
    return;
  }
#endif
  __builtin_memcpy(p, &v, sizeof v);
}

#if defined(__AVX512F__)
// The masked forms of intrinsics, with no lane masked out: the plain ones start from an undefined
// value, which GCC 12 warns of (GCC bug 105593).
inline constexpr uint16_t kAllLanes = 0xFFFF;
#endif

// Every lane takes the value k lanes above it; the k highest become 0.
template <int k, class T>
inline Vec<T> from_above(Vec<T> v) {
#if defined(__AVX512F__)
  if constexpr (sizeof(T) == 4) {
    return as<Vec<T>>(_mm512_maskz_alignr_epi32(kAllLanes, _mm512_setzero_si512(), as<__m512i>(v), k));
  } else {
    return as<Vec<T>>(
        _mm512_maskz_alignr_epi64(static_cast<__mmask8>(kAllLanes), _mm512_setzero_si512(), as<__m512i>(v), k));
  }
#else
  const Vec<T> zero = {};
  if constexpr (kLanes<T> == 8) {
    return __builtin_shufflevector(v, zero, k, k + 1, k + 2, k + 3, k < 4 ? k + 4 : 8, k < 3 ? k + 5 : 8,
                                   k < 2 ? k + 6 : 8, 8);
  } else if constexpr (kLanes<T> == 4) {
    return __builtin_shufflevector(v, zero, k, k + 1, k < 2 ? k + 2 : 4, 4);
  } else {
    return __builtin_shufflevector(v, zero, 1, 2);
  }
#endif
}

template <class T>
inline Vec<T> broadcast(T value) {
  Vec<T> v;
  for (int lane = 0; lane < kLanes<T>; ++lane) {
    v[lane] = value;
  }
  return v;
}

// Lane 0 in every lane.
template <class T>
inline Vec<T> broadcast_first(Vec<T> v) {
  if constexpr (kLanes<T> == 16) {
    return __builtin_shufflevector(v, v, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0);
  } else if constexpr (kLanes<T> == 8) {
    return __builtin_shufflevector(v, v, 0, 0, 0, 0, 0, 0, 0, 0);
  } else if constexpr (kLanes<T> == 4) {
    return __builtin_shufflevector(v, v, 0, 0, 0, 0);
  } else {
    return __builtin_shufflevector(v, v, 0, 0);
  }
}

// Every lane takes the value one lane above it, and the highest takes lane 0 of `top`.
template <class T>
inline Vec<T> from_next(Vec<T> v, Vec<T> top) {
  if constexpr (kLanes<T> == 16) {
    return __builtin_shufflevector(v, top, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16);
  } else if constexpr (kLanes<T> == 8) {
    return __builtin_shufflevector(v, top, 1, 2, 3, 4, 5, 6, 7, 8);
  } else if constexpr (kLanes<T> == 4) {
    return __builtin_shufflevector(v, top, 1, 2, 3, 4);
  } else {
    return __builtin_shufflevector(v, top, 1, 2);
  }
}

// Of two vectors that follow each other in memory, every other lane: from the first, or from the second on.
template <class T>
inline Vec<T> even_lanes(Vec<T> a, Vec<T> b) {
  if constexpr (kLanes<T> == 16) {
    return __builtin_shufflevector(a, b, 0, 2, 4, 6, 8, 10, 12, 14, 16, 18, 20, 22, 24, 26, 28, 30);
  } else if constexpr (kLanes<T> == 8) {
    return __builtin_shufflevector(a, b, 0, 2, 4, 6, 8, 10, 12, 14);
  } else {
    static_assert(kLanes<T> == 4);
    return __builtin_shufflevector(a, b, 0, 2, 4, 6);
  }
}
template <class T>
inline Vec<T> odd_lanes(Vec<T> a, Vec<T> b) {
  if constexpr (kLanes<T> == 16) {
    return __builtin_shufflevector(a, b, 1, 3, 5, 7, 9, 11, 13, 15, 17, 19, 21, 23, 25, 27, 29, 31);
  } else if constexpr (kLanes<T> == 8) {
    return __builtin_shufflevector(a, b, 1, 3, 5, 7, 9, 11, 13, 15);
  } else {
    static_assert(kLanes<T> == 4);
    return __builtin_shufflevector(a, b, 1, 3, 5, 7);
  }
}

// The way back: the first and the second of two vectors in memory, of their even and their odd lanes.
template <class T>
inline Vec<T> first_of_lanes(Vec<T> even, Vec<T> odd) {
  if constexpr (kLanes<T> == 16) {
    return __builtin_shufflevector(even, odd, 0, 16, 1, 17, 2, 18, 3, 19, 4, 20, 5, 21, 6, 22, 7, 23);
  } else if constexpr (kLanes<T> == 8) {
    return __builtin_shufflevector(even, odd, 0, 8, 1, 9, 2, 10, 3, 11);
  } else {
    static_assert(kLanes<T> == 4);
    return __builtin_shufflevector(even, odd, 0, 4, 1, 5);
  }
}
template <class T>
inline Vec<T> second_of_lanes(Vec<T> even, Vec<T> odd) {
  if constexpr (kLanes<T> == 16) {
    return __builtin_shufflevector(even, odd, 8, 24, 9, 25, 10, 26, 11, 27, 12, 28, 13, 29, 14, 30, 15, 31);
  } else if constexpr (kLanes<T> == 8) {
    return __builtin_shufflevector(even, odd, 4, 12, 5, 13, 6, 14, 7, 15);
  } else {
    static_assert(kLanes<T> == 4);
    return __builtin_shufflevector(even, odd, 2, 6, 3, 7);
  }
}

// Lane l takes the lane of `v` that `lanes[l]` names; of numbers past the last, any.
template <class T>
inline Vec<T> shuffle(Vec<T> v, IndexVec<T> lanes) {
#if defined(__AVX512F__)
  if constexpr (sizeof(T) == 4) {
    return as<Vec<T>>(_mm512_maskz_permutexvar_epi32(kAllLanes, as<__m512i>(lanes), as<__m512i>(v)));
  } else {
    return as<Vec<T>>(
        _mm512_maskz_permutexvar_epi64(static_cast<__mmask8>(kAllLanes), as<__m512i>(lanes), as<__m512i>(v)));
  }
#elif defined(__AVX2__)
  if constexpr (sizeof(T) == 4) {
    return as<Vec<T>>(_mm256_permutevar8x32_epi32(as<__m256i>(v), as<__m256i>(lanes)));
  } else {
    const IndexVec<T> halves = lanes * 2 | (lanes * 2 + 1) << 32;  // lane k is lanes 2k and 2k + 1 of 32 bits
    return as<Vec<T>>(_mm256_permutevar8x32_epi32(as<__m256i>(v), as<__m256i>(halves)));
  }
#else
  Vec<T> picked;
  for (int lane = 0; lane < kLanes<T>; ++lane) {
    picked[lane] = v[lanes[lane] % kLanes<T>];
  }
  return picked;
#endif
}

// 0, 1, 2, ...
template <class T>
inline IndexVec<T> lane_numbers() {
  IndexVec<T> v;
  for (int lane = 0; lane < kLanes<T>; ++lane) {
    v[lane] = static_cast<Index<T>>(lane);
  }
  return v;
}

// Lane l becomes the sum of lanes l and above: log2(lanes) steps, each adding what lies 1, 2, 4, ... above.
template <class T>
inline Vec<T> scan_lanes(Vec<T> v) {
#if defined(__AVX512F__)
  if constexpr (sizeof(T) == 4) {
    // Within pairs of lanes first, whose shifts are cheap; then what begins the upper half of a quarter, and last what
    // begins each quarter, goes to those below it.
    v += as<Vec<T>>(as<Vec<uint64_t>>(v) >> 32);
    v += as<Vec<T>>(_mm512_maskz_shuffle_epi32(0x3333, as<__m512i>(v), _MM_PERM_CCCC));
    const __m512i next = _mm512_setr_epi32(4, 4, 4, 4, 8, 8, 8, 8, 12, 12, 12, 12, 0, 0, 0, 0);
    const __m512i second = _mm512_setr_epi32(8, 8, 8, 8, 12, 12, 12, 12, 0, 0, 0, 0, 0, 0, 0, 0);
    v += as<Vec<T>>(_mm512_maskz_permutexvar_epi32(0x0FFF, next, as<__m512i>(v)));
    v += as<Vec<T>>(_mm512_maskz_permutexvar_epi32(0x00FF, second, as<__m512i>(v)));
    return v;
  }
#endif
  v += from_above<1, T>(v);
  if constexpr (kLanes < T >> 2) {
    v += from_above<2, T>(v);
  }
  if constexpr (kLanes < T >> 4) {
    v += from_above<4, T>(v);
  }
  if constexpr (kLanes < T >> 8) {
    v += from_above<8, T>(v);
  }
  return v;
}

}  // namespace scantune::cpu::SCANTUNE_CPU_ISA
