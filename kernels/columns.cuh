// Tiles of columns: what the families share that sum along a dimension which is not the innermost.
//
// A tensor outer x n x inner is, for each o, a matrix of n rows and inner columns, row-major; each column is
// summed from the bottom up. A tile is kTileRows x kColumns elements of it. kAcross threads side by side
// cover a row of the tile with one access each, kGroups such groups lie above one another, and a thread
// holds kRows neighbouring rows of its columns in registers:
//
//                 kColumns = kAcross accesses                     accesses of 16, 8, 4 or 2 bytes: the widest
//              | thread 0 | thread 1 | ... |  ^                   that divides the bytes of a row (inner * sizeof(T)),
//     group 0  |  x x x x |  x x x x |     |  kRows              and whose results are one access too
//              |  x x x x |  x x x x |     |  v
//     group 1  | thread kAcross ...                               a group is several warps, a warp, or part
//       ...                                                       of a warp
//
//   1. every thread adds up its rows: column sums of the group;
//   2. where groups share a warp, shuffles add those of the groups below it;
//   3. the warps' column sums meet in shared memory, behind the tile's barrier; there too is the carry of the
//      columns, the sum of all that lies below the tile, as one more row;
//   4. every thread adds what lies below it and writes its rows from the bottom up.
//
// A column of tiles is a strip, a row of tiles a slab. Slabs are counted from the bottom, so the ragged slab
// is the one at the top: its rows above the tensor are neither read nor written, and count as zeros.
#pragma once

#include "columns.launch.h"
#include "scan.cuh"

namespace scantune {

template <class Element, class Sum, int kAccessWidth, int kTileColumns, int kBlockWarps, int kThreadRows>
struct ColumnTile {
  using T = Element;
  using Acc = Sum;
  using Out = Output<T, Acc>;
  static constexpr ColumnTileParams kParams = {kAccessWidth, kTileColumns, kBlockWarps, kThreadRows};
  static constexpr int kAccess = kAccessWidth;
  static constexpr int kColumns = kTileColumns;
  static constexpr int kRows = kThreadRows;
  static constexpr int kThreads = kBlockWarps * kWarpThreads;
  static constexpr int kPer = kAccess / static_cast<int>(sizeof(T));  // elements an access
  static constexpr int kAcross = columns_threads_across(kParams, sizeof(T));
  static constexpr int kTileRows = columns_tile_rows(kParams, sizeof(T));
  static constexpr int kStack = columns_stack(kParams, sizeof(T));
  static constexpr int kOutAccess = kPer * static_cast<int>(sizeof(Out));
  static constexpr int kSumBytes = kPer * static_cast<int>(sizeof(Acc));
  static constexpr int kSumAccess = kSumBytes < kAccessBytes ? kSumBytes : kAccessBytes;
  static_assert(kPer >= 1 && kAcross >= 1 && kThreads % kAcross == 0 && (kAcross & (kAcross - 1)) == 0,
                "a row of the tile is a power of two of accesses, and no wider than the block");
  static_assert(kOutAccess <= kAccessBytes, "the results of an access are written in one");

  // One access: kPer neighbouring elements of a row, as they are loaded and while they wait.
  using Cells = typename BitsOf<kAccess>::Type;
  struct alignas(kAccess) Elements {
    T x[kPer];
  };
  struct alignas(kOutAccess) Results {
    Out y[kPer];
  };
  // A sum for each of them.
  struct alignas(kSumAccess) Sums {
    Acc x[kPer];
  };
  // Sums of a row of the tile in shared memory.
  struct alignas(kAccessBytes) Row {
    Acc x[kColumns];
  };

  static __device__ __forceinline__ int column() { return threadIdx.x % kAcross * kPer; }
  static __device__ __forceinline__ int group() { return threadIdx.x / kAcross; }
  // Which of the warps above one another the thread is in; 0 is the topmost.
  static __device__ __forceinline__ int level() {
    return threadIdx.x / (kAcross < kWarpThreads ? kWarpThreads : kAcross);
  }
};

// A tile as one thread sees it.
struct ColumnPlace {
  long long offset;  // of the thread's first element from the tensor's
  int outside;       // the thread's rows above the tensor, which are its first; all where its columns are outside
  bool whole;        // the tile of the block lies in the tensor
};

template <class Tile>
__device__ __forceinline__ ColumnPlace place_tile(long long o, long long slab, long long strip, long long n,
                                                  long long inner) {
  const long long top = n - (slab + 1) * Tile::kTileRows;
  const long long row = top + Tile::group() * Tile::kRows;
  const long long column = strip * Tile::kColumns + Tile::column();
  ColumnPlace place;
  place.offset = (o * n + row) * inner + column;
  place.outside = column >= inner || row <= -Tile::kRows ? Tile::kRows : row < 0 ? static_cast<int>(-row) : 0;
  place.whole = top >= 0 && (strip + 1) * Tile::kColumns <= inner;
  return place;
}

// Whether all accesses can be made in one piece: every row begins as the tensor does.
template <class Tile>
__device__ __forceinline__ bool columns_aligned(const typename Tile::T* in, const typename Tile::Out* out) {
  return reinterpret_cast<unsigned long long>(in) % Tile::kAccess == 0 &&
         reinterpret_cast<unsigned long long>(out) % Tile::kOutAccess == 0;
}

// Both ways word by word: told to copy halves, the compiler would keep each in a register of its own.
template <class Tile>
__device__ __forceinline__ typename Tile::Elements elements_of(const typename Tile::Cells& cells) {
  typename Tile::Elements elements;
  if constexpr (sizeof(typename Tile::T) == 2 && Tile::kPer > 1) {
    unsigned words[Tile::kPer / 2];
    memcpy(words, &cells, sizeof cells);
#pragma unroll
    for (int e = 0; e < Tile::kPer; ++e) {
      const auto half = static_cast<unsigned short>(words[e / 2] >> 16 * (e % 2));
      memcpy(&elements.x[e], &half, sizeof half);
    }
  } else {
    memcpy(&elements, &cells, sizeof cells);
  }
  return elements;
}

template <class Tile>
__device__ __forceinline__ typename Tile::Cells cells_of(const typename Tile::Elements& elements) {
  typename Tile::Cells cells;
  if constexpr (sizeof(typename Tile::T) == 2 && Tile::kPer > 1) {
    unsigned words[Tile::kPer / 2] = {};
#pragma unroll
    for (int e = 0; e < Tile::kPer; ++e) {
      unsigned short half;
      memcpy(&half, &elements.x[e], sizeof half);
      words[e / 2] |= static_cast<unsigned>(half) << 16 * (e % 2);
    }
    memcpy(&cells, words, sizeof cells);
  } else {
    memcpy(&cells, &elements, sizeof cells);
  }
  return cells;
}

template <class Tile>
__device__ __forceinline__ void store_results_of(typename Tile::Out* aligned, const typename Tile::Results& results) {
  typename BitsOf<Tile::kOutAccess>::Type bits;
  memcpy(&bits, &results, sizeof results);
  store_global(aligned, bits);
}

// From the bottom up, as the rows are added: the first to be needed comes first.
template <class Tile>
__device__ __forceinline__ void load_columns(typename Tile::Cells (&loaded)[Tile::kRows], const typename Tile::T* in,
                                             const ColumnPlace& place, long long inner, bool aligned) {
  const typename Tile::T* from = in + place.offset;
  if (place.whole && aligned) {
#pragma unroll
    for (int r = Tile::kRows - 1; r >= 0; --r) {
      load_global(from + r * inner, loaded[r]);
    }
  } else {
#pragma unroll
    for (int r = Tile::kRows - 1; r >= 0; --r) {
      loaded[r] = typename Tile::Cells{};
      if (r >= place.outside) {
        if (aligned) {
          load_global(from + r * inner, loaded[r]);
        } else {
          typename Tile::Elements elements;
#pragma unroll
          for (int e = 0; e < Tile::kPer; ++e) {
            elements.x[e] = from[r * inner + e];
          }
          loaded[r] = cells_of<Tile>(elements);
        }
      }
    }
  }
}

// Where elements are narrower than their sums: the elements of a row, to be widened after `sum` is known. Left to
// itself, the compiler would widen all rows at once, and keep them so from their sum to their results, in twice the
// registers. The exclusive or is with a zero that it cannot know: no size is negative.
template <class Tile>
__device__ __forceinline__ typename Tile::Elements widen_after(const typename Tile::Sums& sum,
                                                               const typename Tile::Cells& cells, long long size) {
  if constexpr (sizeof(typename Tile::T) < sizeof(typename Tile::Acc) && Tile::kAccess >= 4) {
    constexpr int kWords = Tile::kAccess / 4;
    const auto zero = static_cast<unsigned>(static_cast<unsigned long long>(size) >> 63);
    unsigned words[kWords];
    memcpy(words, &cells, sizeof cells);
#pragma unroll
    for (int w = 0; w < kWords; ++w) {
      unsigned before;
      memcpy(&before, &sum.x[w * Tile::kPer / kWords], sizeof before);
      words[w] ^= before & zero;
    }
    typename Tile::Cells after;
    memcpy(&after, words, sizeof after);
    return elements_of<Tile>(after);
  }
  return elements_of<Tile>(cells);
}

// The results of one row of the thread, given what lies below it; `below` then includes that row.
template <class Tile>
__device__ __forceinline__ typename Tile::Results add_row(typename Tile::Sums& below, const typename Tile::Cells& cells,
                                                          long long inner) {
  const typename Tile::Elements row = widen_after<Tile>(below, cells, inner);
  typename Tile::Results results;
#pragma unroll
  for (int e = 0; e < Tile::kPer; ++e) {
    below.x[e] += static_cast<typename Tile::Acc>(row.x[e]);
  }
  if constexpr (Tile::kPer == 1) {
    results.y[0] = static_cast<typename Tile::Out>(below.x[0]);
  } else {
#pragma unroll
    for (int e = 0; e < Tile::kPer; e += 2) {
      round_pair(results.y + e, below.x[e], below.x[e + 1]);
    }
  }
  return results;
}

// Writes the thread's rows from the bottom up; `below` is what lies below them.
template <class Tile>
__device__ __forceinline__ void store_columns(const typename Tile::Cells (&loaded)[Tile::kRows],
                                              typename Tile::Sums below, typename Tile::Out* out,
                                              const ColumnPlace& place, long long inner, bool aligned) {
  typename Tile::Out* to = out + place.offset;
  if (place.whole && aligned) {
#pragma unroll
    for (int r = Tile::kRows - 1; r >= 0; --r) {
      store_results_of<Tile>(to + r * inner, add_row<Tile>(below, loaded[r], inner));
    }
  } else {
#pragma unroll
    for (int r = Tile::kRows - 1; r >= 0; --r) {
      const typename Tile::Results results = add_row<Tile>(below, loaded[r], inner);
      if (r >= place.outside) {
        if (aligned) {
          store_results_of<Tile>(to + r * inner, results);
        } else {
#pragma unroll
          for (int e = 0; e < Tile::kPer; ++e) {
            to[r * inner + e] = results.y[e];
          }
        }
      }
    }
  }
}

// Adds up the thread's rows, and puts the sums of its warp into its row of `levels`. Returns what lies below
// the thread in the warp. To be followed by a barrier.
template <class Tile>
__device__ __forceinline__ typename Tile::Sums sum_columns(const typename Tile::Cells (&loaded)[Tile::kRows],
                                                           typename Tile::Row* levels, long long inner) {
  using Acc = typename Tile::Acc;
  const int lane = threadIdx.x % kWarpThreads;
  typename Tile::Sums sum;
  typename Tile::Sums below;
#pragma unroll
  for (int e = 0; e < Tile::kPer; ++e) {
    sum.x[e] = Acc(0);
  }
#pragma unroll
  for (int r = Tile::kRows - 1; r >= 0; --r) {
    const typename Tile::Elements row = widen_after<Tile>(sum, loaded[r], inner);
#pragma unroll
    for (int e = 0; e < Tile::kPer; ++e) {
      sum.x[e] += static_cast<Acc>(row.x[e]);
    }
  }
#pragma unroll
  for (int e = 0; e < Tile::kPer; ++e) {
    below.x[e] = Acc(0);
    if (Tile::kAcross < kWarpThreads) {
#pragma unroll
      for (int distance = Tile::kAcross; distance < kWarpThreads; distance *= 2) {
        const Acc from_below = __shfl_down_sync(kAllLanes, sum.x[e], distance);
        if (lane + distance < kWarpThreads) {
          sum.x[e] += from_below;
        }
      }
      const Acc from_next = __shfl_down_sync(kAllLanes, sum.x[e], Tile::kAcross % kWarpThreads);
      below.x[e] = lane + Tile::kAcross < kWarpThreads ? from_next : Acc(0);
    }
  }
  if (lane < Tile::kAcross) {
    *reinterpret_cast<typename Tile::Sums*>(levels[Tile::level()].x + Tile::column()) = sum;
  }
  return below;
}

// What lies below the thread's rows: in its warp, in the levels below that, and in the rows after those,
// kRowsBelow of them, which hold the carry. Call it after the barrier.
template <class Tile, int kRowsBelow>
__device__ __forceinline__ typename Tile::Sums sum_below(const typename Tile::Sums& in_warp,
                                                         const typename Tile::Row* levels) {
  using Sums = typename Tile::Sums;
  constexpr int kLast = Tile::kStack + kRowsBelow - 1;
  Sums below = *reinterpret_cast<const Sums*>(levels[kLast].x + Tile::column());
#pragma unroll
  for (int level = kLast - 1; level > 0; --level) {
    if (level > Tile::level()) {
      const Sums sum = *reinterpret_cast<const Sums*>(levels[level].x + Tile::column());
#pragma unroll
      for (int e = 0; e < Tile::kPer; ++e) {
        below.x[e] += sum.x[e];
      }
    }
  }
#pragma unroll
  for (int e = 0; e < Tile::kPer; ++e) {
    below.x[e] += in_warp.x[e];
  }
  return below;
}

// The sum of one column over rows [0, kCount) of `levels`, added from the last.
template <class Tile, int kCount>
__device__ __forceinline__ typename Tile::Acc sum_levels(const typename Tile::Row* levels, int column) {
  typename Tile::Acc sum = levels[kCount - 1].x[column];
#pragma unroll
  for (int level = kCount - 2; level >= 0; --level) {
    sum += levels[level].x[column];
  }
  return sum;
}

}  // namespace scantune
