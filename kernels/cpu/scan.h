// The scan of a span, right to left:
//
//   in   ... | a a a a | b b b b | c c c c | d d d d |     four vectors at a time (unroll = 4)
//   1. each vector is scanned in its register, on its own: d3, d2+d3, d1+d2+d3, ...
//   2. from right to left, each takes the running sum of all to its right: out = scanned + carry,
//      carry += the vector's sum (its lane 0)
//
// Only step 2 is a chain from vector to vector: one addition long. Where a row ends inside a vector,
// additions across the end are masked out; very short rows are scanned with such masks throughout.
#pragma once

#include "cpu/leaves.h"
#include "cpu/vector.h"

namespace scantune::cpu::SCANTUNE_CPU_ISA {

inline constexpr int64_t kLineBytes = 64;

// Sums by lanes, which are not neighbours in memory: in double, where sums of floats are as good as
// exact. The exact test (workload.h) holds kernels to that: of floats it is sums of neighbours that
// telescope to few bits, no other sums.
template <class T>
class LaneSums {
 public:
  void add(Vec<T> v) {
    const auto halves = as<Halves>(v);
    low_ += __builtin_convertvector(halves.low, Wide);
    high_ += __builtin_convertvector(halves.high, Wide);
  }

  [[nodiscard]] double total() const { return scan_lanes<double>(low_ + high_)[0]; }

 private:
  static_assert(sizeof(T) == 4, "double is wide enough for float only");
  using Wide = Vec<double>;
  using Half [[gnu::vector_size(kVectorBytes / 2)]] = T;
  struct Halves {
    Half low;
    Half high;
  };
  Wide low_ = {};
  Wide high_ = {};
};

template <class T>
double wide_sum(const T* values, int64_t count) {
  LaneSums<T> even;
  LaneSums<T> odd;
  int64_t i = 0;
  for (; i + 2 * kLanes<T> <= count; i += 2 * kLanes<T>) {
    even.add(load(values + i));
    odd.add(load(values + i + kLanes<T>));
  }
  double total = even.total() + odd.total();
  for (; i < count; ++i) {
    total += static_cast<double>(values[i]);
  }
  return total;
}

// The sum of `count` values at `values`.
template <class T>
T sum(const T* values, int64_t count) {
  return static_cast<T>(wide_sum(values, count));
}

// What is done ahead while `vectors` vectors ending left of flat element `position` are scanned.
template <class T, Ahead kAhead>
class Lookahead {
 public:
  explicit Lookahead(const ScanSpan<T>& span) : in_(span.in - span.distance), next_(span.next), left_(span.distance) {}

  template <int kVectors>
  void step(int64_t position) {
    constexpr int64_t kElements = kVectors * kLanes<T>;
    constexpr int64_t kLineElements = kLineBytes / static_cast<int64_t>(sizeof(T));
    if constexpr (kAhead == Ahead::falling) {
      for (int64_t e = 0; e < kElements; e += kLineElements) {
        __builtin_prefetch(in_ + (position - kElements + e), 0, 0);  // may lie left of the matrix: never faults
      }
    } else if (left_ >= kElements) {
      if constexpr (kAhead == Ahead::rising) {
        for (int64_t e = 0; e < kElements; e += kLineElements) {
          __builtin_prefetch(next_ + e, 0, 3);
        }
      } else {
        for (int v = 0; v < kVectors; ++v) {
          sums_[v % kParts].add(load(next_ + v * kLanes<T>));
        }
      }
      next_ += kElements;
      left_ -= kElements;
    }
  }

  // The sum of what lies ahead; takes in what the steps did not come to.
  T finish() {
    if constexpr (kAhead == Ahead::summing) {
      return static_cast<T>(sums_[0].total() + sums_[1].total() + wide_sum(next_, left_));
    }
    return T{};
  }

 private:
  static constexpr int kParts = 2;
  const T* in_;
  const T* next_;
  int64_t left_;
  LaneSums<T> sums_[kParts];
};

// One element at a time: the ends of a span that do not fill a vector.
template <class T>
T scan_elements(const T* in, T* out, int64_t begin, int64_t end, int64_t n, T carry) {
  int64_t left = end % n;  // of the row that element end-1 lies in, up to `end`; 0: a whole row
  for (int64_t i = end; i-- > begin;) {
    if (left == 0) {
      left = n;
      carry = T{};
    }
    carry += in[i];
    out[i] = carry;
    --left;
  }
  return carry;
}

// Rows so short that most vectors hold a row end. `end` is aligned and [begin, end) whole vectors.
template <class T, bool kStreaming, Ahead kAhead>
T scan_short_rows(const T* in, T* out, int64_t begin, int64_t end, int64_t n, T carry, Lookahead<T, kAhead>& ahead) {
  constexpr int kWidth = kLanes<T>;
  const IndexVec<T> lanes = lane_numbers<T>();
  const IndexVec<T> to_right_edge = static_cast<Index<T>>(kWidth) - lanes;  // elements from a lane to the vector's end
  const auto row = static_cast<Index<T>>(n);
  const auto step = static_cast<Index<T>>(kWidth % n);

  IndexVec<T> to_end;  // elements after a lane's up to the end of its row, for the vector left of `end`
  for (int lane = 0; lane < kWidth; ++lane) {
    to_end[lane] = static_cast<Index<T>>(n - 1 - (end - kWidth + lane) % n);
  }
  const Vec<T> zero = {};
  Vec<T> running = broadcast(carry);
  for (int64_t position = end; position > begin; position -= kWidth) {
    ahead.template step<1>(position);
    Vec<T> v = scan_lanes<T>(load(in + position - kWidth), to_end);
    v += to_end >= to_right_edge ? running : zero;
    store<kStreaming, T>(out + position - kWidth, v);
    running = broadcast_first<T>(v);
    to_end += step;
    to_end = to_end >= row ? to_end - row : to_end;
  }
  return running[0];
}

// `end` is aligned and [begin, end) whole vectors; n is at least a vector.
template <class T, int kUnroll, bool kStreaming, Ahead kAhead>
T scan_long_rows(const T* in, T* out, int64_t begin, int64_t end, int64_t n, T carry, Lookahead<T, kAhead>& ahead) {
  constexpr int kWidth = kLanes<T>;
  constexpr int64_t kGroup = int64_t{kUnroll} * kWidth;
  const IndexVec<T> lanes = lane_numbers<T>();
  const Vec<T> zero = {};
  Vec<T> running = broadcast(carry);
  int64_t left = end % n;  // elements of the current row left of `position`
  int64_t position = end;
  while (position > begin) {
    if (left == 0) {
      left = n;
      running = zero;
    }
    const int64_t whole = left < position - begin ? left : position - begin;
    for (int64_t stop = position - whole + kGroup; position >= stop; position -= kGroup) {
      ahead.template step<kUnroll>(position);
      Vec<T> v[kUnroll];
      for (int u = 0; u < kUnroll; ++u) {
        v[u] = scan_lanes<T>(load(in + position - (u + 1) * kWidth));
      }
      for (int u = 0; u < kUnroll; ++u) {
        store<kStreaming, T>(out + position - (u + 1) * kWidth, v[u] + running);
        running += broadcast_first<T>(v[u]);
      }
      left -= kGroup;
    }
    for (; position > begin && left >= kWidth; position -= kWidth) {
      ahead.template step<1>(position);
      const Vec<T> v = scan_lanes<T>(load(in + position - kWidth)) + running;
      store<kStreaming, T>(out + position - kWidth, v);
      running = broadcast_first<T>(v);
      left -= kWidth;
    }
    if (position > begin && left > 0) {
      // The row begins at lane `first`; the lanes below it are the end of the row to its left. For
      // the lanes from `first` on the distance wraps round to a huge one: no end above them.
      const int first = kWidth - static_cast<int>(left);
      const IndexVec<T> to_end = static_cast<Index<T>>(first - 1) - lanes;
      Vec<T> v = scan_lanes<T>(load(in + position - kWidth), to_end);
      v += lanes >= static_cast<Index<T>>(first) ? running : zero;
      store<kStreaming, T>(out + position - kWidth, v);
      running = broadcast_first<T>(v);
      position -= kWidth;
      left = n - first;
    }
  }
  return running[0];
}

template <class T, Ahead kAhead, int kUnroll, Store kStore>
ScanResult<T> scan(const ScanSpan<T>& span) {
  constexpr bool kStreaming = kStore == Store::streaming;
  constexpr int64_t kWidth = kLanes<T>;
  constexpr int64_t kShortRow = 8 * kWidth;
  Lookahead<T, kAhead> ahead(span);

  // Streaming stores want aligned vectors: the ragged ends go one element at a time.
  const int64_t skew = static_cast<int64_t>(reinterpret_cast<uintptr_t>(span.out) / sizeof(T)) % kWidth;
  const auto align_down = [skew](int64_t element) { return element - (element + skew) % kWidth; };
  const int64_t right = align_down(span.end) > span.begin ? align_down(span.end) : span.begin;
  const int64_t left = align_down(span.begin + kWidth - 1) < right ? align_down(span.begin + kWidth - 1) : right;

  T carry = scan_elements(span.in, span.out, right, span.end, span.n, span.carry);
  if (left < right) {
    carry = span.n < kShortRow
                ? scan_short_rows<T, kStreaming>(span.in, span.out, left, right, span.n, carry, ahead)
                : scan_long_rows<T, kUnroll, kStreaming>(span.in, span.out, left, right, span.n, carry, ahead);
  }
  carry = scan_elements(span.in, span.out, span.begin, left, span.n, carry);
  return {carry, ahead.finish()};
}

}  // namespace scantune::cpu::SCANTUNE_CPU_ISA
