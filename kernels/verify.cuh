// What the tool runs around the kernels it tunes: it generates the inputs of workload.h on the device,
// checks every element of an output, and empties the L2 cache before a cold launch.
//
// A tensor is seen as (outer, n, inner): element (o, i, k) lies at (o * n + i) * inner + k, and y(i) must
// be the sum of x(j) over j >= i. All indices are 64 bits wide.
//
//   exact test   x from integers whose sums telescope; y must be those integers, x must be untouched.
//   bound test   x of mixed magnitude; y must lie within a rounding bound of a float64 reference, which
//                is recomputed where it is needed, so that memory for it stays small:
//
//                  a line:  |  segment 0  |  segment 1  |  segment 2  |     n positions, cut into segments
//                  1. segment_sums:    sum of x and sum of |x| of each segment (float64)
//                  2. suffix_sums:     turned into the sums of all segments to the right
//                  3. check_bound:     each segment again, from its right end, starting from those
//
//                The values are multiples of 2^-19 and below 2, so float64 sums of up to 2^33 of them are
//                exact: the reference has no error of its own.
//
// C++17, compiled by NVRTC and nvcc; needs no header of the toolkit.
#pragma once

#include "workload.h"

namespace scantune::verify {

// --- Element types: how a value is stored ------------------------------------------------------
// kBits: of the exact test. `integer` and `real` are exact for the values of workload.h.

struct F32 {
  using Storage = float;
  static constexpr int kBits = static_cast<int>(ExactBits::f32);
  __device__ static Storage integer(long long value) { return static_cast<float>(value); }
  __device__ static Storage real(float value) { return value; }
  __device__ static double value(Storage stored) { return stored; }
  __device__ static bool is(Storage stored, long long value) { return stored == static_cast<float>(value); }
};

struct F64 {
  using Storage = double;
  static constexpr int kBits = static_cast<int>(ExactBits::f64);
  __device__ static Storage integer(long long value) { return static_cast<double>(value); }
  __device__ static Storage real(float value) { return value; }
  __device__ static double value(Storage stored) { return stored; }
  __device__ static bool is(Storage stored, long long value) { return stored == static_cast<double>(value); }
};

struct F16 {
  using Storage = unsigned short;
  static constexpr int kBits = static_cast<int>(ExactBits::f16);
  __device__ static Storage real(float value) {
    Storage stored;
    asm("cvt.rn.f16.f32 %0, %1;" : "=h"(stored) : "f"(value));
    return stored;
  }
  __device__ static float widen(Storage stored) {
    float value;
    asm("cvt.f32.f16 %0, %1;" : "=f"(value) : "h"(stored));
    return value;
  }
  __device__ static Storage integer(long long value) { return real(static_cast<float>(value)); }
  __device__ static double value(Storage stored) { return widen(stored); }
  __device__ static bool is(Storage stored, long long value) { return widen(stored) == static_cast<float>(value); }
};

struct BF16 {  // the upper half of a float
  using Storage = unsigned short;
  static constexpr int kBits = static_cast<int>(ExactBits::bf16);
  __device__ static Storage real(float value) { return static_cast<Storage>(__float_as_uint(value) >> 16); }
  __device__ static float widen(Storage stored) { return __uint_as_float(static_cast<unsigned>(stored) << 16); }
  __device__ static Storage integer(long long value) { return real(static_cast<float>(value)); }
  __device__ static double value(Storage stored) { return widen(stored); }
  __device__ static bool is(Storage stored, long long value) { return widen(stored) == static_cast<float>(value); }
};

struct I32 {
  using Storage = int;
  static constexpr int kBits = static_cast<int>(ExactBits::i32);
  __device__ static Storage integer(long long value) { return static_cast<int>(value); }
  __device__ static bool is(Storage stored, long long value) { return stored == value; }
};

struct I64 {
  using Storage = long long;
  static constexpr int kBits = static_cast<int>(ExactBits::i64);
  __device__ static Storage integer(long long value) { return value; }
  __device__ static bool is(Storage stored, long long value) { return stored == value; }
};

// --- What a check found --------------------------------------------------------------------------

struct Report {
  u64 wrong;        // elements, or bytes of a guard zone
  u64 first;        // the lowest index of one
  double expected;  // bound test: the reference at `probe`, and how far an output may lie from it
  double bound;
};

// Collects what one thread found and adds it to a report once a warp.
struct Tally {
  u64 wrong = 0;
  u64 first = ~0ull;

  __device__ void add(u64 index) {
    ++wrong;
    first = index < first ? index : first;
  }

  // All lanes of the warp must come here together.
  __device__ void report(Report* report) {
    if (!__any_sync(0xffffffffu, wrong != 0)) {
      return;
    }
    for (int distance = 16; distance > 0; distance /= 2) {
      const u64 other = __shfl_down_sync(0xffffffffu, first, distance);
      wrong += __shfl_down_sync(0xffffffffu, wrong, distance);
      first = other < first ? other : first;
    }
    if (threadIdx.x % 32 == 0) {
      atomicAdd(&report->wrong, wrong);
      atomicMin(&report->first, first);
    }
  }
};

// --- The tensor as a flat array, 16 bytes a thread ----------------------------------------------

template <class E>
struct alignas(16) Pack {
  static constexpr int kSize = 16 / sizeof(typename E::Storage);
  typename E::Storage element[kSize];
};

__device__ inline u64 thread_index() { return static_cast<u64>(blockIdx.x) * blockDim.x + threadIdx.x; }
__device__ inline u64 thread_count() { return static_cast<u64>(gridDim.x) * blockDim.x; }

// 64-bit division is slow, and most tensors do not need it.
__device__ inline u64 remainder(u64 a, u64 b) {
  return ((a | b) >> 32) == 0 ? static_cast<unsigned>(a) % static_cast<unsigned>(b) : a % b;
}
__device__ inline u64 quotient(u64 a, u64 b) {
  return ((a | b) >> 32) == 0 ? static_cast<unsigned>(a) / static_cast<unsigned>(b) : a / b;
}

// Whether outputs Y are wider than elements E: int summed in long long.
template <class E, class Y>
constexpr bool kWidens = sizeof(typename Y::Storage) > sizeof(typename E::Storage);

// x and y of the exact test for the kSize elements from `first` on.
template <class E, bool kWiden>
struct ExactPack {
  static constexpr int kSize = Pack<E>::kSize;
  long long x[kSize];
  long long y[kSize];

  __device__ ExactPack(u64 first, long long n, u64 inner, u64 seed) {
    const u64 row = static_cast<u64>(n) * inner;
    const u64 last_begin = row - inner;  // the row's last scanned position
    u64 in_row = remainder(first, row);
    long long next[kSize];
    if (inner == 1) {  // the neighbour along the scan is the next element: one hash each
      y[0] = exact_y(seed, first, E::kBits);
#pragma unroll
      for (int j = 0; j < kSize; ++j) {
        next[j] = exact_y(seed, first + j + 1, E::kBits);
        if (j + 1 < kSize) {
          y[j + 1] = next[j];
        }
      }
    } else {
#pragma unroll
      for (int j = 0; j < kSize; ++j) {
        y[j] = exact_y(seed, first + j, E::kBits);
        next[j] = exact_y(seed, first + j + inner, E::kBits);
      }
    }
#pragma unroll
    for (int j = 0; j < kSize; ++j) {
      x[j] = y[j] - (in_row < last_begin ? next[j] : 0);  // exact_x of workload.h
      if (kWiden) {
        x[j] += kWideningStep;
        y[j] += (n - static_cast<long long>(quotient(in_row, inner))) * kWideningStep;
      }
      in_row = in_row + 1 == row ? 0 : in_row + 1;
    }
  }
};

// Fills x with the exact test's input for outputs of Y.
template <class E, class Y>
__global__ void generate_exact(typename E::Storage* x, u64 elements, long long n, u64 inner, u64 seed) {
  constexpr int kSize = Pack<E>::kSize;
  for (u64 first = thread_index() * kSize; first < elements; first += thread_count() * kSize) {
    const ExactPack<E, kWidens<E, Y>> exact(first, n, inner, seed);
    if (first + kSize <= elements) {
      Pack<E> pack;
#pragma unroll
      for (int j = 0; j < kSize; ++j) {
        pack.element[j] = E::integer(exact.x[j]);
      }
      *reinterpret_cast<Pack<E>*>(x + first) = pack;
    } else {
      for (int j = 0; j < kSize && first + j < elements; ++j) {
        x[first + j] = E::integer(exact.x[j]);
      }
    }
  }
}

// Fills x with the bound test's input.
template <class E>
__global__ void generate_mixed(typename E::Storage* x, u64 elements, u64 seed) {
  constexpr int kSize = Pack<E>::kSize;
  for (u64 first = thread_index() * kSize; first < elements; first += thread_count() * kSize) {
    Pack<E> pack;
#pragma unroll
    for (int j = 0; j < kSize; ++j) {
      pack.element[j] = E::real(mixed_value(seed, first + j));
    }
    if (first + kSize <= elements) {
      *reinterpret_cast<Pack<E>*>(x + first) = pack;
    } else {
      for (int j = 0; j < kSize && first + j < elements; ++j) {
        x[first + j] = pack.element[j];
      }
    }
  }
}

// Counts the elements of y that are not the exact test's result, and those of x that are no longer
// its input.
template <class E, class Y>
__global__ void check_exact(const typename E::Storage* x, const typename Y::Storage* y, u64 elements, long long n,
                            u64 inner, u64 seed, Report* output, Report* input) {
  constexpr int kSize = Pack<E>::kSize;
  struct alignas(16) Outputs {
    typename Y::Storage element[kSize];
  };
  Tally wrong;
  Tally changed;
  for (u64 first = thread_index() * kSize; first < elements; first += thread_count() * kSize) {
    // Past the end lies the guard zone: readable, and not compared.
    const Pack<E> got_x = *reinterpret_cast<const Pack<E>*>(x + first);
    const Outputs got_y = *reinterpret_cast<const Outputs*>(y + first);
    const ExactPack<E, kWidens<E, Y>> exact(first, n, inner, seed);
#pragma unroll
    for (int j = 0; j < kSize; ++j) {
      if (first + j < elements) {
        if (!Y::is(got_y.element[j], exact.y[j])) {
          wrong.add(first + j);
        }
        if (!E::is(got_x.element[j], exact.x[j])) {
          changed.add(first + j);
        }
      }
    }
  }
  wrong.report(output);
  changed.report(input);
}

// --- The float64 reference, a segment of a line at a time -----------------------------------------
// A unit is one segment of one line (o, k). kLanes neighbouring lanes share a unit: a whole warp where
// a line's elements lie close together, one lane where neighbouring lines do.

struct Sums {
  double x;
  double magnitude;  // of |x|
};

struct Segments {
  long long n;
  u64 inner;
  long long length;  // positions of a segment
  u64 per_line;      // segments
  u64 units;         // of the tensor; unit (o, s, k) is (o * per_line + s) * inner + k
};

struct Unit {
  u64 base;         // flat index of the segment's first element; its elements lie `inner` apart
  long long count;  // positions

  __device__ Unit(const Segments& segments, u64 unit) {
    const u64 above = quotient(unit, segments.inner);
    const u64 k = unit - above * segments.inner;
    const u64 o = quotient(above, segments.per_line);
    const long long begin = static_cast<long long>(above - o * segments.per_line) * segments.length;
    const long long left = segments.n - begin;
    count = left < segments.length ? left : segments.length;
    base = (o * segments.n + begin) * segments.inner + k;
  }
};

template <class E, int kLanes>
__global__ void segment_sums(const typename E::Storage* x, Segments segments, Sums* sums) {
  const int lane = threadIdx.x % kLanes;
  for (u64 index = thread_index() / kLanes; index < segments.units; index += thread_count() / kLanes) {
    const Unit unit(segments, index);
    Sums sum = {0, 0};
#pragma unroll 8
    for (long long i = lane; i < unit.count; i += kLanes) {
      const double value = E::value(x[unit.base + i * segments.inner]);
      sum.x += value;
      sum.magnitude += fabs(value);
    }
    for (int distance = kLanes / 2; distance > 0; distance /= 2) {
      sum.x += __shfl_down_sync(0xffffffffu, sum.x, distance);
      sum.magnitude += __shfl_down_sync(0xffffffffu, sum.magnitude, distance);
    }
    if (lane == 0) {
      sums[index] = sum;
    }
  }
}

// Replaces each segment's sums by those of the segments to its right, a line a thread.
__global__ void suffix_sums_short(Segments segments, Sums* sums) {
  const u64 lines = segments.units / segments.per_line;
  for (u64 line = thread_index(); line < lines; line += thread_count()) {
    const u64 o = quotient(line, segments.inner);
    Sums* first = sums + o * segments.per_line * segments.inner + (line - o * segments.inner);
    Sums right = {0, 0};
    for (u64 s = segments.per_line; s-- > 0;) {
      const Sums own = first[s * segments.inner];
      first[s * segments.inner] = right;
      right.x += own.x;
      right.magnitude += own.magnitude;
    }
  }
}

// An inclusive sum over this lane and those above it.
__device__ inline double suffix_in_warp(double value) {
  const int lane = threadIdx.x % 32;
  for (int distance = 1; distance < 32; distance *= 2) {
    const double other = __shfl_down_sync(0xffffffffu, value, distance);
    value += lane + distance < 32 ? other : 0;
  }
  return value;
}

// The same for lines of many segments: a block of 1024 threads a line, 1024 segments a step.
__global__ void __launch_bounds__(1024) suffix_sums_long(Segments segments, Sums* sums) {
  constexpr int kThreads = 1024;
  constexpr int kWarps = kThreads / 32;
  __shared__ Sums warp_total[kWarps];
  __shared__ Sums to_the_right[kWarps];  // of a warp, within the step
  __shared__ Sums step_total;
  const int lane = threadIdx.x % 32;
  const int warp = threadIdx.x / 32;
  const u64 lines = segments.units / segments.per_line;
  for (u64 line = blockIdx.x; line < lines; line += gridDim.x) {
    const u64 o = quotient(line, segments.inner);
    Sums* first = sums + o * segments.per_line * segments.inner + (line - o * segments.inner);
    Sums carry = {0, 0};
    const long long steps = static_cast<long long>((segments.per_line + kThreads - 1) / kThreads);
    for (long long step = steps - 1; step >= 0; --step) {
      const u64 s = static_cast<u64>(step) * kThreads + threadIdx.x;
      const bool inside = s < segments.per_line;
      const Sums own = inside ? first[s * segments.inner] : Sums{0, 0};
      const Sums scanned = {suffix_in_warp(own.x), suffix_in_warp(own.magnitude)};
      if (lane == 0) {
        warp_total[warp] = scanned;
      }
      __syncthreads();
      if (warp == 0) {
        const Sums total = warp_total[lane];
        const Sums suffix = {suffix_in_warp(total.x), suffix_in_warp(total.magnitude)};
        to_the_right[lane] = {suffix.x - total.x, suffix.magnitude - total.magnitude};
        if (lane == 0) {
          step_total = suffix;
        }
      }
      __syncthreads();
      if (inside) {
        const Sums right = to_the_right[warp];
        first[s * segments.inner] = {carry.x + right.x + (scanned.x - own.x),
                                     carry.magnitude + right.magnitude + (scanned.magnitude - own.magnitude)};
      }
      carry.x += step_total.x;
      carry.magnitude += step_total.magnitude;
      __syncthreads();  // the shared totals are free again
    }
  }
}

// How far y may lie from the reference r: relative * sum of |x| + rounding * |r| + least.
struct Tolerance {
  double relative;  // of the additions
  double rounding;  // of the result to its type
  double least;     // half the smallest step of that type
};

// Counts the elements of y that are further from the reference than they may be. `right_of` is not read
// where a line is one segment. Where `probe` is an
// element, its reference and bound are put into the report.
template <class E, int kLanes>
__global__ void check_bound(const typename E::Storage* x, const typename E::Storage* y, Segments segments,
                            const Sums* right_of, Tolerance tolerance, u64 probe, Report* report) {
  constexpr int kSteps = 4;  // loads in flight a lane
  const int lane = threadIdx.x % kLanes;
  Tally wrong;
  for (u64 index = thread_index() / kLanes; index < segments.units; index += thread_count() / kLanes) {
    const Unit unit(segments, index);
    Sums carry = segments.per_line > 1 ? right_of[index] : Sums{0, 0};
    const long long groups = (unit.count + kLanes * kSteps - 1) / (kLanes * kSteps);
    for (long long group = groups - 1; group >= 0; --group) {
      double values[kSteps];
      double got[kSteps];
#pragma unroll
      for (int step = 0; step < kSteps; ++step) {
        const long long i = (group * kSteps + step) * kLanes + lane;
        const u64 at = unit.base + i * segments.inner;
        values[step] = i < unit.count ? E::value(x[at]) : 0;
        got[step] = i < unit.count ? E::value(y[at]) : 0;
      }
#pragma unroll
      for (int step = kSteps - 1; step >= 0; --step) {
        const long long i = (group * kSteps + step) * kLanes + lane;
        Sums sum = {values[step], fabs(values[step])};
        if (kLanes > 1) {
          sum = {suffix_in_warp(sum.x), suffix_in_warp(sum.magnitude)};
        }
        const double expected = carry.x + sum.x;
        const double bound = tolerance.relative * (carry.magnitude + sum.magnitude) +
                             tolerance.rounding * fabs(expected) + tolerance.least;
        if (i < unit.count) {
          const u64 at = unit.base + i * segments.inner;
          if (!(fabs(got[step] - expected) <= bound)) {  // so written that NaN is wrong
            wrong.add(at);
          }
          if (at == probe) {
            report->expected = expected;
            report->bound = bound;
          }
        }
        if (kLanes > 1) {
          carry.x += __shfl_sync(0xffffffffu, sum.x, 0);
          carry.magnitude += __shfl_sync(0xffffffffu, sum.magnitude, 0);
        } else {
          carry.x += sum.x;
          carry.magnitude += sum.magnitude;
        }
      }
    }
  }
  __syncwarp();
  wrong.report(report);
}

// --- Guard zones and the cache ----------------------------------------------------------------------

// Counts the bytes of a guard zone that no longer hold `pattern`.
__global__ void check_guard(const unsigned char* zone, u64 bytes, unsigned char pattern, Report* report) {
  Tally changed;
  for (u64 i = thread_index(); i < bytes; i += thread_count()) {
    if (zone[i] != pattern) {
      changed.add(i);
    }
  }
  __syncwarp();
  changed.report(report);
}

// Reads a buffer, so that the L2 cache holds nothing but clean lines of it. The buffer holds zeros; the
// sum is used, or the reads would be left out.
__global__ void flush_cache(const uint4* data, u64 count, unsigned* never_written) {
  unsigned sum = 0;
#pragma unroll 4
  for (u64 i = thread_index(); i < count; i += thread_count()) {
    const uint4 four = data[i];
    sum += four.x ^ four.y ^ four.z ^ four.w;
  }
  if (sum == 0x9E3779B9u) {
    *never_written = sum;
  }
}

}  // namespace scantune::verify
