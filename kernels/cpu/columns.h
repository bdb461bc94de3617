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

inline constexpr int64_t kStageBytes = 32768;
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

// kVectors vectors of a line: sums += in, out = sums. The sums lie in the order of load_unordered.
template <class E, bool kStreaming, bool kWrite, int kVectors>
inline void scan_vectors(const typename E::Input* in, typename E::Accumulator* sums, typename E::Output* out) {
  auto v = load_unordered<E, kVectors>(in);
  for (int u = 0; u < kVectors; ++u) {
    v.at[u] += load_vector(sums + u * kLanes<typename E::Accumulator>);
    store_vector<false>(sums + u * kLanes<typename E::Accumulator>, v.at[u]);
  }
  if constexpr (kWrite) {
    store_unordered<E, kStreaming>(out, v);
  }
}

// One line: sums += in, out = sums. Fetches the line at `ahead` as it goes; where that lies above the tensor, it
// never faults. A column has the same place among the sums in every line of as many columns.
template <class E, bool kStreaming, bool kWrite>
void scan_line(const typename E::Input* in, const typename E::Input* ahead, typename E::Accumulator* sums,
               typename E::Output* out, int64_t columns) {
  constexpr int64_t kWidth = kLanes<typename E::Accumulator>;
  constexpr int64_t kLineElements = kLineBytes / static_cast<int64_t>(sizeof(typename E::Input));
  int64_t k = 0;
  for (; k + kLineElements <= columns; k += kLineElements) {
    __builtin_prefetch(ahead + k, 0, 3);
    for (int64_t v = k; v < k + kLineElements; v += E::kUnordered * kWidth) {
      scan_vectors<E, kStreaming, kWrite, E::kUnordered>(in + v, sums + v, kWrite ? out + v : nullptr);
    }
  }
  __builtin_prefetch(ahead + columns - 1, 0, 3);
  for (; k + kWidth <= columns; k += kWidth) {
    scan_vectors<E, kStreaming, kWrite, 1>(in + k, sums + k, kWrite ? out + k : nullptr);
  }
  for (; k < columns; ++k) {
    sums[k] += E::widen(in[k]);
    if constexpr (kWrite) {
      out[k] = E::narrow(sums[k]);
    }
  }
}

// A pointer as a number of bytes.
inline int64_t address(const void* p) { return static_cast<int64_t>(reinterpret_cast<uintptr_t>(p)); }

template <class E, bool kStreaming, bool kWrite>
class WideScan {
 public:
  explicit WideScan(const ColumnBlock& block)
      : block_(block),
        in_(static_cast<const Input*>(block.in) + block.column_begin),
        out_(kWrite ? static_cast<Output*>(block.out) + block.column_begin : nullptr),
        sums_(static_cast<T*>(block.sums)),
        columns_(block.column_end - block.column_begin),
        lines_ahead_(1 + kAheadBytes / (columns_ * static_cast<int64_t>(sizeof(Input)))),
        to_top_(block.line_end % block.n) {}

  void run() {
    if constexpr (kStreaming && kWrite) {
      const int64_t inner_bytes = block_.inner * kOutputBytes;
      if ((address(out_) | inner_bytes | (columns_ * kOutputBytes)) % kLineBytes == 0) {
        lines<true>(block_.line_begin, block_.line_end, out_ + block_.line_begin * block_.inner);
      } else {
        staged();
      }
    } else {
      lines<false>(block_.line_begin, block_.line_end, kWrite ? out_ + block_.line_begin * block_.inner : nullptr);
    }
  }

 private:
  using Input = typename E::Input;
  using T = typename E::Accumulator;
  using Output = typename E::Output;
  static constexpr int64_t kOutputBytes = sizeof(Output);
  static constexpr int64_t kAheadBytes = 4096;  // of this block, or a little more

  // Lines [begin, end), written from `to` on.
  template <bool kDirect>
  void lines(int64_t begin, int64_t end, Output* to) {
    for (int64_t line = end; line-- > begin;) {
      if (to_top_ == 0) {
        to_top_ = block_.n;
        for (int64_t k = 0; k < columns_; ++k) {
          sums_[k] = T{};
        }
      }
      --to_top_;
      const Input* from = in_ + line * block_.inner;
      Output* target = nullptr;
      if constexpr (kWrite) {
        target = to + (line - begin) * block_.inner;
      }
      scan_line<E, kDirect, kWrite>(from, from - lines_ahead_ * block_.inner, sums_, target, columns_);
    }
  }

  // Whole lines follow each other in memory: as many as fit leave the stage together.
  void staged() {
    alignas(64) char stage[kStageBytes + kLineBytes];
    const int64_t at_once = columns_ < block_.inner ? 1 : kStageBytes / (columns_ * kOutputBytes);
    for (int64_t end = block_.line_end; end > block_.line_begin;) {
      const int64_t begin = end - block_.line_begin < at_once ? block_.line_begin : end - at_once;
      char* target = reinterpret_cast<char*>(out_ + begin * block_.inner);
      char* staged = stage + address(target) % kLineBytes;
      lines<false>(begin, end, reinterpret_cast<Output*>(staged));
      stream_out(staged, target, ((end - begin - 1) * block_.inner + columns_) * kOutputBytes);
      end = begin;
    }
  }

  const ColumnBlock& block_;
  const Input* in_;
  Output* out_;
  T* sums_;
  const int64_t columns_;
  const int64_t lines_ahead_;
  int64_t to_top_;  // lines of the current slab above the last one done
};

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
    const int64_t skew = kWrite ? static_cast<int64_t>(reinterpret_cast<uintptr_t>(out_) / sizeof(Output)) % kWidth : 0;
    const auto align_down = [&](int64_t element) { return element - (element + skew) % kWidth; };
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
  static constexpr int64_t kTwoVectors = 2 * int64_t{kWidth};

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
    const bool short_slabs = slab_ < kTwoVectors;
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
      const int64_t after = slab_ - left < kTwoVectors ? slab_ - left : kTwoVectors;
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
    WideScan<E, kStreaming, kWrite>(block).run();
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
