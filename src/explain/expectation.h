// What to expect of the variants of a workload before they are measured, and what each measurement says of the
// others: a Gaussian process over features (features.h), with what was recorded of like workloads as its data.
#pragma once

#include <cstddef>
#include <optional>
#include <vector>

#include "catalog/catalog.h"
#include "explain/recorded.h"

namespace scantune::explain {

struct Outlook {
  double log_ratio = 0;  // natural logarithm of the ratio to the copy
  double sd = 0;         // standard deviation of it

  [[nodiscard]] double ratio() const;
};

struct ExpectationOptions {
  const std::vector<RecordedSweep>* recorded = &recorded_sweeps();
  size_t sweeps = 12;       // of the most like workloads
  size_t candidates = 500;  // of a larger space, those expected most of
};

// Variants are known by their index in `candidates`, which are admitted ones.
class Expectation {
 public:
  Expectation(const Workload& workload, const Chip& chip, const std::vector<Candidate>& candidates,
              const ExpectationOptions& options = {});

  void observe(size_t candidate, double ratio_to_copy);

  // Of what was neither recorded nor observed nothing is known: wide, about what a bad variant does. Nothing for a
  // candidate that fell out of a large space.
  [[nodiscard]] std::optional<Outlook> of(size_t candidate) const;

  // Whether any recorded sweep speaks for this workload.
  [[nodiscard]] bool recorded() const { return recorded_; }

 private:
  [[nodiscard]] double& between(size_t a, size_t b) { return covariance_[a * mean_.size() + b]; }

  std::vector<int> slot_;           // of a candidate, or -1
  std::vector<double> mean_;        // of each slot
  std::vector<double> covariance_;  // of all slots, row by row
  bool recorded_ = false;
};

}  // namespace scantune::explain
