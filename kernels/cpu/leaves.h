// What one thread does, compiled once for each vector instruction set and reached through tables of
// functions. The families (two_pass.h, row_carry.h, tile_chain.h) share the work out over threads.
//
// A leaf works on flat elements [begin, end) of a matrix of rows of n elements: a span may begin and
// end in the middle of a row and hold any number of row ends. It is read and written from right to
// left. `carry` is the sum of the elements from `end` to the end of their row, 0 where `end` is the
// end of a row.
#pragma once

#include <cstdint>

namespace scantune::cpu {

enum class Store : int { cached, streaming };  // streaming: non-temporal, past the caches
inline constexpr int kStores = 2;

inline constexpr int kUnrolls[] = {2, 4, 8};  // vectors scanned at once
inline constexpr int kUnrollCount = 3;

// What a scan does for the elements that come next, while it works on these.
enum class Ahead : int {
  falling,  // prefetches `distance` elements to the left of where it is, right to left as it goes
  rising,   // prefetches the `distance` elements at `next`, left to right: the order prefetchers know best
  summing,  // sums the `distance` elements at `next`, left to right, which brings them into the cache
};
inline constexpr int kAheads = 3;

template <class T>
struct ScanSpan {
  const T* in;  // flat element 0
  T* out;
  int64_t begin;
  int64_t end;
  int64_t n;
  T carry;
  const T* next;
  int64_t distance;
};

template <class T>
struct ScanResult {
  T carry;     // the sum from `begin` to the end of its row
  T next_sum;  // Ahead::summing: the sum of the elements at `next`; else 0
};

template <class T>
struct ScanLeaves {
  using Scan = ScanResult<T> (*)(const ScanSpan<T>&);
  Scan scan[kAheads][kUnrollCount][kStores];
  T (*sum)(const T* values, int64_t count);
};

// Sums of the bound test's values up to the end of the row: of the values, and of their magnitudes.
struct RowSums {
  double sum;
  double magnitude;
};

// How far an element may be from its reference.
struct Tolerance {
  double of_magnitude;  // times the sum of the magnitudes that were added up
  double of_value;      // times the reference itself
  double absolute;
};

// The first element at fault is the one with the lowest index.
struct Faults {
  int64_t count;
  int64_t first;
  double got;
  double expected;
};

// The bound test keeps the sums at every chunk's end, and recomputes what lies between.
inline constexpr int64_t kChunk = 512;

// Inputs and checks of the two verification tests (kernels/workload.h) for one element type,
// rows innermost. Spans begin at multiples of kChunk. Integers have no bound test: both are null.
struct VerifyLeaves {
  void (*fill_exact)(void* in, int64_t begin, int64_t end, int64_t n, unsigned long long seed);
  void (*fill_mixed)(void* in, int64_t begin, int64_t end, unsigned long long seed);
  Faults (*check_exact)(const void* out, int64_t begin, int64_t end, unsigned long long seed);
  // ends[c] holds the sums from the end of chunk c to the end of the row it ends in.
  Faults (*check_bound)(const void* out, int64_t begin, int64_t end, int64_t n, unsigned long long seed,
                        const RowSums* ends, Tolerance tolerance);
};

inline constexpr int kElementTypes = 6;  // in the order of scantune::DType: f16 bf16 f32 f64 i32 i64

struct Leaves {
  const char* isa;  // "avx512", "avx2", "sse2", or "generic" where no vector unit was chosen
  int vector_bytes;
  bool streams;  // whether Store::streaming differs from Store::cached

  ScanLeaves<float> f32;
  VerifyLeaves verify[kElementTypes];
  // Sums of the values of [begin, end), which lie in one row.
  RowSums (*mixed_sums)(int64_t begin, int64_t end, unsigned long long seed);

  void (*stream_copy)(const void* from, void* to, int64_t bytes);  // both 64-byte aligned
  void (*stream_fill)(void* to, int byte, int64_t bytes);          // 64-byte aligned
  // Orders streaming stores before what the thread does next; to be called before others read them.
  void (*fence)();
  void (*pause)();  // a hint to the CPU in a spinning loop
};

// The tables this CPU can run, best first; never empty.
struct LeafTables {
  const Leaves* tables[3];
  int count;
};
LeafTables leaf_tables();

}  // namespace scantune::cpu
