#include "device/verify.h"

#include <algorithm>
#include <cmath>
#include <mutex>
#include <stdexcept>

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

// Calls body(begin, end) for pieces of [0, elements), each on some thread.
template <class Body>
void for_pieces(Team& team, int64_t elements, Body body) {
  Tickets pieces((elements + kPieceElements - 1) / kPieceElements);
  team.run(team.workers(), [&](int /*worker*/) {
    for (int64_t piece = 0; (piece = pieces.take()) >= 0;) {
      body(piece * kPieceElements, std::min(elements, (piece + 1) * kPieceElements));
    }
  });
}

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
    : leaves_(leaves.verify[static_cast<int>(workload.dtype)]),
      all_leaves_(leaves),
      team_(team),
      geometry_(workload.geometry()),
      dtype_(workload.dtype),
      tolerance_(tolerance(workload.dtype, workload.accumulator)),
      seed_(seed) {
  if (geometry_.inner != 1) {
    throw std::invalid_argument("the CPU verifies rows along the innermost dimension only");
  }
}

int64_t Verifier::reference_bytes(const Workload& workload) {
  return (workload.elements() / kChunk + 1) * static_cast<int64_t>(sizeof(RowSums));
}

// NaN in the floating types; far outside the exact test's range in integers, where every pattern is a number.
int Verifier::poison() const { return is_floating(dtype_) ? 0xFF : 0x7F; }

void Verifier::fill_exact(void* in) const {
  for_pieces(team_, geometry_.elements(),
             [&](int64_t begin, int64_t end) { leaves_.fill_exact(in, begin, end, geometry_.n, seed_); });
}

void Verifier::fill_mixed(void* in) const {
  for_pieces(team_, geometry_.elements(),
             [&](int64_t begin, int64_t end) { leaves_.fill_mixed(in, begin, end, seed_); });
}

template <class Check>
Faults Verifier::check_all(Check check) const {
  Faults all{};
  std::mutex mutex;
  for_pieces(team_, geometry_.elements(), [&](int64_t begin, int64_t end) {
    const Faults here = check(begin, end);
    if (here.count != 0) {
      const std::scoped_lock lock(mutex);
      const int64_t count = all.count + here.count;
      if (all.count == 0 || here.first < all.first) {
        all = here;
      }
      all.count = count;
    }
  });
  return all;
}

std::string Verifier::check_exact(const void* out) const {
  const Faults faults =
      check_all([&](int64_t begin, int64_t end) { return leaves_.check_exact(out, begin, end, seed_); });
  return describe("exact", faults, geometry_.elements());
}

std::string Verifier::check_bound(const void* out) {
  if (ends_.empty()) {
    make_reference();
  }
  const Faults faults = check_all([&](int64_t begin, int64_t end) {
    return leaves_.check_bound(out, begin, end, geometry_.n, seed_, ends_.data(), tolerance_);
  });
  return describe("bound", faults, geometry_.elements());
}

// As in kernels/cpu/two_pass.cc: chunks are cut from the flat tensor; of one that begins inside a row
// the part up to that row's end is what its left neighbour needs.
void Verifier::make_reference() {
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

}  // namespace scantune::cpu
