// The leaves for one instruction set. CMakeLists.txt compiles this file several times, each with
// flags and a namespace (SCANTUNE_CPU_ISA) of its own. It must not include headers of the standard
// library with inline functions: the linker keeps one copy of such a function, and a copy with AVX-512
// in it must not be the one that a CPU without it gets (tests/cpu_symbols.cmake checks).
#include "cpu/leaves.h"

#include "cpu/scan.h"
#include "cpu/vector.h"
#include "cpu/verify_leaves.h"

namespace scantune::cpu::SCANTUNE_CPU_ISA {
namespace {

#define SCANTUNE_STRINGIFY_(x) #x
#define SCANTUNE_STRINGIFY(x) SCANTUNE_STRINGIFY_(x)

#if defined(__SSE2__)
constexpr bool kStreams = true;
#else
constexpr bool kStreams = false;
#endif

void stream_copy(const void* from, void* to, int64_t bytes) {
  const char* source = static_cast<const char*>(from);
  char* target = static_cast<char*>(to);
  constexpr int64_t kStep = 4 * int64_t{kVectorBytes};
  int64_t i = 0;
  for (; i + kStep <= bytes; i += kStep) {
    for (int64_t at = i; at < i + kStep; at += kVectorBytes) {
      store<true, float>(reinterpret_cast<float*>(target + at), load(reinterpret_cast<const float*>(source + at)));
    }
  }
  __builtin_memcpy(target + i, source + i, static_cast<size_t>(bytes - i));
}

void stream_fill(void* to, int byte, int64_t bytes) {
  char* target = static_cast<char*>(to);
  const Vec<int32_t> pattern = broadcast(static_cast<int32_t>(0x01010101u * static_cast<unsigned>(byte & 0xFF)));
  int64_t i = 0;
  for (; i + kVectorBytes <= bytes; i += kVectorBytes) {
    store<true, int32_t>(reinterpret_cast<int32_t*>(target + i), pattern);
  }
  __builtin_memset(target + i, byte, static_cast<size_t>(bytes - i));
}

void fence() {
#if defined(__SSE2__)
  _mm_sfence();
#endif
}

void pause() {
#if defined(__SSE2__)
  _mm_pause();
#elif defined(__aarch64__)
  asm volatile("yield");
#endif
}

template <class T, Ahead kAhead, int kUnroll>
constexpr void fill_stores(typename ScanLeaves<T>::Scan (&row)[kStores]) {
  row[static_cast<int>(Store::cached)] = scan<T, kAhead, kUnroll, Store::cached>;
  row[static_cast<int>(Store::streaming)] = scan<T, kAhead, kUnroll, Store::streaming>;
}

template <class T, Ahead kAhead>
constexpr void fill_unrolls(typename ScanLeaves<T>::Scan (&plane)[kUnrollCount][kStores]) {
  fill_stores<T, kAhead, kUnrolls[0]>(plane[0]);
  fill_stores<T, kAhead, kUnrolls[1]>(plane[1]);
  fill_stores<T, kAhead, kUnrolls[2]>(plane[2]);
}

template <class T>
constexpr ScanLeaves<T> scan_leaves() {
  ScanLeaves<T> leaves = {};
  fill_unrolls<T, Ahead::falling>(leaves.scan[static_cast<int>(Ahead::falling)]);
  fill_unrolls<T, Ahead::rising>(leaves.scan[static_cast<int>(Ahead::rising)]);
  fill_unrolls<T, Ahead::summing>(leaves.scan[static_cast<int>(Ahead::summing)]);
  leaves.sum = sum<T>;
  return leaves;
}

}  // namespace

extern const Leaves kLeaves;
constexpr Leaves kLeaves = {
    SCANTUNE_STRINGIFY(SCANTUNE_CPU_ISA),
    kVectorBytes,
    kStreams,
    scan_leaves<float>(),
    {kFloatingLeaves<Half>, kFloatingLeaves<BFloat16>, kFloatingLeaves<float>, kFloatingLeaves<double>,
     kIntegerLeaves<int32_t>, kIntegerLeaves<int64_t>},
    mixed_sums,
    stream_copy,
    stream_fill,
    fence,
    pause,
};

}  // namespace scantune::cpu::SCANTUNE_CPU_ISA
