#include "explain/expectation.h"

#include <algorithm>
#include <cmath>
#include <numeric>
#include <utility>

#include "explain/features.h"

namespace scantune::explain {
namespace {

// How alike variants behave: found by leaving one recorded workload out at a time (docs/explain.md).
constexpr double kSpread = 0.12;       // of the logarithm of the ratio, by features
constexpr double kOtherStorage = 0.6;  // how much alike two variants are that differ in storage alone
constexpr double kOtherKernel = 0.2;
constexpr double kKernelSpread = 0.03;    // of families as a whole
constexpr double kNoise = 0.006;          // of what was recorded, and of what features do not say
constexpr double kOwnSpread = 0.02;       // of this workload alone, by steps in parameters
constexpr double kOwnSpreadAlone = 0.15;  // where nothing was recorded
constexpr double kOwnSteps = 2;
constexpr double kNear = 0.3;  // workloads so far apart (workload_distance) have less than two thirds of that in common
constexpr double kOffset = 0.15;  // of the whole workload: how near its best comes to the copy
constexpr double kMeasured = 0.003;
constexpr double kMean = -0.15;  // of what nothing is known of
constexpr double kWorst = -0.3;  // below this bad is bad

class Matrix {
 public:
  Matrix(size_t rows, size_t columns) : columns_(columns), values_(rows * columns) {}
  double& at(size_t row, size_t column) { return values_[row * columns_ + column]; }
  [[nodiscard]] double at(size_t row, size_t column) const { return values_[row * columns_ + column]; }
  [[nodiscard]] const double* row(size_t index) const { return &values_[index * columns_]; }
  [[nodiscard]] size_t rows() const { return columns_ == 0 ? 0 : values_.size() / columns_; }

 private:
  size_t columns_;
  std::vector<double> values_;
};

double dot(const double* a, const double* b, size_t count) { return std::inner_product(a, a + count, b, 0.0); }

// The lower factor of a symmetric positive definite matrix, in place.
void factorize(Matrix& m) {
  for (size_t i = 0; i < m.rows(); ++i) {
    for (size_t j = 0; j <= i; ++j) {
      const double rest = m.at(i, j) - dot(m.row(i), m.row(j), j);
      m.at(i, j) = i == j ? std::sqrt(std::max(rest, 1e-12)) : rest / m.at(j, j);
    }
  }
}

// Solves L x = b.
std::vector<double> solve_lower(const Matrix& lower, std::vector<double> b) {
  for (size_t i = 0; i < b.size(); ++i) {
    b[i] = (b[i] - dot(lower.row(i), b.data(), i)) / lower.at(i, i);
  }
  return b;
}

double alike(const Features& a, const Features& b) {
  double squares = 0;
  for (size_t i = 0; i < Features::kCount; ++i) {
    squares += (a.values[i] - b.values[i]) * (a.values[i] - b.values[i]);
  }
  const bool family = a.kernel == b.kernel;
  return kSpread * kSpread * std::exp(-squares / 2) * (family ? 1 : kOtherKernel) *
             (a.storage == b.storage ? 1 : kOtherStorage) +
         (family ? kKernelSpread * kKernelSpread : 0);
}

struct Datum {
  Features features;
  const Variant* variant;
  double nearness;  // of its workload to the one at hand: 1 where it is the same
  size_t sweep;
  double log_relative;  // to the best of its workload
};

// What variants of one workload have in common beyond their features.
double own(const Variant& a, const Variant& b) {
  return kOwnSpread * kOwnSpread * std::exp(-steps_between(a, b) / kOwnSteps);
}

double alike(const Datum& a, const Datum& b) {
  const double nearness = a.sweep == b.sweep ? 1 : a.nearness * b.nearness;
  return alike(a.features, b.features) + own(*a.variant, *b.variant) * nearness;
}

std::vector<Datum> data_for(const Workload& workload, const std::vector<Candidate>& candidates,
                            const ExpectationOptions& options) {
  std::vector<const RecordedSweep*> nearest;
  for (const RecordedSweep& sweep : *options.recorded) {
    nearest.push_back(&sweep);
  }
  std::ranges::stable_sort(nearest, {},
                           [&](const RecordedSweep* s) { return workload_distance(s->workload, workload); });
  nearest.resize(std::min(nearest.size(), options.sweeps));
  std::vector<Datum> data;
  size_t sweeps = 0;
  for (const RecordedSweep* sweep : nearest) {
    if (sweep->variants.empty()) {
      continue;
    }
    const double best = sweep->variants.front().ratio_to_copy;
    const double distance = workload_distance(sweep->workload, workload) / kNear;
    const double nearness = std::exp(-distance * distance / 2);
    const size_t data_of = ++sweeps;
    for (const RecordedVariant& recorded : sweep->variants) {
      const auto candidate = std::ranges::find_if(
          candidates, [&](const Candidate& c) { return c.variant.kernel == recorded.variant.kernel; });
      if (candidate == candidates.end()) {
        continue;
      }
      if (auto f = features(*candidate->kernel, recorded.variant, sweep->workload, sweep->chip)) {
        data.push_back({*std::move(f), &recorded.variant, nearness, data_of,
                        std::max(std::log(recorded.ratio_to_copy / best), kWorst)});
      }
    }
  }
  return data;
}

}  // namespace

double Outlook::ratio() const { return std::exp(log_ratio); }

Expectation::Expectation(const Workload& workload, const Chip& chip, const std::vector<Candidate>& candidates,
                         const ExpectationOptions& options) {
  const std::vector<Datum> data = data_for(workload, candidates, options);
  const size_t n = data.size();
  recorded_ = n > 0;
  Matrix lower(n, n);
  std::vector<double> values(n);
  for (size_t i = 0; i < n; ++i) {
    values[i] = data[i].log_relative - kMean;
    for (size_t j = 0; j <= i; ++j) {
      lower.at(i, j) = alike(data[i], data[j]) + (i == j ? kNoise * kNoise : 0);
    }
  }
  factorize(lower);
  const std::vector<double> whitened = solve_lower(lower, std::move(values));

  // The mean of each; then the covariance of those that most is expected of.
  std::vector<std::optional<Features>> of(candidates.size());
  std::vector<std::vector<double>> reach(candidates.size());
  std::vector<double> means(candidates.size(), kMean);
  const auto reach_of = [&](size_t c) {
    std::vector<double> column(n);
    for (size_t i = 0; i < n; ++i) {
      column[i] = alike(data[i].features, *of[c]) + own(*data[i].variant, candidates[c].variant) * data[i].nearness;
    }
    return solve_lower(lower, std::move(column));
  };
  for (size_t c = 0; c < candidates.size(); ++c) {
    of[c] = features(*candidates[c].kernel, candidates[c].variant, workload, chip);
    if (of[c] && n > 0) {
      reach[c] = reach_of(c);
      means[c] += dot(reach[c].data(), whitened.data(), n);
    }
    if (candidates.size() > options.candidates) {
      reach[c] = {};  // too many to keep: those that count are made again
    }
  }
  std::vector<size_t> order(candidates.size());
  std::iota(order.begin(), order.end(), size_t{0});
  std::ranges::stable_sort(order, std::greater<>{}, [&](size_t c) { return means[c]; });
  order.resize(std::min(order.size(), options.candidates));

  const size_t count = order.size();
  slot_.assign(candidates.size(), -1);
  mean_.resize(count);
  covariance_.resize(count * count);
  const double alone = kOwnSpreadAlone / kOwnSpread;
  for (size_t a = 0; a < count; ++a) {
    const size_t c = order[a];
    slot_[c] = static_cast<int>(a);
    mean_[a] = std::min(means[c], 0.0);  // relative to the best of its workload: more cannot be
    if (of[c] && n > 0 && reach[c].empty()) {
      reach[c] = reach_of(c);
    }
    for (size_t b = 0; b <= a; ++b) {
      const size_t d = order[b];
      double covariance =
          kOffset * kOffset + own(candidates[c].variant, candidates[d].variant) * (n > 0 ? 1 : alone * alone);
      if (of[c] && of[d] && n > 0) {
        covariance += alike(*of[c], *of[d]) - dot(reach[c].data(), reach[d].data(), n);
      }
      between(a, b) = covariance;
      between(b, a) = covariance;
    }
  }
}

// One observation at a time: each is a rank-one change of mean and covariance.
void Expectation::observe(size_t candidate, double ratio_to_copy) {
  if (slot_.at(candidate) < 0 || !(ratio_to_copy > 0)) {
    return;
  }
  const auto o = static_cast<size_t>(slot_[candidate]);
  const size_t count = mean_.size();
  std::vector<double> gain(count);
  const double variance = between(o, o) + kMeasured * kMeasured;
  for (size_t i = 0; i < count; ++i) {
    gain[i] = between(i, o) / variance;
  }
  const double surprise = std::max(std::log(ratio_to_copy), mean_[o] + kWorst) - mean_[o];
  const std::vector<double> row(&covariance_[o * count], &covariance_[o * count] + count);
  for (size_t i = 0; i < count; ++i) {
    mean_[i] += gain[i] * surprise;
    for (size_t j = 0; j < count; ++j) {
      between(i, j) -= gain[i] * row[j];
    }
  }
}

std::optional<Outlook> Expectation::of(size_t candidate) const {
  const int slot = slot_.at(candidate);
  if (slot < 0) {
    return std::nullopt;
  }
  const auto at = static_cast<size_t>(slot);
  return Outlook{mean_[at], std::sqrt(std::max(0.0, covariance_[at * mean_.size() + at]))};
}

}  // namespace scantune::explain
