// What the host must know of kernels/verify.cuh: its entries, the structures it shares with the device,
// how a tensor is cut into segments and how far a result may be off. No CUDA in here.
#pragma once

#include <cstdint>
#include <string>

#include "core/kernel.h"
#include "core/workload.h"

namespace scantune::cuda::verification {

// The kernels of verify.cuh for a workload, as a family that a Compiler compiles like any other. Its
// launches are the entries below, in their order; their grids are the verifier's to choose.
Kernel kernel();

enum Entry {
  generate_exact,
  check_exact,
  check_guard,
  flush_cache,
  integer_entries,  // the rest are there for floating types only
  generate_mixed = integer_entries,
  segment_sums,
  suffix_sums_short,
  suffix_sums_long,
  check_bound,
};

inline constexpr int kThreads = 256;       // a block of every entry but the next
inline constexpr int kLongThreads = 1024;  // suffix_sums_long

struct Report {
  uint64_t wrong = 0;
  uint64_t first = ~uint64_t{0};
  double expected = 0;
  double bound = 0;
};

struct Sums {
  double x;
  double magnitude;
};

struct Segments {
  int64_t n;
  uint64_t inner;
  int64_t length;
  uint64_t per_line;
  uint64_t units;
};

struct Tolerance {
  double relative;
  double rounding;
  double least;
};

// Lanes that share a segment: a warp where a line's elements lie close together, else one.
int lanes(const Geometry& geometry);

Segments segments(const Geometry& geometry);

// Bytes of device memory for the sums of the bound test: none for integers, and where a line is one segment.
int64_t sums_bytes(const Workload& workload);

// Whether suffix_sums_short does the lines, or suffix_sums_long.
bool lines_are_short(const Segments& segments);

Tolerance tolerance(const Workload& workload);

// Bits of y in the exact test.
int exact_bits(DType dtype);

// An element in memory as people read it.
std::string value_text(DType dtype, const unsigned char* bytes);

}  // namespace scantune::cuda::verification
