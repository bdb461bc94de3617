// The leaves for one instruction set. CMakeLists.txt compiles this file several times, each with
// flags and a namespace (SCANTUNE_CPU_ISA) of its own. It must not include headers of the standard
// library with inline functions: the linker keeps one copy of such a function, and a copy with AVX-512
// in it must not be the one that a CPU without it gets (tests/cpu_symbols.cmake checks).
#include "cpu/leaves.h"

#include "cpu/columns.h"
#include "cpu/elements.h"
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
      store_vector<true>(target + at, load_vector(reinterpret_cast<const float*>(source + at)));
    }
  }
  __builtin_memcpy(target + i, source + i, static_cast<size_t>(bytes - i));
}

void stream_fill(void* to, int byte, int64_t bytes) {
  char* target = static_cast<char*>(to);
  const Vec<int32_t> pattern = broadcast(static_cast<int32_t>(0x01010101u * static_cast<unsigned>(byte & 0xFF)));
  int64_t i = 0;
  for (; i + kVectorBytes <= bytes; i += kVectorBytes) {
    store_vector<true>(target + i, pattern);
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

template <class E, Ahead kAhead, int kUnroll>
constexpr void fill_stores(ScanLeaves::Scan (&row)[kStores]) {
  row[static_cast<int>(Store::cached)] = scan<E, kAhead, kUnroll, Store::cached>;
  row[static_cast<int>(Store::streaming)] = scan<E, kAhead, kUnroll, Store::streaming>;
}

// All unrolls of all types would make the row leaves twice as large; only f32, the type that is tuned most, has them.
template <class E, Ahead kAhead>
constexpr void fill_unrolls(ScanLeaves::Scan (&plane)[kUnrollCount][kStores]) {
  static_assert(kUnrolls[1] == kCommonUnroll);
  fill_stores<E, kAhead, kUnrolls[1]>(plane[1]);
  if constexpr (__is_same(E, F32)) {
    fill_stores<E, kAhead, kUnrolls[0]>(plane[0]);
    fill_stores<E, kAhead, kUnrolls[2]>(plane[2]);
  }
}

template <class E>
constexpr ScanLeaves scan_leaves() {
  ScanLeaves leaves = {};
  leaves.input_bytes = sizeof(typename E::Input);
  leaves.accumulator_bytes = sizeof(typename E::Accumulator);
  leaves.output_bytes = sizeof(typename E::Output);
  fill_unrolls<E, Ahead::falling>(leaves.scan[static_cast<int>(Ahead::falling)]);
  fill_unrolls<E, Ahead::rising>(leaves.scan[static_cast<int>(Ahead::rising)]);
  fill_unrolls<E, Ahead::summing>(leaves.scan[static_cast<int>(Ahead::summing)]);
  leaves.sum = sum<E>;
  leaves.add = add<E>;
  leaves.scan_columns[static_cast<int>(Store::cached)] = scan_columns<E, Store::cached>;
  leaves.scan_columns[static_cast<int>(Store::streaming)] = scan_columns<E, Store::streaming>;
  leaves.sum_columns = sum_columns<E>;
  leaves.add_columns = add_columns<E>;
  return leaves;
}

}  // namespace

extern const Leaves kLeaves;
constexpr Leaves kLeaves = {
    SCANTUNE_STRINGIFY(SCANTUNE_CPU_ISA),
    kVectorBytes,
    kStreams,
    // In the order of TypePair.
    {scan_leaves<F16>(), scan_leaves<BF16>(), scan_leaves<F32>(), scan_leaves<F64>(), scan_leaves<I32>(),
     scan_leaves<I64>(), scan_leaves<I32ToI64>()},
    {kFloatingLeaves<Half>, kFloatingLeaves<BFloat16>, kFloatingLeaves<float>, kFloatingLeaves<double>,
     kIntegerLeaves<int32_t>, kIntegerLeaves<int64_t>, kWidenedLeaves},
    mixed_sums,
    mixed_column_sums,
    stream_copy,
    stream_fill,
    fence,
    pause,
};

}  // namespace scantune::cpu::SCANTUNE_CPU_ISA
