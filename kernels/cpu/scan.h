// The scan of a span, right to left:
//
//   in   ... | a a a a | b b b b | c c c c | d d d d |     four vectors at a time (unroll = 4)
//   1. each vector is scanned in its register, on its own: d3, d2+d3, d1+d2+d3, ...
//   2. from right to left, each takes the running sum of all to its right: out = scanned + carry,
//      carry += the vector's sum (its lane 0)
//
// Only step 2 is a chain from vector to vector: one addition long. Halves need more instructions to load and store, and
// save them here, wherever that is a gain (elements.h): four neighbours share a lane of four vectors (a bundle), whose
// sums alone are scanned across lanes:
//
//   lane        0           1           2      ...         three additions in each lane: a+b+c+d, b+c+d, c+d, d;
//   at[0..3]    a b c d     a b c d     a b c d            a scan of the a+b+c+d: the sums to the right of each lane,
//   memory      0 1 2 3     4 5 6 7     8 9 ...            which each lane adds to its four
//
// Where a row ends inside a bundle, additions across the end are masked out; very short rows are scanned with such
// masks throughout.
#pragma once

#include <utility>

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

// Elements of a span that are added vector by vector, to all parts alike; the others, those at its end, one by one. So
// the sum of a span has the same bits however many vectors are added at a time.
template <class E>
constexpr int64_t in_whole_vectors(int64_t count) {
  constexpr int64_t kStep = PartSums<E>::kParts * kLanes<typename E::Accumulator>;
  return count / kStep * kStep;
}

// Adds the next kVectors vectors, the first of them to the first part. Leaves as the first the part whose turn is next.
template <int kVectors, class E>
void add_vectors(PartSums<E>& sums, const typename E::Input* values) {
  static_assert(kVectors % E::kUnordered == 0);
  for (int v = 0; v < kVectors; v += E::kUnordered) {
    const auto loaded = load_unordered<E, E::kUnordered>(values + v * kLanes<typename E::Accumulator>);
    for (int u = 0; u < E::kUnordered; ++u) {
      sums.parts[(v + u) % PartSums<E>::kParts].add(loaded.at[u]);
    }
  }
  if constexpr (kVectors % PartSums<E>::kParts != 0) {
    static_assert(PartSums<E>::kParts == 2);
    std::swap(sums.parts[0], sums.parts[1]);
  }
}

// The sum of all, once `count` elements at `values`, fewer than one vector for each part, are added as well.
template <class E>
typename PartSums<E>::Total total_with(const PartSums<E>& sums, const typename E::Input* values, int64_t count) {
  using Total = typename PartSums<E>::Total;
  Total total = sums.total();
  for (int64_t i = 0; i < count; ++i) {
    total += static_cast<Total>(E::widen(values[i]));
  }
  return total;
}

template <class E>
Sum sum(const void* in, int64_t begin, int64_t end) {
  const auto* values = static_cast<const typename E::Input*>(in);
  const int64_t count = end - begin;
  const int64_t whole = in_whole_vectors<E>(count);
  constexpr int kParts = PartSums<E>::kParts;
  PartSums<E> sums;
  for (int64_t i = 0; i < whole; i += kParts * kLanes<typename E::Accumulator>) {
    add_vectors<kParts>(sums, values + begin + i);
  }
  return sum_of(static_cast<typename E::Accumulator>(total_with<E>(sums, values + begin + whole, count - whole)));
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
        left_(kAhead == Ahead::summing ? in_whole_vectors<E>(span.distance) : span.distance),
        rest_(span.distance - left_) {}

  template <int kVectors>
  void step(int64_t position) {
    constexpr int64_t kElements = kVectors * kWidth;
    constexpr int64_t kLineElements = kLineBytes / static_cast<int64_t>(sizeof(Input));
    if constexpr (kAhead == Ahead::falling) {
      // Into the second-level cache as well: the hint for data that are read once leaves that out, and its prefetcher
      // with it, which halves the speed (docs/kernels.md).
      for (int64_t e = 0; e < kElements; e += kLineElements) {
        __builtin_prefetch(in_ + (position - kElements + e), 0, 3);  // may lie left of the tensor: never faults
      }
    } else if (left_ >= kElements) {
      if constexpr (kAhead == Ahead::rising) {
        for (int64_t e = 0; e < kElements; e += kLineElements) {
          __builtin_prefetch(next_ + e, 0, 3);
        }
      } else {
        // In step with the scan, the sums' own loads begin too late for the memory's latency.
        for (int64_t e = 0; e < kElements; e += kLineElements) {
          __builtin_prefetch(next_ + kSummedAheadBytes / static_cast<int64_t>(sizeof(Input)) + e, 0, 3);
        }
        add_vectors<kVectors>(sums_, next_);
      }
      next_ += kElements;
      left_ -= kElements;
    }
  }

  // The sum of what lies ahead; takes in what the steps did not come to.
  Sum finish() {
    if constexpr (kAhead == Ahead::summing) {
      for (; left_ > 0; left_ -= E::kUnordered * kWidth, next_ += E::kUnordered * kWidth) {
        add_vectors<E::kUnordered>(sums_, next_);
      }
      return sum_of(static_cast<Accumulator>(total_with<E>(sums_, next_, rest_)));
    }
    return {};
  }

 private:
  using Input = typename E::Input;
  using Accumulator = typename E::Accumulator;
  static constexpr int64_t kWidth = kLanes<Accumulator>;
  static constexpr int64_t kSummedAheadBytes = 4096;
  const Input* in_;
  const Input* next_;
  int64_t left_;  // elements that no step came to; where they are summed, without ...
  int64_t rest_;  // ... the last, which fill no vectors
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

// Numbers of elements, one for each element of a bundle.
template <class E>
using Counts = Bundle<Index<typename E::Accumulator>, E::kPerLane>;

// 0, 1, 2, ...
template <class E>
inline Counts<E> element_numbers() {
  using T = typename E::Accumulator;
  Counts<E> numbers;
  for (int j = 0; j < E::kPerLane; ++j) {
    numbers.at[j] = lane_numbers<T>() * static_cast<Index<T>>(E::kPerLane) + static_cast<Index<T>>(j);
  }
  return numbers;
}

// Each element of a bundle becomes the sum from it to the last of its lane.
template <class T, int kPerLane>
inline void scan_in_lanes(Bundle<T, kPerLane>& v) {
  for (int j = kPerLane - 2; j >= 0; --j) {
    v.at[j] += v.at[j + 1];
  }
}

// Scans a bundle in which rows end: an element adds no more than the `to_end` elements after it, which are those left
// of its row, and `running` where the row goes on to the right. Returns what is running to the left, in every lane.
template <class E, class T = typename E::Accumulator>
inline Vec<T> scan_rows(BundleOf<E>& v, const Counts<E>& to_end, Vec<T> running) {
  using I = Index<T>;
  constexpr int kPerLane = E::kPerLane;
  const Vec<T> zero = {};
  const IndexVec<T> first = to_end.at[0];
  for (int j = kPerLane - 2; j >= 0; --j) {
    v.at[j] += to_end.at[j] >= 1 ? v.at[j + 1] : zero;
  }
  Vec<T> lanes = v.at[0];
  lanes += first >= 1 * kPerLane ? from_above<1, T>(lanes) : zero;
  if constexpr (kLanes < T >> 2) {
    lanes += first >= 2 * kPerLane ? from_above<2, T>(lanes) : zero;
  }
  if constexpr (kLanes < T >> 4) {
    lanes += first >= 4 * kPerLane ? from_above<4, T>(lanes) : zero;
  }
  if constexpr (kLanes < T >> 8) {
    lanes += first >= 8 * kPerLane ? from_above<8, T>(lanes) : zero;
  }
  const IndexVec<T> to_right_edge = static_cast<I>(kBundle<E>) - lane_numbers<T>() * static_cast<I>(kPerLane);
  lanes += first >= to_right_edge ? running : zero;
  if constexpr (kPerLane > 1) {
    const Vec<T> next = from_next<T>(lanes, running);
    for (int j = 1; j < kPerLane; ++j) {
      v.at[j] += to_end.at[j] >= static_cast<I>(kPerLane - j) ? next : zero;
    }
  }
  v.at[0] = lanes;
  return broadcast_first<T>(lanes);
}

// Rows so short that most bundles hold a row end. `end` is aligned and [begin, end) whole bundles.
template <class E, bool kStreaming, Ahead kAhead, class T = typename E::Accumulator>
T scan_short_rows(const typename E::Input* in, typename E::Output* out, int64_t begin, int64_t end, int64_t n, T carry,
                  Lookahead<E, kAhead>& ahead) {
  using I = Index<T>;
  constexpr int64_t kElements = kBundle<E>;
  const auto row = static_cast<I>(n);
  const auto step = static_cast<I>(kElements % n);

  Counts<E> to_end;  // elements after each up to the end of its row, for the bundle left of `end`
  for (int j = 0; j < E::kPerLane; ++j) {
    for (int lane = 0; lane < kLanes<T>; ++lane) {
      to_end.at[j][lane] = static_cast<I>(n - 1 - (end - kElements + lane * E::kPerLane + j) % n);
    }
  }
  Vec<T> running = broadcast(carry);
  for (int64_t position = end; position > begin; position -= kElements) {
    ahead.template step<E::kPerLane>(position);
    BundleOf<E> v = load_bundle<E>(in + position - kElements);
    running = scan_rows<E>(v, to_end, running);
    store_bundle<E, kStreaming>(out + position - kElements, v);
    for (int j = 0; j < E::kPerLane; ++j) {
      to_end.at[j] += step;
      to_end.at[j] = to_end.at[j] >= row ? to_end.at[j] - row : to_end.at[j];
    }
  }
  return running[0];
}

// Scans kBundles bundles of one row, of which the last ends at `position`. Returns what is running to their left.
template <class E, int kBundles, bool kStreaming, class T = typename E::Accumulator>
inline Vec<T> scan_bundles(const typename E::Input* in, typename E::Output* out, int64_t position, Vec<T> running) {
  BundleOf<E> v[kBundles];
  Vec<T> lanes[kBundles];
  for (int b = 0; b < kBundles; ++b) {
    v[b] = load_bundle<E>(in + position - (b + 1) * kBundle<E>);
    scan_in_lanes(v[b]);
    lanes[b] = scan_lanes<T>(v[b].at[0]);
  }
  for (int b = 0; b < kBundles; ++b) {
    v[b].at[0] = lanes[b] + running;
    if constexpr (E::kPerLane > 1) {
      const Vec<T> next = from_next<T>(v[b].at[0], running);
      for (int j = 1; j < E::kPerLane; ++j) {
        v[b].at[j] += next;
      }
    }
    store_bundle<E, kStreaming>(out + position - (b + 1) * kBundle<E>, v[b]);
    running += broadcast_first<T>(lanes[b]);
  }
  return running;
}

// `end` is aligned and [begin, end) whole bundles; n is at least a bundle.
template <class E, int kUnroll, bool kStreaming, Ahead kAhead, class T = typename E::Accumulator>
T scan_long_rows(const typename E::Input* in, typename E::Output* out, int64_t begin, int64_t end, int64_t n, T carry,
                 Lookahead<E, kAhead>& ahead) {
  using I = Index<T>;
  static_assert(kUnroll % E::kPerLane == 0);
  constexpr int kBundles = kUnroll / E::kPerLane;
  constexpr int64_t kElements = kBundle<E>;
  constexpr int64_t kGroup = kBundles * kElements;
  const Counts<E> numbers = element_numbers<E>();
  Vec<T> running = broadcast(carry);
  int64_t left = end % n;  // elements of the current row left of `position`
  int64_t position = end;
  while (position > begin) {
    if (left == 0) {
      left = n;
      running = Vec<T>{};
    }
    const int64_t whole = left < position - begin ? left : position - begin;
    for (int64_t stop = position - whole + kGroup; position >= stop; position -= kGroup) {
      ahead.template step<kUnroll>(position);
      running = scan_bundles<E, kBundles, kStreaming>(in, out, position, running);
      left -= kGroup;
    }
    if constexpr (kBundles > 1) {
      for (; position > begin && left >= kElements; position -= kElements) {
        ahead.template step<E::kPerLane>(position);
        running = scan_bundles<E, 1, kStreaming>(in, out, position, running);
        left -= kElements;
      }
    }
    if (position > begin && left > 0) {
      // The row begins at element `first`; those below it are the end of the row to its left. For those from `first` on
      // the distance wraps round to a huge one: no end above them.
      const auto first = static_cast<I>(kElements - left);
      Counts<E> to_end;
      for (int j = 0; j < E::kPerLane; ++j) {
        to_end.at[j] = first - 1 - numbers.at[j];
      }
      ahead.template step<E::kPerLane>(position);
      BundleOf<E> v = load_bundle<E>(in + position - kElements);
      running = scan_rows<E>(v, to_end, running);
      store_bundle<E, kStreaming>(out + position - kElements, v);
      position -= kElements;
      left = n - static_cast<int64_t>(first);
    }
  }
  return running[0];
}

template <class E, Ahead kAhead, int kUnroll, Store kStore>
ScanResult scan(const ScanSpan& span) {
  using T = typename E::Accumulator;
  constexpr bool kStreaming = kStore == Store::streaming;
  constexpr int64_t kElements = kBundle<E>;
  constexpr int64_t kShortRow = 8 * kLanes<T>;
  static_assert(kShortRow >= 2 * kElements);
  const auto* in = static_cast<const typename E::Input*>(span.in);
  auto* out = static_cast<typename E::Output*>(span.out);
  Lookahead<E, kAhead> ahead(span);

  // Streaming stores want aligned vectors: the ragged ends go one element at a time.
  const int64_t skew = static_cast<int64_t>(reinterpret_cast<uintptr_t>(out) / sizeof(typename E::Output)) % kElements;
  const auto align_down = [skew](int64_t element) { return element - (element + skew) % kElements; };
  const int64_t right = align_down(span.end) > span.begin ? align_down(span.end) : span.begin;
  const int64_t left = align_down(span.begin + kElements - 1) < right ? align_down(span.begin + kElements - 1) : right;

  T carry = scan_elements<E>(in, out, right, span.end, span.n, value_of<T>(span.carry));
  if (left < right) {
    carry = span.n < kShortRow ? scan_short_rows<E, kStreaming>(in, out, left, right, span.n, carry, ahead)
                               : scan_long_rows<E, kUnroll, kStreaming>(in, out, left, right, span.n, carry, ahead);
  }
  carry = scan_elements<E>(in, out, span.begin, left, span.n, carry);
  return {sum_of(carry), ahead.finish()};
}

}  // namespace scantune::cpu::SCANTUNE_CPU_ISA
