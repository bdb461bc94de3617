// The two verification tests on the CPU, for rows innermost, in every element type: their inputs, and
// the check of an output, element by element, on all threads of a team. See kernels/workload.h.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "core/workload.h"
#include "cpu/leaves.h"
#include "cpu/team.h"

namespace scantune::cpu {

class Verifier {
 public:
  // Geometry::inner must be 1. `leaves` and `team` outlive the verifier.
  Verifier(const Leaves& leaves, Team& team, const Workload& workload, uint64_t seed);

  // Memory a verifier keeps for the bound test's reference, in bytes.
  static int64_t reference_bytes(const Workload& workload);

  // The byte that output is filled with before a run: no test expects a value made of it.
  [[nodiscard]] int poison() const;

  void fill_exact(void* in) const;
  void fill_mixed(void* in) const;  // floating types only

  // Compare every element of an output. One line that says how many are wrong and names the first
  // (by flat index); empty where all are right.
  [[nodiscard]] std::string check_exact(const void* out) const;
  [[nodiscard]] std::string check_bound(const void* out);  // floating types only

 private:
  void make_reference();
  template <class Check>
  Faults check_all(Check check) const;

  const VerifyLeaves& leaves_;
  const Leaves& all_leaves_;
  Team& team_;
  Geometry geometry_;
  DType dtype_;
  Tolerance tolerance_;
  uint64_t seed_;
  std::vector<RowSums> ends_;  // by chunk; empty until the first bound test
};

// How far an output of the bound test may lie from its reference.
Tolerance tolerance(DType dtype, DType accumulator);

}  // namespace scantune::cpu
