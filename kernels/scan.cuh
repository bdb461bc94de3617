// Device primitives that the families share: 16-byte accesses, a row as such accesses see it, and
// suffix scans of a warp and of a block.
//
// All scans run from right to left: element i of the result is the sum of the elements i, i+1, ...
// Only neighbouring stretches are ever added and nothing is ever subtracted, so the order of
// additions is fixed (the same bits every run), rounding errors stay those of a sum, and infinities
// and NaN spread to the left only.
//
// T is the element type, Acc the type sums are kept in. C++17; compiles with nvcc, with NVRTC (no
// header of the toolkit needed) and, with another device.cuh, with a host compiler.
#pragma once

#include "device.cuh"

namespace scantune {

// --- Element types --------------------------------------------------------------------------------
//
// T may be any type that converts to the accumulator and from it: the toolkit's __half and
// __nv_bfloat16 too. These two are the same bits without a header of the toolkit.

struct Half {
  unsigned short bits;
  Half() = default;
  __device__ explicit Half(float value) : bits(f16_of_float(value)) {}
  __device__ operator float() const { return float_of_f16(bits); }
};

struct BFloat16 {
  unsigned short bits;
  BFloat16() = default;
  __device__ explicit BFloat16(float value) : bits(bf16_of_float(value)) {}
  __device__ operator float() const { return float_of_bf16(bits); }
};

// Rounds neighbours to the type of the result, halves two at a time.
template <class Out, class Acc>
__device__ __forceinline__ void round_pair(Out* to, Acc first, Acc second) {
  to[0] = static_cast<Out>(first);
  to[1] = static_cast<Out>(second);
}
__device__ __forceinline__ void round_pair(Half* to, float first, float second) {
  const unsigned bits = f16s_of_floats(first, second);
  memcpy(to, &bits, sizeof bits);
}
__device__ __forceinline__ void round_pair(BFloat16* to, float first, float second) {
  const unsigned bits = bf16s_of_floats(first, second);
  memcpy(to, &bits, sizeof bits);
}

// The type of the result: T, but int summed in long long stays long long, as in PyTorch.
template <class T, class Acc>
struct OutputOf {
  using Type = T;
};
template <>
struct OutputOf<int, long long> {
  using Type = long long;
};
template <class T, class Acc>
using Output = typename OutputOf<T, Acc>::Type;

// --- 16-byte accesses -----------------------------------------------------------------------------

template <class T>
constexpr int kPerVector = kAccessBytes / static_cast<int>(sizeof(T));

// 16 bytes of elements, loaded as a whole.
template <class T>
struct alignas(kAccessBytes) Vector {
  T x[kPerVector<T>];
};

// The results of a vector's elements: as many, 16 bytes or twice that.
template <class T, class Acc>
struct alignas(kAccessBytes) Results {
  Output<T, Acc> y[kPerVector<T>];
};

template <class T>
__device__ __forceinline__ Vector<T> load_vector(const T* aligned) {
  const Bits128 bits = load_global(aligned);
  Vector<T> vector;
  memcpy(&vector, &bits, kAccessBytes);
  return vector;
}

template <class T, class Acc>
__device__ __forceinline__ void store_results(Output<T, Acc>* aligned, const Results<T, Acc>& results) {
  constexpr int kAccesses = sizeof(Results<T, Acc>) / kAccessBytes;
  Bits128 bits[kAccesses];
  memcpy(bits, &results, sizeof results);
#pragma unroll
  for (int i = 0; i < kAccesses; ++i) {
    store_global(reinterpret_cast<unsigned char*>(aligned) + i * kAccessBytes, bits[i]);
  }
}

// The same for a whole warp whose lanes have neighbouring vectors. Where the results of one take two accesses, lanes
// exchange halves two by two, so that each access of the warp writes whole sectors of 32 bytes and not half of twice as
// many.
template <class T, class Acc>
__device__ __forceinline__ void store_results_of_warp(Output<T, Acc>* aligned, const Results<T, Acc>& results) {
  if constexpr (sizeof(Results<T, Acc>) == 2 * kAccessBytes) {
    Bits128 half[2];
    memcpy(half, &results, sizeof results);
    const bool odd = threadIdx.x % 2 != 0;
    const Bits128 kept = odd ? half[1] : half[0];
    Bits128 exchanged = odd ? half[0] : half[1];
    exchanged.x = __shfl_xor_sync(kAllLanes, exchanged.x, 1);
    exchanged.y = __shfl_xor_sync(kAllLanes, exchanged.y, 1);
    exchanged.z = __shfl_xor_sync(kAllLanes, exchanged.z, 1);
    exchanged.w = __shfl_xor_sync(kAllLanes, exchanged.w, 1);
    unsigned char* to = reinterpret_cast<unsigned char*>(aligned) - (odd ? kAccessBytes : 0);
    store_global(to, odd ? exchanged : kept);
    store_global(to + 2 * kAccessBytes, odd ? kept : exchanged);
  } else {
    store_results<T, Acc>(aligned, results);
  }
}

// Whether results can be written 16 bytes at a time wherever elements are read so: `out` is aligned to
// what the vectors that begin at `in` become.
template <class T, class Acc>
__device__ __forceinline__ bool same_alignment(const T* in, const Output<T, Acc>* out) {
  const unsigned elements_past =
      static_cast<unsigned>(reinterpret_cast<unsigned long long>(in) % kAccessBytes) / sizeof(T);
  return (reinterpret_cast<unsigned long long>(out) - elements_past * sizeof(Output<T, Acc>)) % kAccessBytes == 0;
}

// A row of any length at any address, as 16-byte accesses see it:
//
//       head            vectors                         tail
//     | x x x | X X X X | X X X X | ... | X X X X | X X X X | x x |
//             ^ aligned                           ^ aligned to 64 bytes
//
// The vectors end where 64 bytes do, and with them every tile that is counted from the right: what DRAM and the L2
// move is then read and written as a whole. (Tiles that end anywhere cost 4% on an H200.) The head holds fewer
// elements than a vector does, the tail fewer than 64 bytes: one a lane.
struct RowSplit {
  int head;           // elements before the first aligned vector
  int tail;           // elements after the last vector
  long long vectors;  // whole vectors in between
};

template <class T>
__device__ __forceinline__ RowSplit split_row(const T* row, long long n) {
  constexpr unsigned kPer = kPerVector<T>;
  constexpr unsigned kEnd = 64 / kAccessBytes;  // vectors
  // Unsigned, and of 32 bits where that does: a short kernel waits for this.
  const auto address = static_cast<unsigned>(reinterpret_cast<unsigned long long>(row));
  RowSplit split;
  split.head = static_cast<int>((kAccessBytes - address % kAccessBytes) % kAccessBytes / sizeof(T));
  split.head = n < split.head ? static_cast<int>(n) : split.head;
  const auto rest = static_cast<unsigned long long>(n - split.head);
  unsigned long long vectors = rest / kPer;
  // Vectors from the first to where 64 bytes end.
  const unsigned lead = (0u - (address + kAccessBytes - 1) / kAccessBytes) % kEnd;
  if (vectors > lead) {
    vectors -= (static_cast<unsigned>(vectors) - lead) % kEnd;
  }
  split.vectors = static_cast<long long>(vectors);
  split.tail = static_cast<int>(static_cast<unsigned>(rest) - static_cast<unsigned>(vectors) * kPer);
  return split;
}

// The suffix sums of a vector, given the sum of all that lies to the right of its last element and of that itself.
template <class T, class Acc>
__device__ __forceinline__ Results<T, Acc> scan_vector(const Vector<T>& vector, Acc right) {
  Results<T, Acc> results;
#pragma unroll
  for (int e = kPerVector<T> - 2; e >= 0; e -= 2) {
    const Acc left = right + static_cast<Acc>(vector.x[e]);
    round_pair(results.y + e, left, right);
    if (e > 0) {
      right = left + static_cast<Acc>(vector.x[e - 1]);
    }
  }
  return results;
}

// The sum of a vector's elements, neighbours first.
template <class Acc, class T>
__device__ __forceinline__ Acc sum_of(const Vector<T>& vector) {
  Acc sums[kPerVector<T>];
#pragma unroll
  for (int e = 0; e < kPerVector<T>; ++e) {
    sums[e] = static_cast<Acc>(vector.x[e]);
  }
#pragma unroll
  for (int distance = 1; distance < kPerVector<T>; distance *= 2) {
#pragma unroll
    for (int e = 0; e < kPerVector<T>; e += 2 * distance) {
      sums[e] += sums[e + distance];
    }
  }
  return sums[0];
}

// Types whose sums the matrix units take.
template <class T>
constexpr bool kHasMatrixSum = false;
template <>
constexpr bool kHasMatrixSum<Half> = true;
template <>
constexpr bool kHasMatrixSum<BFloat16> = true;

// By whole warps, each lane with a vector of its own.
__device__ __forceinline__ void add_to(MatrixSum& sum, const Vector<Half>& vector) {
  Bits128 bits;
  memcpy(&bits, &vector, kAccessBytes);
  add_f16s(sum, bits);
}
__device__ __forceinline__ void add_to(MatrixSum& sum, const Vector<BFloat16>& vector) {
  Bits128 bits;
  memcpy(&bits, &vector, kAccessBytes);
  add_bf16s(sum, bits);
}

// Which vector of a tile is the thread's first. Its others follow 32 vectors apart.
template <int kVectors>
__device__ __forceinline__ int first_vector() {
  const int lane = threadIdx.x % kWarpThreads;
  const int warp = threadIdx.x / kWarpThreads;
  return warp * kVectors * kWarpThreads + lane;
}

// --- Tiles ----------------------------------------------------------------------------------------
//
// A tile is kWarps * kVectors * 32 vectors. Each warp owns a contiguous stretch of it and reads it
// in kVectors steps of 32 neighbouring vectors, one a lane, so that every access of a warp covers
// 512 contiguous bytes:
//
//     tile    | warp 0                        | warp 1                        | ...
//     stretch | vector 0      | vector 1      |
//     vector  | lane 0 ... 31 | lane 0 ... 31 |
//     lane    | x x x x |
//
// A row's leftmost tile may reach out of the row: its vectors left of the row have negative positions.

// The position of a tile that begins at vector `tile`. Only the sign of the positions of its vectors matters, so a
// tile in the row, or one all out of it, may be moved.
template <int kTileVectors>
__device__ __forceinline__ int position_in(long long tile) {
  return tile >= 0 ? 0 : tile < -kTileVectors ? -kTileVectors : static_cast<int>(tile);
}

// That of the thread's first vector in it. Its others follow 32 apart.
template <int kVectors, int kTileVectors>
__device__ __forceinline__ int position_in(long long tile) {
  return position_in<kTileVectors>(tile) + first_vector<kVectors>();
}

// `from` points to the thread's first vector of the tile, which lies at `position`.
template <class T, int kVectors>
__device__ __forceinline__ void load_tile(Vector<T> (&loaded)[kVectors], const T* from, int position, bool whole) {
  if (whole) {
#pragma unroll
    for (int j = 0; j < kVectors; ++j) {
      loaded[j] = load_vector(from + j * kWarpThreads * kPerVector<T>);
    }
  } else {
#pragma unroll
    for (int j = 0; j < kVectors; ++j) {
      loaded[j] = Vector<T>{};
      if (position + j * kWarpThreads >= 0) {
        loaded[j] = load_vector(from + j * kWarpThreads * kPerVector<T>);
      }
    }
  }
}

// Writes one vector's results whose place in the row is known to be in it.
template <class T, class Acc>
__device__ __forceinline__ void store_vector(Output<T, Acc>* to, const Results<T, Acc>& results, bool aligned) {
  if (aligned) {
    store_results<T, Acc>(to, results);
  } else {
#pragma unroll
    for (int e = 0; e < kPerVector<T>; ++e) {
      to[e] = results.y[e];
    }
  }
}

// Writes the scanned tile; `right` is what lies to the right of each vector's first elements.
template <class T, class Acc, int kVectors>
__device__ __forceinline__ void store_tile(const Vector<T> (&loaded)[kVectors], const Acc (&right)[kVectors],
                                           Acc offset, Output<T, Acc>* to, int position, bool whole, bool aligned) {
  if (whole && aligned) {
#pragma unroll
    for (int j = 0; j < kVectors; ++j) {
      store_results_of_warp<T, Acc>(to + j * kWarpThreads * kPerVector<T>, scan_vector(loaded[j], right[j] + offset));
    }
  } else {
#pragma unroll
    for (int j = 0; j < kVectors; ++j) {
      const Results<T, Acc> results = scan_vector(loaded[j], right[j] + offset);
      if (position + j * kWarpThreads >= 0) {
        store_vector<T, Acc>(to + j * kWarpThreads * kPerVector<T>, results, aligned);
      }
    }
  }
}

// --- Suffix scans ---------------------------------------------------------------------------------

// The sum of the lane's value and those of all lanes to its right, among the first kLanes lanes.
template <int kLanes = kWarpThreads, class Acc>
__device__ __forceinline__ Acc warp_suffix_sum(Acc sum) {
  const int lane = threadIdx.x % kWarpThreads;
#pragma unroll
  for (int distance = 1; distance < kLanes; distance *= 2) {
    const Acc right = __shfl_down_sync(kAllLanes, sum, distance);
    if (lane + distance < kWarpThreads) {
      sum += right;
    }
  }
  return sum;
}

// Sums a warp's stretch of a tile. Gives each vector the sum of what lies to its right in the
// stretch; returns the sum of the whole.
template <class T, class Acc, int kVectors>
__device__ __forceinline__ Acc scan_stretch(Acc (&right)[kVectors], const Vector<T> (&loaded)[kVectors]) {
  const int lane = threadIdx.x % kWarpThreads;
  Acc stretch = 0;  // the sum of the steps scanned so far, which lie to the right
#pragma unroll
  for (int j = kVectors - 1; j >= 0; --j) {
    const Acc from_lane = warp_suffix_sum(sum_of<Acc>(loaded[j]));
    const Acc from_next = __shfl_down_sync(kAllLanes, from_lane, 1);
    right[j] =
        static_cast<Acc>(loaded[j].x[kPerVector<T> - 1]) + ((lane < kWarpThreads - 1 ? from_next : Acc(0)) + stretch);
    stretch += __shfl_sync(kAllLanes, from_lane, 0);
  }
  return stretch;
}

// What lies to the right of a warp, and everything, in units of warps.
template <class Acc>
struct BlockSums {
  Acc right;  // the sum of the warps to the right of the calling one
  Acc total;  // the sum of all warps
};

// What follows from the sums of all warps, once they are in `shared`. `warp` is the calling one.
template <int kWarps, class Acc>
__device__ __forceinline__ BlockSums<Acc> sums_of_warps(const Acc* shared, int warp) {
  const int lane = threadIdx.x % kWarpThreads;
  const Acc from_warp = warp_suffix_sum<kWarps>(lane < kWarps ? shared[lane] : Acc(0));
  const Acc right = __shfl_sync(kAllLanes, from_warp, (warp + 1) % kWarpThreads);
  return {warp + 1 < kWarps ? right : Acc(0), __shfl_sync(kAllLanes, from_warp, 0)};
}

// Exchanges the warps' sums. One barrier: `shared` must be another buffer than in the call before.
template <int kWarps, class Acc>
__device__ __forceinline__ BlockSums<Acc> exchange_warp_sums(Acc warp_sum, Acc* shared) {
  if (kWarps == 1) {
    return {Acc(0), warp_sum};
  }
  const int lane = threadIdx.x % kWarpThreads;
  const int warp = threadIdx.x / kWarpThreads;
  if (lane == 0) {
    shared[warp] = warp_sum;
  }
  __syncthreads();
  return sums_of_warps<kWarps>(shared, warp);
}

// --- A row's ragged ends --------------------------------------------------------------------------

// The suffix sums of `count` elements (fewer than 32), one a lane, zero past the end.
template <class T, class Acc>
__device__ __forceinline__ Acc scan_edge(const T* elements, int count) {
  const int lane = threadIdx.x % kWarpThreads;
  return warp_suffix_sum(lane < count ? static_cast<Acc>(elements[lane]) : Acc(0));
}

// Writes what scan_edge() gave, plus `right`, once a block.
template <class Out, class Acc>
__device__ __forceinline__ void store_edge(Out* elements, int count, Acc sum, Acc right) {
  if (static_cast<int>(threadIdx.x) < count) {
    elements[threadIdx.x] = static_cast<Out>(sum + right);
  }
}

}  // namespace scantune
