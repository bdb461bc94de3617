// short_row: the reverse cumulative sum of many short rows, several rows a warp, without a barrier.
//
//     y[r][i] = x[r][i] + x[r][i+1] + ... + x[r][n-1]
//
// A warp takes a stretch of whole rows and forgets at first that they are rows: it reads the stretch as
// one run of 16-byte vectors in address order, wherever rows begin and end, so that rows of any length
// are read and written like a copy does it. (n = 6, f32, one vector a lane:)
//
//     rows     | 0           | 1           | 2           | 3           | 4    ...
//     vectors  | x x x x | x x . . | . . . . | x x x x | x x . . | ...
//     lane       0         1         2         3         4
//
//   1. every lane sums each of its vectors from the right, starting anew wherever a row ends; what is
//      left is the sum from the vector's begin to the first end of a row, or to its own;
//   2. the warp scans these with shuffles. A lane takes the sum of a lane to its right only if its own
//      row reaches there: `left` elements are left of the row, which is all there is to know;
//   3. every lane goes through its vectors again, now knowing what lies to the right, and writes them.
//
// With several vectors a lane, neighbouring 512 bytes a step, the steps follow from right to left and the
// row that two of them share is carried from one to the other in a register. A row longer than what a
// warp loads at once is walked in the same way, tile by tile.
//
// Parameters
//   T         element type            Acc      type of the sums
//   kVectors  vectors a lane loads at once
//   kWarps    warps a block; they have nothing to do with each other
//
// Requirements: `in` and `out` are aligned to T and do not overlap. inner is 1, n is below 2^30, outer
// any 64-bit size. No workspace. Launch rule: short_row.launch.h. Deterministic: the same bits every run.
// Where `out` lies at another offset from 16 bytes than `in`, results are written one by one.
#pragma once

#include "scan.cuh"
#include "short_row.launch.h"

namespace scantune {

// Where in its row a vector begins, and what is told from that. 1 <= left <= n.
struct RowPosition {
  int n;
  int left;  // elements from the vector's first to the end of its row, both included

  // Whether the row ends with the e-th element of the vector. Rows may be shorter than a vector.
  template <int kElements>
  __device__ __forceinline__ void ends(bool (&ends)[kElements]) const {
    int rest = left;
#pragma unroll
    for (int e = 0; e < kElements; ++e) {
      ends[e] = rest == 1;
      rest = rest == 1 ? n : rest - 1;
    }
  }
};

// A warp's stretch of rows, as the vectors that hold any of its elements. Counted from the first of them,
// so that 32 bits do: elements [begin, end) are the stretch's own, the others belong to its neighbours,
// or lie outside the tensor.
template <class T, class Acc>
struct Stretch {
  const T* in;  // aligned
  Output<T, Acc>* out;
  int begin;  // less than a vector holds
  int end;
  int vectors;

  __device__ __forceinline__ Stretch(const T* tensor, Output<T, Acc>* result, long long row, long long rows,
                                     long long n) {
    const T* first = tensor + row * n;
    begin = static_cast<int>(reinterpret_cast<unsigned long long>(first) % kAccessBytes / sizeof(T));
    end = begin + static_cast<int>(rows * n);
    vectors = (end + kPerVector<T> - 1) / kPerVector<T>;
    in = first - begin;
    out = result + row * n - begin;
  }
  // Whether it begins and ends where vectors do, in the result too: all accesses are whole.
  __device__ __forceinline__ bool clean() const {
    return begin == 0 && end == vectors * kPerVector<T> && same_alignment<T, Acc>(in, out);
  }

  template <bool kClean>
  __device__ __forceinline__ Vector<T> load(int vector) const {
    const int at = vector * kPerVector<T>;
    if (kClean || (at >= begin && at + kPerVector<T> <= end)) {
      return load_vector(in + at);
    }
    Vector<T> loaded = {};
#pragma unroll
    for (int e = 0; e < kPerVector<T>; ++e) {
      if (at + e >= begin && at + e < end) {
        loaded.x[e] = in[at + e];
      }
    }
    return loaded;
  }

  template <bool kClean>
  __device__ __forceinline__ void store(int vector, const Results<T, Acc>& results) const {
    const int at = vector * kPerVector<T>;
    if (kClean) {
      store_results<T, Acc>(out + at, results);
    } else {
      const bool whole = at >= begin && at + kPerVector<T> <= end;
      if (whole && same_alignment<T, Acc>(in, out)) {
        store_results<T, Acc>(out + at, results);
      } else {
#pragma unroll
        for (int e = 0; e < kPerVector<T>; ++e) {
          if (at + e >= begin && at + e < end) {
            out[at + e] = results.y[e];
          }
        }
      }
    }
  }
};

// Scans 32 neighbouring vectors, one a lane. `carry` is the sum from behind the last of them to the end of
// the row they end in, and becomes that from their begin to the end of theirs.
template <class T, class Acc>
__device__ __forceinline__ Results<T, Acc> scan_step(const Vector<T>& loaded, RowPosition position, Acc& carry) {
  constexpr int kElements = kPerVector<T>;
  const int lane = threadIdx.x % kWarpThreads;
  bool ends[kElements];
  position.ends(ends);

  Acc sum = static_cast<Acc>(loaded.x[kElements - 1]);
#pragma unroll
  for (int e = kElements - 2; e >= 0; --e) {
    const Acc own = static_cast<Acc>(loaded.x[e]);
    sum = ends[e] ? own : own + sum;
  }
#pragma unroll
  for (int distance = 1; distance < kWarpThreads; distance *= 2) {
    if (distance * kElements < position.n) {  // else no row reaches so far: the same for all lanes
      const Acc right = __shfl_down_sync(kAllLanes, sum, distance);
      if (lane + distance < kWarpThreads && position.left > distance * kElements) {
        sum += right;
      }
    }
  }
  if (position.left > (kWarpThreads - lane) * kElements) {
    sum += carry;
  }
  Acc right = __shfl_down_sync(kAllLanes, sum, 1);
  right = lane + 1 < kWarpThreads ? right : carry;
  carry = __shfl_sync(kAllLanes, sum, 0);

  Results<T, Acc> results;
#pragma unroll
  for (int e = kElements - 2; e >= 0; e -= 2) {
    const Acc second = static_cast<Acc>(loaded.x[e + 1]);
    right = ends[e + 1] ? second : second + right;
    const Acc last = right;
    const Acc first = static_cast<Acc>(loaded.x[e]);
    right = ends[e] ? first : first + right;
    round_pair(results.y + e, right, last);
  }
  return results;
}

// Scans a stretch, tile by tile from its right end.
template <class T, class Acc, int kVectors, bool kClean>
__device__ __forceinline__ void scan_of_stretch(const Stretch<T, Acc>& stretch, int n) {
  constexpr int kStep = kWarpThreads;  // vectors
  constexpr int kTileVectors = kVectors * kStep;
  const int lane = threadIdx.x % kWarpThreads;
  const int step = kStep * kPerVector<T> % n;  // how far a step leads in the rows
  Acc carry = 0;
  for (int tile = stretch.vectors - kTileVectors;; tile -= kTileVectors) {
    Vector<T> loaded[kVectors];
#pragma unroll
    for (int j = 0; j < kVectors; ++j) {
      const int vector = tile + j * kStep + lane;
      loaded[j] = Vector<T>{};
      if (vector >= 0) {
        loaded[j] = stretch.template load<kClean>(vector);
      }
    }
    // Where the last step's vector begins in its row. The stretch ends with a row.
    const int to_end = stretch.end - (tile + (kVectors - 1) * kStep + lane) * kPerVector<T>;
    RowPosition position = {n, static_cast<int>(static_cast<unsigned>(to_end - 1) % static_cast<unsigned>(n)) + 1};
#pragma unroll
    for (int j = kVectors - 1; j >= 0; --j) {
      const int vector = tile + j * kStep + lane;
      const Results<T, Acc> results = scan_step<T, Acc>(loaded[j], position, carry);
      if (kClean && sizeof results > kAccessBytes && tile >= 0) {
        store_results_of_warp<T, Acc>(stretch.out + vector * kPerVector<T>, results);
      } else if (vector >= 0) {
        stretch.template store<kClean>(vector, results);
      }
      position.left += step;
      position.left -= position.left > n ? n : 0;
    }
    if (tile <= 0) {
      break;
    }
  }
}

// Has the L2 fetch the block's rows, of halves: a warp has fewer bytes of them on its way than of wider elements, where
// it costs more than it brings. Not where they are more than the block loads at once.
template <class T>
__device__ __forceinline__ void prefetch_rows(const T* in, long long rows, long long outer, long long n, int most) {
  if (sizeof(T) > 2 || threadIdx.x != 0) {
    return;
  }
  const long long first = blockIdx.x * rows;
  const long long last = first + rows < outer ? first + rows : outer;
  const unsigned long long begin =
      (reinterpret_cast<unsigned long long>(in + first * n) + kAccessBytes - 1) / kAccessBytes * kAccessBytes;
  const unsigned long long end = reinterpret_cast<unsigned long long>(in + last * n) / kAccessBytes * kAccessBytes;
  if (end > begin && end - begin <= static_cast<unsigned>(most)) {
    prefetch_to_l2(reinterpret_cast<const void*>(begin), static_cast<unsigned>(end - begin));
  }
}

template <class T, class Acc, int kVectors, int kWarps>
__global__ void __launch_bounds__(kWarps* kWarpThreads, 1)
    short_row(const T* in, Output<T, Acc>* out, void* /*workspace*/, long long outer, long long n,
              long long /*inner*/) {
  let_next_launch_start();
  const long long rows = short_row_rows(n, {kVectors, kWarps}, sizeof(T));
  prefetch_rows(in, kWarps * rows, outer, n, kWarps * kVectors * kWarpThreads * kAccessBytes);
  wait_for_launch_in_front();
  for (long long row = (static_cast<long long>(blockIdx.x) * kWarps + threadIdx.x / kWarpThreads) * rows; row < outer;
       row += static_cast<long long>(gridDim.x) * kWarps * rows) {
    const Stretch<T, Acc> stretch(in, out, row, row + rows <= outer ? rows : outer - row, n);
    if (stretch.clean()) {
      scan_of_stretch<T, Acc, kVectors, true>(stretch, static_cast<int>(n));
    } else {
      scan_of_stretch<T, Acc, kVectors, false>(stretch, static_cast<int>(n));
    }
  }
}

}  // namespace scantune
