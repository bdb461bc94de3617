// What one thread does, compiled once for each vector instruction set and reached through tables of
// functions. The families (two_pass.cc, row_carry.cc, ...) share the work out over threads.
//
// Tensors are outer x n x inner, summed along n. There are two kinds of leaves:
//
// - Row leaves, where inner is 1, work on flat elements [begin, end): a span may begin and end in the
//   middle of a row and hold any number of row ends. It is read and written from right to left. `carry`
//   is the sum of the elements from `end` to the end of their row, 0 where `end` is the end of a row.
// - Column leaves, where inner is more, work on a block: lines [line_begin, line_end) of `inner`
//   elements, of those columns [column_begin, column_end). A block may hold lines of any number of
//   slabs of n lines. It is read and written from the bottom line up. `sums` holds a carry a column.
#pragma once

#include <cstdint>

namespace scantune::cpu {

// What is summed, and in what: the order of the tables. Halves are summed in f32, all others in their own
// type but i32_in_i64, whose result is i64.
enum class TypePair : int { f16, bf16, f32, f64, i32, i64, i32_in_i64 };
inline constexpr int kTypePairs = 7;

enum class Store : int { cached, streaming };  // streaming: non-temporal, past the caches
inline constexpr int kStores = 2;

inline constexpr int kUnrolls[] = {2, 4, 8};  // vectors scanned at once
inline constexpr int kUnrollCount = 3;
inline constexpr int kCommonUnroll = 4;  // the one there is for every type; f32 has all

// What a scan does for the elements that come next, while it works on these.
enum class Ahead : int {
  falling,  // prefetches `distance` elements to the left of where it is, right to left as it goes
  rising,   // prefetches the `distance` elements at `next`, left to right: the order prefetchers know best
  summing,  // sums the `distance` elements at `next`, left to right, which brings them into the cache
};
inline constexpr int kAheads = 3;

// A sum in the accumulator of some type pair: its bits, from the lowest. All zero: 0.
struct Sum {
  uint64_t bits;
};

struct ScanSpan {
  const void* in;  // flat element 0
  void* out;
  int64_t begin;
  int64_t end;
  int64_t n;
  Sum carry;
  int64_t next;  // a flat element
  int64_t distance;
};

struct ScanResult {
  Sum carry;     // the sum from `begin` to the end of its row
  Sum next_sum;  // Ahead::summing: the sum of the elements at `next`; else 0
};

struct ColumnBlock {
  const void* in;  // flat element 0
  void* out;       // of sum_columns: not used
  int64_t n;
  int64_t inner;
  int64_t line_begin;  // lines are counted from the tensor's first: line l is line l % n of its slab
  int64_t line_end;
  int64_t column_begin;
  int64_t column_end;
  // An accumulator a column, in an order that only blocks of the same columns share. Before: the sums of the
  // lines from line_end to the end of their slab, of no meaning where line_end is the end of a slab. After: the
  // same of line_begin.
  void* sums;
};
// Columns of a block, at most; as many as are in a line where a line is shorter than a vector.
inline constexpr int64_t kMostColumns = 4096;

struct ScanLeaves {
  int input_bytes;
  int accumulator_bytes;
  int output_bytes;
  using Scan = ScanResult (*)(const ScanSpan&);
  Scan scan[kAheads][kUnrollCount][kStores];               // null where the type pair has no such unroll
  Sum (*sum)(const void* in, int64_t begin, int64_t end);  // of flat elements of one row
  Sum (*add)(Sum a, Sum b);
  void (*scan_columns[kStores])(const ColumnBlock&);
  void (*sum_columns)(const ColumnBlock&);  // the same `sums`, nothing written
  void (*add_columns)(void* sums, const void* more, int64_t columns);
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

// The bound test keeps the sums at every chunk's end, and recomputes what lies between. A chunk is as many
// elements of the flat tensor where inner is 1, else as many lines of a slab.
inline constexpr int64_t kChunk = 512;

// Inputs and checks of the two verification tests (kernels/workload.h) for one type pair. Flat spans
// begin at multiples of kChunk. Integers have no bound test, but where they are widened: there it has
// sums that need more than 32 bits. Null where there is none.
struct VerifyLeaves {
  // `stride` is inner, `slab` is n * inner.
  void (*fill_exact)(void* in, int64_t begin, int64_t end, int64_t slab, int64_t stride, unsigned long long seed);
  void (*fill_mixed)(void* in, int64_t begin, int64_t end, unsigned long long seed);
  Faults (*check_exact)(const void* out, int64_t begin, int64_t end, unsigned long long seed);
  // Rows, inner is 1: ends[c] holds the sums from the end of chunk c to the end of the row it ends in.
  Faults (*check_bound)(const void* out, int64_t begin, int64_t end, int64_t n, unsigned long long seed,
                        const RowSums* ends, Tolerance tolerance);
  // Columns: lines [line_begin, line_end) of one slab, columns [column_begin, column_end); ends holds, from
  // column_begin on, each column's sums from line_end to the end of the slab.
  Faults (*check_bound_columns)(const void* out, int64_t line_begin, int64_t line_end, int64_t column_begin,
                                int64_t column_end, int64_t inner, unsigned long long seed, const RowSums* ends,
                                Tolerance tolerance);
};

struct Leaves {
  const char* isa;  // "avx512", "avx2", "sse2", or "generic" where no vector unit was chosen
  int vector_bytes;
  bool streams;  // whether Store::streaming differs from Store::cached

  ScanLeaves scans[kTypePairs];
  VerifyLeaves verify[kTypePairs];
  // Sums of the bound test's values of [begin, end), which lie in one row.
  RowSums (*mixed_sums)(int64_t begin, int64_t end, unsigned long long seed);
  // Adds to `sums`, by column from column_begin on, those of lines [line_begin, line_end), columns [column_begin,
  // column_end).
  void (*mixed_column_sums)(int64_t line_begin, int64_t line_end, int64_t column_begin, int64_t column_end,
                            int64_t inner, unsigned long long seed, RowSums* sums);

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
