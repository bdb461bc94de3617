#include "device/verify.h"

#include <algorithm>
#include <cmath>
#include <mutex>

namespace scantune::cpu {
namespace {

constexpr int64_t kPieceElements = 128 * kChunk;  // what a thread takes at a time

// The relative error of rounding to a type. Integers are exact.
double unit_roundoff(DType dtype) {
  switch (dtype) {
    case DType::f16:
      return 0x1p-11;
    case DType::bf16:
      return 0x1p-8;
    case DType::f32:
      return 0x1p-24;
    case DType::f64:
      return 0x1p-53;
    case DType::i32:
    case DType::i64:
      break;
  }
  return 0;
}

// Calls body(ticket) for the tickets in [0, count), each on some thread.
template <class Body>
void for_each(Team& team, int64_t count, Body body) {
  Tickets tickets(count);
  team.run(team.workers(), [&](int /*worker*/) {
    for (int64_t ticket = 0; (ticket = tickets.take()) >= 0;) {
      body(ticket);
    }
  });
}

// Calls body(begin, end) for pieces of [0, elements), each on some thread.
template <class Body>
void for_pieces(Team& team, int64_t elements, Body body) {
  for_each(team, (elements + kPieceElements - 1) / kPieceElements,
           [&](int64_t piece) { body(piece * kPieceElements, std::min(elements, (piece + 1) * kPieceElements)); });
}

// Faults from several threads.
class AllFaults {
 public:
  void add(const Faults& faults) {
    if (faults.count == 0) {
      return;
    }
    const std::scoped_lock lock(mutex_);
    const int64_t count = all_.count + faults.count;
    if (all_.count == 0 || faults.first < all_.first) {
      all_ = faults;
    }
    all_.count = count;
  }
  [[nodiscard]] const Faults& all() const { return all_; }

 private:
  std::mutex mutex_;
  Faults all_{};
};

// Cuts a tensor of columns for the bound test: chunks of kChunk lines of a slab, and strips of columns, so many
// that there is work for all threads and so wide that memory is read well.
struct Cut {
  static constexpr int64_t kStrip = 1024;
  Geometry geometry;

  [[nodiscard]] int64_t chunks() const { return (geometry.n + kChunk - 1) / kChunk; }
  [[nodiscard]] int64_t strips() const { return (geometry.inner + kStrip - 1) / kStrip; }
  [[nodiscard]] int64_t count() const { return geometry.outer * chunks() * strips(); }
  // Where the reference has the sums from the end of chunk `chunk`, not the last, of a slab: an index.
  [[nodiscard]] int64_t ends_at(int64_t slab, int64_t chunk) const {
    return (slab * (chunks() - 1) + chunk) * geometry.inner;
  }
};

std::string describe(const char* test, const Faults& faults, int64_t elements) {
  if (faults.count == 0) {
    return {};
  }
  return fmt::format("{} test: {} of {} elements wrong, first at {}: got {}, expected {}", test, faults.count, elements,
                     faults.first, faults.got, faults.expected);
}

}  // namespace

// A sum of m values in any order errs by less than (m - 1) * u * sum |x|, but the errors differ in sign
// and mostly cancel: the worst order, one by one, errs by about u * sum |x|. 8 leaves room and still
// tells apart what sums in a narrower type. Rounding to the output type comes on top; the steps of f16
// stop shrinking at 2^-24.
Tolerance tolerance(DType dtype, DType accumulator) {
  constexpr double kSummation = 8;
  return {kSummation * unit_roundoff(accumulator), unit_roundoff(dtype), dtype == DType::f16 ? 0x1p-25 : 0};
}

Verifier::Verifier(const Leaves& leaves, Team& team, const Workload& workload, uint64_t seed)
    : leaves_(leaves.verify[static_cast<int>(*type_pair(workload))]),
      all_leaves_(leaves),
      team_(team),
      geometry_(workload.geometry()),
      dtype_(workload.dtype),
      tolerance_(tolerance(workload.dtype, workload.accumulator)),
      seed_(seed) {}

Expected<TypePair> type_pair(const Workload& workload) {
  if (const auto possible = check_accumulator(workload.dtype, workload.accumulator); !possible) {
    return tl::unexpected(possible.error());
  }
  // In the order of DType, and after it what is widened.
  return workload.accumulator == default_accumulator(workload.dtype) ? static_cast<TypePair>(workload.dtype)
                                                                     : TypePair::i32_in_i64;
}

int64_t Verifier::reference_bytes(const Workload& workload) {
  const Geometry g = workload.geometry();
  const int64_t sums = g.inner == 1 ? g.elements() / kChunk + 1 : g.outer * ((g.n - 1) / kChunk) * g.inner;
  return sums * static_cast<int64_t>(sizeof(RowSums));
}

// NaN in the floating types; far outside the exact test's range in integers, where every pattern is a number.
int Verifier::poison() const { return is_floating(dtype_) ? 0xFF : 0x7F; }

void Verifier::fill_exact(void* in) const {
  const int64_t slab = geometry_.n * geometry_.inner;
  for_pieces(team_, geometry_.elements(),
             [&](int64_t begin, int64_t end) { leaves_.fill_exact(in, begin, end, slab, geometry_.inner, seed_); });
}

void Verifier::fill_mixed(void* in) const {
  for_pieces(team_, geometry_.elements(),
             [&](int64_t begin, int64_t end) { leaves_.fill_mixed(in, begin, end, seed_); });
}

std::string Verifier::check_exact(const void* out) const {
  AllFaults faults;
  for_pieces(team_, geometry_.elements(),
             [&](int64_t begin, int64_t end) { faults.add(leaves_.check_exact(out, begin, end, seed_)); });
  return describe("exact", faults.all(), geometry_.elements());
}

std::string Verifier::check_bound(const void* out) {
  if (geometry_.inner > 1) {
    if (ends_.empty()) {
      make_column_reference();
    }
    return describe("bound", check_bound_of_columns(out), geometry_.elements());
  }
  if (ends_.empty()) {
    make_row_reference();
  }
  AllFaults faults;
  for_pieces(team_, geometry_.elements(), [&](int64_t begin, int64_t end) {
    faults.add(leaves_.check_bound(out, begin, end, geometry_.n, seed_, ends_.data(), tolerance_));
  });
  return describe("bound", faults.all(), geometry_.elements());
}

// As in kernels/cpu/two_pass.cc: chunks are cut from the flat tensor; of one that begins inside a row
// the part up to that row's end is what its left neighbour needs.
void Verifier::make_row_reference() {
  const int64_t elements = geometry_.elements();
  const int64_t n = geometry_.n;
  const int64_t chunks = (elements + kChunk - 1) / kChunk;
  ends_.resize(static_cast<size_t>(chunks));
  const auto row_end = [&](int64_t chunk) { return chunk * kChunk - chunk * kChunk % n + n; };
  const auto chunk_end = [&](int64_t chunk) { return std::min(elements, (chunk + 1) * kChunk); };
  for_pieces(team_, elements, [&](int64_t begin, int64_t end) {
    for (int64_t chunk = begin / kChunk; chunk * kChunk < end; ++chunk) {
      const int64_t first = chunk * kChunk;
      const int64_t last = first % n == 0 ? first : std::min(chunk_end(chunk), row_end(chunk));
      ends_[static_cast<size_t>(chunk)] = all_leaves_.mixed_sums(first, last, seed_);
    }
  });
  RowSums right{};  // from the right neighbour's left edge to the end of its row
  for (int64_t chunk = chunks; chunk-- > 0;) {
    RowSums& sums = ends_[static_cast<size_t>(chunk)];
    const RowSums carry = chunk_end(chunk) % n == 0 ? RowSums{} : right;
    right = sums;
    if (row_end(chunk) > chunk_end(chunk)) {
      right.sum += carry.sum;
      right.magnitude += carry.magnitude;
    }
    sums = carry;
  }
}

// At the end of each chunk the sums of the chunk below, and then of all that are below.
void Verifier::make_column_reference() {
  const Cut cut{geometry_};
  const auto& [outer, n, inner] = geometry_;
  ends_.resize(static_cast<size_t>(outer * (cut.chunks() - 1) * inner));
  for_each(team_, outer * (cut.chunks() - 1) * cut.strips(), [&, n = n, inner = inner](int64_t ticket) {
    const int64_t begin = ticket % cut.strips() * Cut::kStrip;
    const int64_t chunk = ticket / cut.strips() % (cut.chunks() - 1);
    const int64_t slab = ticket / cut.strips() / (cut.chunks() - 1);
    all_leaves_.mixed_column_sums(slab * n + (chunk + 1) * kChunk, slab * n + std::min(n, (chunk + 2) * kChunk), begin,
                                  std::min(inner, begin + Cut::kStrip), inner, seed_,
                                  ends_.data() + cut.ends_at(slab, chunk) + begin);
  });
  for_each(team_, outer, [&, inner = inner](int64_t slab) {
    for (int64_t chunk = cut.chunks() - 2; chunk-- > 0;) {
      RowSums* sums = ends_.data() + cut.ends_at(slab, chunk);
      for (int64_t k = 0; k < inner; ++k) {
        sums[k].sum += sums[inner + k].sum;
        sums[k].magnitude += sums[inner + k].magnitude;
      }
    }
  });
}

Faults Verifier::check_bound_of_columns(const void* out) const {
  const Cut cut{geometry_};
  const auto& [outer, n, inner] = geometry_;
  const std::vector<RowSums> nothing(Cut::kStrip);
  AllFaults faults;
  for_each(team_, cut.count(), [&, n = n, inner = inner](int64_t ticket) {
    const int64_t begin = ticket % cut.strips() * Cut::kStrip;
    const int64_t chunk = ticket / cut.strips() % cut.chunks();
    const int64_t slab = ticket / cut.strips() / cut.chunks();
    const RowSums* ends = chunk == cut.chunks() - 1 ? nothing.data() : ends_.data() + cut.ends_at(slab, chunk) + begin;
    faults.add(leaves_.check_bound_columns(out, slab * n + chunk * kChunk, slab * n + std::min(n, (chunk + 1) * kChunk),
                                           begin, std::min(inner, begin + Cut::kStrip), inner, seed_, ends,
                                           tolerance_));
  });
  return faults.all();
}

}  // namespace scantune::cpu
