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

#include "cpu/elements.h"
#include "cpu/leaves.h"
#include "cpu/vector.h"

namespace scantune::cpu::SCANTUNE_CPU_ISA {

inline constexpr int64_t kLineBytes = 64;

template <class T>
inline T value_of(Sum sum) {
  T value;
  __builtin_memcpy(&value, &sum.bits, sizeof value);
  return value;
}

template <class T>
inline Sum sum_of(T value) {
  Sum sum{};
  __builtin_memcpy(&sum.bits, &value, sizeof value);
  return sum;
}

// Sums of spans, by lanes, which are not neighbours in memory. The exact test (workload.h) holds kernels
// to this: only sums of neighbours telescope to few bits, and all others must be exact as well.
// - f32 is added up in double, where it is as good as exact.
// - Halves in f32, and integers, are exact in any order: the test's halves have 11 bits.
// - f64 has no wider type: neighbours first, in the vector and from one vector to the next.
template <class T>
struct SpanSum {
  using Total = T;
  static constexpr int kParts = 2;  // vectors are added to the parts in turn
  void add(Vec<T> v) { lanes += v; }
  [[nodiscard]] T total() const { return scan_lanes<T>(lanes)[0]; }
  Vec<T> lanes = {};
};
template <>
struct SpanSum<double> {
  using Total = double;
  static constexpr int kParts = 1;
  void add(Vec<double> v) { lanes += scan_lanes<double>(v); }
  [[nodiscard]] double total() const { return lanes[0]; }
  Vec<double> lanes = {};  // the other lanes mean nothing
};
struct WideSum {
  using Total = double;
  static constexpr int kParts = 2;
  void add(Vec<float> v) {
    const auto halves = as<Halves>(v);
    low += __builtin_convertvector(halves.low, Vec<double>);
    high += __builtin_convertvector(halves.high, Vec<double>);
  }
  [[nodiscard]] double total() const { return scan_lanes<double>(low + high)[0]; }

  using HalfVec [[gnu::vector_size(kVectorBytes / 2)]] = float;
  struct Halves {
    HalfVec low;
    HalfVec high;
  };
  Vec<double> low = {};
  Vec<double> high = {};
};
template <class E>
struct SpanSumOf {
  using Type = SpanSum<typename E::Accumulator>;
};
template <>
struct SpanSumOf<F32> {
  using Type = WideSum;
};

template <class E>
struct PartSums {
  using Part = typename SpanSumOf<E>::Type;
  using Total = typename Part::Total;
  static constexpr int kParts = Part::kParts;
  Part parts[kParts];

  [[nodiscard]] Total total() const {
    Total sum = parts[0].total();
    for (int p = 1; p < kParts; ++p) {
      sum += parts[p].total();
    }
    return sum;
  }
};

template <class E>
typename PartSums<E>::Total wide_sum(const typename E::Input* values, int64_t count) {
  using Total = typename PartSums<E>::Total;
  constexpr int64_t kWidth = kLanes<typename E::Accumulator>;
  constexpr int kParts = PartSums<E>::kParts;
  PartSums<E> sums;
  int64_t i = 0;
  for (; i + kParts * kWidth <= count; i += kParts * kWidth) {
    for (int p = 0; p < kParts; ++p) {
      sums.parts[p].add(E::load(values + i + p * kWidth));
    }
  }
  Total total = sums.total();
  for (; i < count; ++i) {
    total += static_cast<Total>(E::widen(values[i]));
  }
  return total;
}

template <class E>
Sum sum(const void* in, int64_t begin, int64_t end) {
  const auto* values = static_cast<const typename E::Input*>(in);
  return sum_of(static_cast<typename E::Accumulator>(wide_sum<E>(values + begin, end - begin)));
}

template <class E>
Sum add(Sum a, Sum b) {
  using T = typename E::Accumulator;
  return sum_of(static_cast<T>(value_of<T>(a) + value_of<T>(b)));
}

// What is done ahead while `vectors` vectors ending left of flat element `position` are scanned.
template <class E, Ahead kAhead>
class Lookahead {
 public:
  explicit Lookahead(const ScanSpan& span)
      : in_(static_cast<const Input*>(span.in) - span.distance),
        next_(static_cast<const Input*>(span.in) + span.next),
        left_(span.distance) {}

  template <int kVectors>
  void step(int64_t position) {
    constexpr int64_t kElements = kVectors * kWidth;
    constexpr int64_t kLineElements = kLineBytes / static_cast<int64_t>(sizeof(Input));
    if constexpr (kAhead == Ahead::falling) {
      for (int64_t e = 0; e < kElements; e += kLineElements) {
        __builtin_prefetch(in_ + (position - kElements + e), 0, 0);  // may lie left of the tensor: never faults
      }
    } else if (left_ >= kElements) {
      if constexpr (kAhead == Ahead::rising) {
        for (int64_t e = 0; e < kElements; e += kLineElements) {
          __builtin_prefetch(next_ + e, 0, 3);
        }
      } else {
        for (int v = 0; v < kVectors; ++v) {
          sums_.parts[v % PartSums<E>::kParts].add(E::load(next_ + v * kWidth));
        }
      }
      next_ += kElements;
      left_ -= kElements;
    }
  }

  // The sum of what lies ahead; takes in what the steps did not come to.
  Sum finish() {
    if constexpr (kAhead == Ahead::summing) {
      return sum_of(static_cast<Accumulator>(sums_.total() + wide_sum<E>(next_, left_)));
    }
    return {};
  }

 private:
  using Input = typename E::Input;
  using Accumulator = typename E::Accumulator;
  static constexpr int64_t kWidth = kLanes<Accumulator>;
  const Input* in_;
  const Input* next_;
  int64_t left_;
  PartSums<E> sums_;
};

// One element at a time: the ends of a span that do not fill a vector.
template <class E, class T = typename E::Accumulator>
T scan_elements(const typename E::Input* in, typename E::Output* out, int64_t begin, int64_t end, int64_t n, T carry) {
  int64_t left = end % n;  // of the row that element end-1 lies in, up to `end`; 0: a whole row
  for (int64_t i = end; i-- > begin;) {
    if (left == 0) {
      left = n;
      carry = T{};
    }
    carry += E::widen(in[i]);
    out[i] = E::narrow(carry);
    --left;
  }
  return carry;
}

// Rows so short that most vectors hold a row end. `end` is aligned and [begin, end) whole vectors.
template <class E, bool kStreaming, Ahead kAhead, class T = typename E::Accumulator>
T scan_short_rows(const typename E::Input* in, typename E::Output* out, int64_t begin, int64_t end, int64_t n, T carry,
                  Lookahead<E, kAhead>& ahead) {
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
    Vec<T> v = scan_lanes<T>(E::load(in + position - kWidth), to_end);
    v += to_end >= to_right_edge ? running : zero;
    E::template store<kStreaming>(out + position - kWidth, v);
    running = broadcast_first<T>(v);
    to_end += step;
    to_end = to_end >= row ? to_end - row : to_end;
  }
  return running[0];
}

// `end` is aligned and [begin, end) whole vectors; n is at least a vector.
template <class E, int kUnroll, bool kStreaming, Ahead kAhead, class T = typename E::Accumulator>
T scan_long_rows(const typename E::Input* in, typename E::Output* out, int64_t begin, int64_t end, int64_t n, T carry,
                 Lookahead<E, kAhead>& ahead) {
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
        v[u] = scan_lanes<T>(E::load(in + position - (u + 1) * kWidth));
      }
      for (int u = 0; u < kUnroll; ++u) {
        E::template store<kStreaming>(out + position - (u + 1) * kWidth, v[u] + running);
        running += broadcast_first<T>(v[u]);
      }
      left -= kGroup;
    }
    for (; position > begin && left >= kWidth; position -= kWidth) {
      ahead.template step<1>(position);
      const Vec<T> v = scan_lanes<T>(E::load(in + position - kWidth)) + running;
      E::template store<kStreaming>(out + position - kWidth, v);
      running = broadcast_first<T>(v);
      left -= kWidth;
    }
    if (position > begin && left > 0) {
      // The row begins at lane `first`; the lanes below it are the end of the row to its left. For
      // the lanes from `first` on the distance wraps round to a huge one: no end above them.
      const int first = kWidth - static_cast<int>(left);
      const IndexVec<T> to_end = static_cast<Index<T>>(first - 1) - lanes;
      Vec<T> v = scan_lanes<T>(E::load(in + position - kWidth), to_end);
      v += lanes >= static_cast<Index<T>>(first) ? running : zero;
      E::template store<kStreaming>(out + position - kWidth, v);
      running = broadcast_first<T>(v);
      position -= kWidth;
      left = n - first;
    }
  }
  return running[0];
}

template <class E, Ahead kAhead, int kUnroll, Store kStore>
ScanResult scan(const ScanSpan& span) {
  using T = typename E::Accumulator;
  constexpr bool kStreaming = kStore == Store::streaming;
  constexpr int64_t kWidth = kLanes<T>;
  constexpr int64_t kShortRow = 8 * kWidth;
  const auto* in = static_cast<const typename E::Input*>(span.in);
  auto* out = static_cast<typename E::Output*>(span.out);
  Lookahead<E, kAhead> ahead(span);

  // Streaming stores want aligned vectors: the ragged ends go one element at a time.
  const int64_t skew = static_cast<int64_t>(reinterpret_cast<uintptr_t>(out) / sizeof(typename E::Output)) % kWidth;
  const auto align_down = [skew](int64_t element) { return element - (element + skew) % kWidth; };
  const int64_t right = align_down(span.end) > span.begin ? align_down(span.end) : span.begin;
  const int64_t left = align_down(span.begin + kWidth - 1) < right ? align_down(span.begin + kWidth - 1) : right;

  T carry = scan_elements<E>(in, out, right, span.end, span.n, value_of<T>(span.carry));
  if (left < right) {
    carry = span.n < kShortRow ? scan_short_rows<E, kStreaming>(in, out, left, right, span.n, carry, ahead)
                               : scan_long_rows<E, kUnroll, kStreaming>(in, out, left, right, span.n, carry, ahead);
  }
  carry = scan_elements<E>(in, out, span.begin, left, span.n, carry);
  return {sum_of(carry), ahead.finish()};
}

}  // namespace scantune::cpu::SCANTUNE_CPU_ISA
