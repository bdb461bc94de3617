// The two verification tests on the CPU, in every element type and along every dimension: their inputs, and
// the check of an output, element by element, on all threads of a team. See kernels/workload.h.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "core/expected.h"
#include "core/workload.h"
#include "cpu/leaves.h"
#include "cpu/team.h"

namespace scantune::cpu {

class Verifier {
 public:
  // type_pair() must know the workload's types. `leaves` and `team` outlive the verifier.
  Verifier(const Leaves& leaves, Team& team, const Workload& workload, uint64_t seed);

  // Memory a verifier keeps for the bound test's reference, in bytes.
  static int64_t reference_bytes(const Workload& workload);

  // The byte that output is filled with before a run: no test expects a value made of it.
  [[nodiscard]] int poison() const;

  // Of floating types, and of integers that are widened: the exact test's sums would fit the narrower type,
  // the bound test's do not.
  [[nodiscard]] bool has_bound_test() const { return leaves_.check_bound != nullptr; }

  void fill_exact(void* in) const;
  void fill_mixed(void* in) const;  // where there is a bound test

  // Compare every element of an output. One line that says how many are wrong and names the first
  // (by flat index); empty where all are right.
  [[nodiscard]] std::string check_exact(const void* out) const;
  [[nodiscard]] std::string check_bound(const void* out);  // where there is one

 private:
  void make_row_reference();
  void make_column_reference();
  Faults check_bound_of_columns(const void* out) const;

  const VerifyLeaves& leaves_;
  const Leaves& all_leaves_;
  Team& team_;
  Geometry geometry_;
  DType dtype_;
  Tolerance tolerance_;
  uint64_t seed_;
  // Empty until the first bound test. Where inner is 1: by chunk. Else by slab, chunk but the last, and column: the
  // sums from a chunk's end to the end of the slab.
  std::vector<RowSums> ends_;
};

// Which of the leaves' tables a workload needs; bad input where its dtype is not summed in its accumulator.
Expected<TypePair> type_pair(const Workload& workload);

// How far an output of the bound test may lie from its reference.
Tolerance tolerance(DType dtype, DType accumulator);

}  // namespace scantune::cpu
