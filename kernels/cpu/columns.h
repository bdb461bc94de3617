// The scan of a block of columns, line by line from the bottom up (inner > 1):
//
//   line i    | in in in in |           sums   += line i          in the first-level cache, vector by vector
//   line i+1  | ........... |           out[i]  = sums            by way of a stage
//   line i+2  | ........... |
//
// Streaming stores want whole aligned cache lines, and a line of a tensor begins anywhere: results are put
// together in a stage, a piece of memory that stays in the cache, and move from there to `out`.
//
// Lines shorter than a vector ("narrow") are scanned as the flat memory they are, aligned vector by
// aligned vector: a lane's neighbour along the scan is the lane `inner` above it. With inner = 3:
//
//   v            a0 b0 c0 a1 b1 c1 a2 b2 | ...      lane l takes lanes l + 3, then l + 6, ..., and at last
//   + 3 above    a1 b1 c1 a2 b2                     the sum of its column from the vector to the right
//   + 6 above    a2 b2
#pragma once

#include "cpu/elements.h"
#include "cpu/leaves.h"
#include "cpu/scan.h"
#include "cpu/vector.h"

namespace scantune::cpu::SCANTUNE_CPU_ISA {

inline constexpr int64_t kStageBytes = 16384;
static_assert(kMostColumns * 8 <= kStageBytes);

// Copies with streaming stores but at the ends, which do not fill a cache line.
inline void stream_out(const char* from, char* to, int64_t bytes) {
  const auto past_line = static_cast<int64_t>(reinterpret_cast<uintptr_t>(to) % kLineBytes);
  const int64_t head = past_line == 0 ? 0 : kLineBytes - past_line;
  int64_t i = head < bytes ? head : bytes;
  __builtin_memcpy(to, from, static_cast<size_t>(i));
  for (; i + kLineBytes <= bytes; i += kLineBytes) {
    for (int64_t at = i; at < i + kLineBytes; at += kVectorBytes) {
      store_vector<true>(to + at, load_vector(reinterpret_cast<const float*>(from + at)));
    }
  }
  __builtin_memcpy(to + i, from + i, static_cast<size_t>(bytes - i));
}

// One line: sums += in, out = sums.
template <class E, bool kWrite>
void scan_line(const typename E::Input* in, typename E::Accumulator* sums, typename E::Output* out, int64_t columns) {
  using T = typename E::Accumulator;
  constexpr int kWidth = kLanes<T>;
  int64_t k = 0;
  for (; k + kWidth <= columns; k += kWidth) {
    const Vec<T> v = load_vector(sums + k) + E::load(in + k);
    store_vector<false>(sums + k, v);
    if constexpr (kWrite) {
      E::template store<false>(out + k, v);
    }
  }
  for (; k < columns; ++k) {
    sums[k] += E::widen(in[k]);
    if constexpr (kWrite) {
      out[k] = E::narrow(sums[k]);
    }
  }
}

template <class E, bool kStreaming, bool kWrite>
void scan_wide_columns(const ColumnBlock& block) {
  using T = typename E::Accumulator;
  using Output = typename E::Output;
  constexpr int64_t kOutputBytes = sizeof(Output);
  const auto* in = static_cast<const typename E::Input*>(block.in);
  auto* out = static_cast<Output*>(block.out);
  auto* sums = static_cast<T*>(block.sums);
  const int64_t columns = block.column_end - block.column_begin;
  const int64_t line_bytes = columns * static_cast<int64_t>(sizeof(typename E::Input));
  // Whole lines follow each other in memory: as many as fit leave the stage together.
  const int64_t staged_lines = columns < block.inner ? 1 : kStageBytes / (columns * kOutputBytes);
  // What is prefetched lies some 4 KiB of this block ahead.
  const int64_t lines_ahead = 1 + 4096 / line_bytes;
  alignas(64) char stage[kStageBytes + kLineBytes];

  int64_t to_top = block.line_end % block.n;  // lines of the current slab above the current one, this included
  for (int64_t stage_end = block.line_end; stage_end > block.line_begin;) {
    const int64_t stage_begin =
        !kWrite || stage_end - block.line_begin < staged_lines ? block.line_begin : stage_end - staged_lines;
    Output* target = kWrite ? out + stage_begin * block.inner + block.column_begin : nullptr;
    char* staged = stage + reinterpret_cast<uintptr_t>(target) % kLineBytes;
    for (int64_t line = stage_end; line-- > stage_begin;) {
      if (to_top == 0) {
        to_top = block.n;
        for (int64_t k = 0; k < columns; ++k) {
          sums[k] = T{};
        }
      }
      --to_top;
      const auto* from = in + line * block.inner + block.column_begin;
      const char* ahead = reinterpret_cast<const char*>(from - lines_ahead * block.inner);
      for (int64_t at = 0; at < line_bytes; at += kLineBytes) {
        __builtin_prefetch(ahead + at, 0, 3);  // may lie above the tensor: never faults
      }
      const int64_t at = (line - stage_begin) * block.inner;
      Output* to = nullptr;
      if constexpr (kWrite) {
        to = (kStreaming ? reinterpret_cast<Output*>(staged) : target) + at;
      }
      scan_line<E, kWrite>(from, sums, to, columns);
    }
    if constexpr (kStreaming && kWrite) {
      const int64_t lines = stage_end - stage_begin;
      stream_out(staged, reinterpret_cast<char*>(target), ((lines - 1) * block.inner + columns) * kOutputBytes);
    }
    stage_end = stage_begin;
  }
}

// The lanes of `v` that `lanes` names, 0 where that is none.
template <class T>
inline Vec<T> pick(Vec<T> v, IndexVec<T> lanes) {
  const Vec<T> zero = {};
  return lanes < static_cast<Index<T>>(kLanes<T>) ? shuffle<T>(v, lanes) : zero;
}

template <class E, bool kStreaming, bool kWrite>
class NarrowScan {
 public:
  explicit NarrowScan(const ColumnBlock& block)
      : in_(static_cast<const Input*>(block.in)),
        out_(static_cast<Output*>(block.out)),
        sums_(static_cast<T*>(block.sums)),
        stride_(block.inner),
        slab_(block.n * block.inner) {}

  // Flat elements [begin, end), whole lines.
  void run(int64_t begin, int64_t end) {
    const int64_t skew =
        kWrite ? static_cast<int64_t>(reinterpret_cast<uintptr_t>(out_) / sizeof(Output)) % kWidth : 0;
    const auto align_down = [skew](int64_t element) { return element - (element + skew) % kWidth; };
    const int64_t right = align_down(end) > begin ? align_down(end) : begin;
    const int64_t left = align_down(begin + kWidth - 1) < right ? align_down(begin + kWidth - 1) : right;
    elements(right, end);
    if (left < right) {
      vectors(left, right);
    }
    elements(begin, left);
  }

 private:
  using Input = typename E::Input;
  using T = typename E::Accumulator;
  using Output = typename E::Output;
  using I = Index<T>;
  static constexpr int kWidth = kLanes<T>;

  // One at a time, where vectors would not be whole.
  void elements(int64_t begin, int64_t end) {
    int64_t left = end % slab_;  // of the slab, up to `end`; 0: a whole slab
    int64_t column = end % stride_;
    for (int64_t i = end; i-- > begin;) {
      left = left == 0 ? slab_ : left;
      column = column == 0 ? stride_ : column;
      --column;
      const bool last_line = left > slab_ - stride_;
      --left;
      sums_[column] = (last_line ? T{} : sums_[column]) + E::widen(in_[i]);
      if constexpr (kWrite) {
        out_[i] = E::narrow(sums_[column]);
      }
    }
  }

  void vectors(int64_t begin, int64_t end) {
    const auto stride = static_cast<I>(stride_);
    const IndexVec<T> lanes = lane_numbers<T>();
    // Where lane l's column goes on in the vector to the right: `reach` elements on, at lane `source`.
    IndexVec<T> reach;
    for (int lane = 0; lane < kWidth; ++lane) {
      reach[lane] = (static_cast<I>(kWidth - lane) + stride - 1) / stride * stride;
    }
    const IndexVec<T> source = lanes + reach - static_cast<I>(kWidth);

    // The sums so far as if they were such a vector: its first lanes are the `stride` elements from `end` on.
    Vec<T> right = {};
    for (int lane = 0; lane < static_cast<int>(stride); ++lane) {
      right[lane] = sums_[(end + lane) % stride_];
    }
    int64_t left = end % slab_;  // of the slab that the next vector's last lane lies in, up to `position`
    const bool short_slabs = slab_ < 2 * kWidth;
    IndexVec<T> to_end = {};  // of short slabs: elements after a lane's up to the slab's end
    for (int lane = 0; lane < kWidth && short_slabs; ++lane) {
      to_end[lane] = static_cast<I>(slab_ - 1 - (end - kWidth + lane) % slab_);
    }
    const auto slab = static_cast<I>(slab_);
    const auto step = static_cast<I>(kWidth % slab_);

    for (int64_t position = end; position > begin; position -= kWidth) {
      __builtin_prefetch(in_ + (position - kAheadElements), 0, 3);  // may lie left of the tensor: never faults
      if (short_slabs) {
        right = vector(position, right, to_end, source, reach);
        to_end += step;
        to_end = to_end >= slab ? to_end - slab : to_end;
        continue;
      }
      left = left == 0 ? slab_ : left;
      if (left >= kWidth && left <= slab_ - stride_) {
        Vec<T> v = E::load(in_ + position - kWidth);
        for (I distance = stride; distance < static_cast<I>(kWidth); distance *= 2) {
          v += pick<T>(v, lanes + distance);
        }
        right = v + shuffle<T>(right, source);
        write(position, right);
        left -= kWidth;
        continue;
      }
      // A slab begins or ends near here. Lanes below `first` are the end of the slab to the left.
      const int64_t after = slab_ - left < 2 * kWidth ? slab_ - left : 2 * kWidth;
      const auto first = static_cast<I>(left < kWidth ? kWidth - left : 0);
      const IndexVec<T> here = static_cast<I>(after + kWidth - 1) - lanes;
      right = vector(position, right, lanes >= first ? here : first - 1 - lanes, source, reach);
      left = left < kWidth ? slab_ - (kWidth - left) : left - kWidth;
    }
    for (int64_t lane = 0; lane < stride_; ++lane) {
      sums_[(begin + lane) % stride_] = right[lane];
    }
  }

  // The vector left of `position`, where lane l adds no more than the `to_end[l]` elements after it.
  Vec<T> vector(int64_t position, Vec<T> right, IndexVec<T> to_end, IndexVec<T> source, IndexVec<T> reach) {
    const IndexVec<T> lanes = lane_numbers<T>();
    const Vec<T> zero = {};
    Vec<T> v = E::load(in_ + position - kWidth);
    for (auto distance = static_cast<I>(stride_); distance < static_cast<I>(kWidth); distance *= 2) {
      v += to_end >= distance ? pick<T>(v, lanes + distance) : zero;
    }
    v += to_end >= reach ? shuffle<T>(right, source) : zero;
    write(position, v);
    return v;
  }

  void write(int64_t position, Vec<T> v) {
    if constexpr (kWrite) {
      E::template store<kStreaming>(out_ + position - kWidth, v);
    }
  }

  static constexpr int64_t kAheadElements = 4096 / static_cast<int64_t>(sizeof(Input));
  const Input* in_;
  Output* out_;
  T* sums_;
  const int64_t stride_;
  const int64_t slab_;
};

template <class E, bool kStreaming, bool kWrite>
void walk_columns(const ColumnBlock& block) {
  if (block.inner < kLanes<typename E::Accumulator>) {
    NarrowScan<E, kStreaming, kWrite>(block).run(block.line_begin * block.inner, block.line_end * block.inner);
  } else {
    scan_wide_columns<E, kStreaming, kWrite>(block);
  }
}

template <class E, Store kStore>
void scan_columns(const ColumnBlock& block) {
  walk_columns<E, kStore == Store::streaming, true>(block);
}

template <class E>
void sum_columns(const ColumnBlock& block) {
  walk_columns<E, false, false>(block);
}

template <class E>
void add_columns(void* sums, const void* more, int64_t columns) {
  auto* to = static_cast<typename E::Accumulator*>(sums);
  const auto* from = static_cast<const typename E::Accumulator*>(more);
  for (int64_t k = 0; k < columns; ++k) {
    to[k] += from[k];
  }
}

}  // namespace scantune::cpu::SCANTUNE_CPU_ISA
