// Device primitives that the families share: 16-byte accesses, a row as such accesses see it, and
// suffix scans of a warp and of a block.
//
// All scans run from right to left: element i of the result is the sum of the elements i, i+1, ...
// Only neighbouring stretches are ever added and nothing is ever subtracted, so the order of
// additions is fixed (the same bits every run), rounding errors stay those of a sum, and infinities
// and NaN spread to the left only.
//
// T is the element type, Acc the type sums are kept in. C++17; compiles with nvcc, with NVRTC (no
// header needed, but for halves) and, under an emulation header, with a host compiler.
#pragma once

#include "launch.h"

#if defined(SCANTUNE_F16)
#include <cuda_fp16.h>
#endif
#if defined(SCANTUNE_BF16)
#include <cuda_bf16.h>
#endif

namespace scantune {

constexpr unsigned kAllLanes = 0xffffffffu;

// --- 16-byte accesses -----------------------------------------------------------------------------

template <class T>
constexpr int kPerVector = kAccessBytes / static_cast<int>(sizeof(T));

// 16 bytes of elements, loaded and stored as a whole.
template <class T>
struct alignas(kAccessBytes) Vector {
  T x[kPerVector<T>];
};

template <class T>
__device__ __forceinline__ Vector<T> load_vector(const T* aligned) {
  uint4 bits;
  asm volatile("ld.global.v4.b32 {%0, %1, %2, %3}, [%4];"
               : "=r"(bits.x), "=r"(bits.y), "=r"(bits.z), "=r"(bits.w)
               : "l"(aligned));
  Vector<T> vector;
  memcpy(&vector, &bits, kAccessBytes);
  return vector;
}

template <class T>
__device__ __forceinline__ void store_vector(T* aligned, const Vector<T>& vector) {
  uint4 bits;
  memcpy(&bits, &vector, kAccessBytes);
  asm volatile("st.global.v4.b32 [%0], {%1, %2, %3, %4};"
               :
               : "l"(aligned), "r"(bits.x), "r"(bits.y), "r"(bits.z), "r"(bits.w)
               : "memory");
}

template <class T>
__device__ __forceinline__ bool same_alignment(const T* a, const T* b) {
  return ((reinterpret_cast<unsigned long long>(a) ^ reinterpret_cast<unsigned long long>(b)) % kAccessBytes) == 0;
}

// A row of any length at any address, as 16-byte accesses see it:
//
//       head            vectors                      tail
//     | x x x | X X X X | X X X X | ... | X X X X | x x |
//             ^ aligned
//
// Head and tail hold fewer elements than a vector does.
struct RowSplit {
  int head;           // elements before the first aligned vector
  int tail;           // elements after the last whole vector
  long long vectors;  // whole vectors in between
};

template <class T>
__device__ __forceinline__ RowSplit split_row(const T* row, long long n) {
  const unsigned past = static_cast<unsigned>(reinterpret_cast<unsigned long long>(row) % kAccessBytes);
  RowSplit split;
  split.head = static_cast<int>((kAccessBytes - past) % kAccessBytes / sizeof(T));
  split.head = n < split.head ? static_cast<int>(n) : split.head;
  split.vectors = (n - split.head) / kPerVector<T>;
  split.tail = static_cast<int>((n - split.head) % kPerVector<T>);
  return split;
}

// Turns a vector into suffix sums, given the sum of all that lies to its right.
template <class T, class Acc>
__device__ __forceinline__ Vector<T> scan_vector(Vector<T> vector, Acc right) {
  vector.x[kPerVector<T> - 1] = static_cast<T>(right);
#pragma unroll
  for (int e = kPerVector<T> - 2; e >= 0; --e) {
    right += static_cast<Acc>(vector.x[e]);
    vector.x[e] = static_cast<T>(right);
  }
  return vector;
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

// The position of the thread's first vector in a tile that begins at vector `tile`. Its others follow 32 apart. Only
// the sign of these positions matters, so a tile in the row, or one all out of it, may be moved.
template <int kVectors, int kTileVectors>
__device__ __forceinline__ int position_in(long long tile) {
  const int begin = tile >= 0 ? 0 : tile < -kTileVectors ? -kTileVectors : static_cast<int>(tile);
  return begin + first_vector<kVectors>();
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

// Writes the scanned tile; `right` is what lies to the right of each vector.
template <class T, class Acc, int kVectors>
__device__ __forceinline__ void store_tile(const Vector<T> (&loaded)[kVectors], const Acc (&right)[kVectors],
                                           Acc offset, T* to, int position, bool whole, bool aligned) {
  if (whole && aligned) {
#pragma unroll
    for (int j = 0; j < kVectors; ++j) {
      store_vector(to + j * kWarpThreads * kPerVector<T>, scan_vector(loaded[j], right[j] + offset));
    }
  } else {
#pragma unroll
    for (int j = 0; j < kVectors; ++j) {
      T* here = to + j * kWarpThreads * kPerVector<T>;
      const Vector<T> result = scan_vector(loaded[j], right[j] + offset);
      if (position + j * kWarpThreads >= 0) {
        if (aligned) {
          store_vector(here, result);
        } else {
#pragma unroll
          for (int e = 0; e < kPerVector<T>; ++e) {
            here[e] = result.x[e];
          }
        }
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
    Acc sum = static_cast<Acc>(loaded[j].x[kPerVector<T> - 1]);
#pragma unroll
    for (int e = kPerVector<T> - 2; e >= 0; --e) {
      sum += static_cast<Acc>(loaded[j].x[e]);
    }
    const Acc from_lane = warp_suffix_sum(sum);
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
  const Acc from_warp = warp_suffix_sum<kWarps>(lane < kWarps ? shared[lane] : Acc(0));
  const Acc right = __shfl_sync(kAllLanes, from_warp, (warp + 1) % kWarpThreads);
  return {warp + 1 < kWarps ? right : Acc(0), __shfl_sync(kAllLanes, from_warp, 0)};
}

// --- A row's ragged ends --------------------------------------------------------------------------

// The suffix sums of `count` elements (fewer than a vector holds), one a lane, zero past the end.
template <class T, class Acc>
__device__ __forceinline__ Acc scan_edge(const T* elements, int count) {
  const int lane = threadIdx.x % kWarpThreads;
  return warp_suffix_sum<kPerVector<T>>(lane < count ? static_cast<Acc>(elements[lane]) : Acc(0));
}

// Writes what scan_edge() gave, plus `right`, once a block.
template <class T, class Acc>
__device__ __forceinline__ void store_edge(T* elements, int count, Acc sum, Acc right) {
  if (static_cast<int>(threadIdx.x) < count) {
    elements[threadIdx.x] = static_cast<T>(sum + right);
  }
}

}  // namespace scantune
