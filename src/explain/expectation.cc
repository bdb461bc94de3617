#include "explain/expectation.h"

#include <algorithm>
#include <cmath>
#include <iterator>
#include <numeric>
#include <utility>

#include "explain/features.h"

namespace scantune::explain {
namespace {

// How alike variants behave. The spreads, steps and likenesses, and what features.cc divides by, make what was recorded
// of a workload most likely, given what was recorded of all others: fitted to the workloads of the standard suite that
// results/h200-sweeps does not have. The noise and the offset were set (docs/explain.md).
constexpr double kSpread = 0.077;       // of the logarithm of the ratio, by features
constexpr double kOtherStorage = 0.96;  // how much alike two variants are that differ in storage alone
constexpr double kOtherKernel = 0.2;
constexpr double kKernelSpread = 0.011;  // of families as a whole
constexpr double kNoise = 0.004;         // of what was recorded
constexpr double kNoiseShare = 0.32;     // of the shortfall: how slow a slow variant is, is no matter
constexpr double kOwnSpread = 0.0067;    // of a workload and those near it, by steps in parameters
constexpr double kOwnSteps = 3.4;
constexpr double kVariantSpread = 0.0028;  // of a single variant there: what neither features nor steps say
constexpr double kVariantSteps = 0.68;
constexpr double kAloneSpread = 0.15;  // by steps, where nothing was recorded
constexpr double kAloneSteps = 2;
constexpr double kNear = 1.5;  // workloads so far apart (workload_distance) have less than two thirds of that in common
constexpr double kOffset = 0.1;         // of the whole workload: how near its best comes to the copy
constexpr double kMeasured = 0.003;     // of what is measured now
constexpr double kMeasuredShare = 0.1;  // of its shortfall, as kNoiseShare: less, as it is this very workload's
constexpr double kMean = -0.15;         // of what nothing is known of
constexpr double kWorst = -0.3;         // below this bad is bad

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

// How much two workloads have in common beyond features; 1 where they are the same.
double nearness(const Workload& a, const Workload& b) {
  const double distance = workload_distance(a, b) / kNear;
  return std::exp(-distance * distance / 2);
}

// What variants of one workload have in common beyond their features.
double own(const Variant& a, const Variant& b) {
  const double steps = steps_between(a, b);
  return kOwnSpread * kOwnSpread * std::exp(-steps / kOwnSteps) +
         kVariantSpread * kVariantSpread * std::exp(-steps / kVariantSteps);
}

// The same where it is all there is to go by.
double own_alone(const Variant& a, const Variant& b) {
  return kAloneSpread * kAloneSpread * std::exp(-steps_between(a, b) / kAloneSteps);
}

struct Datum {
  Features features;
  const Variant* variant;
  size_t sweep;         // index into Data::sweeps
  double log_relative;  // to the best of its workload
};

struct Data {
  std::vector<const RecordedSweep*> sweeps;  // the most like first
  std::vector<Datum> all;
};

Data data_for(const Workload& workload, const std::vector<Candidate>& candidates, const ExpectationOptions& options) {
  Data data;
  for (const RecordedSweep& sweep : *options.recorded) {
    if (!sweep.variants.empty()) {
      data.sweeps.push_back(&sweep);
    }
  }
  std::ranges::stable_sort(data.sweeps, {},
                           [&](const RecordedSweep* s) { return workload_distance(s->workload, workload); });
  data.sweeps.resize(std::min(data.sweeps.size(), options.sweeps));
  for (size_t s = 0; s < data.sweeps.size(); ++s) {
    const RecordedSweep& sweep = *data.sweeps[s];
    const double best = sweep.variants.front().ratio_to_copy;
    for (const RecordedVariant& recorded : sweep.variants) {
      const auto candidate = std::ranges::find_if(
          candidates, [&](const Candidate& c) { return c.variant.kernel == recorded.variant.kernel; });
      if (candidate == candidates.end()) {
        continue;
      }
      if (auto f = features(*candidate->kernel, recorded.variant, sweep.workload, sweep.chip)) {
        data.all.push_back(
            {*std::move(f), &recorded.variant, s, std::max(std::log(recorded.ratio_to_copy / best), kWorst)});
      }
    }
  }
  return data;
}

// The covariance of the data, of what was recorded.
Matrix covariance(const Data& data) {
  const size_t sweeps = data.sweeps.size();
  Matrix near(sweeps, sweeps);
  for (size_t a = 0; a < sweeps; ++a) {
    for (size_t b = 0; b <= a; ++b) {
      near.at(a, b) = near.at(b, a) = nearness(data.sweeps[a]->workload, data.sweeps[b]->workload);
    }
  }
  Matrix of(data.all.size(), data.all.size());
  for (size_t i = 0; i < data.all.size(); ++i) {
    const Datum& a = data.all[i];
    for (size_t j = 0; j <= i; ++j) {
      const Datum& b = data.all[j];
      of.at(i, j) = alike(a.features, b.features) + own(*a.variant, *b.variant) * near.at(a.sweep, b.sweep);
    }
    const double noise = kNoise - kNoiseShare * a.log_relative;
    of.at(i, i) += noise * noise;
  }
  return of;  // the lower half: all that factorize() looks at
}

}  // namespace

double Outlook::ratio() const { return std::exp(log_ratio); }

Expectation::Expectation(const Workload& workload, const Chip& chip, const std::vector<Candidate>& candidates,
                         const ExpectationOptions& options) {
  const Data data = data_for(workload, candidates, options);
  const size_t n = data.all.size();
  recorded_ = n > 0;
  Matrix lower = covariance(data);
  factorize(lower);
  std::vector<double> values;
  std::ranges::transform(data.all, std::back_inserter(values), [](const Datum& of) { return of.log_relative - kMean; });
  const std::vector<double> whitened = solve_lower(lower, std::move(values));
  std::vector<double> near;  // of each recorded workload to this one
  std::ranges::transform(data.sweeps, std::back_inserter(near),
                         [&](const RecordedSweep* sweep) { return nearness(sweep->workload, workload); });

  // The mean of each; then the covariance of those that most is expected of.
  std::vector<std::optional<Features>> of(candidates.size());
  std::vector<std::vector<double>> reach(candidates.size());
  std::vector<double> means(candidates.size(), kMean);
  const auto reach_of = [&](size_t c) {
    std::vector<double> column(n);
    for (size_t i = 0; i < n; ++i) {
      const Datum& datum = data.all[i];
      column[i] = alike(datum.features, *of[c]) + own(*datum.variant, candidates[c].variant) * near[datum.sweep];
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
  for (size_t a = 0; a < count; ++a) {
    const size_t c = order[a];
    slot_[c] = static_cast<int>(a);
    mean_[a] = std::min(means[c], 0.0);  // relative to the best of its workload: more cannot be
    if (of[c] && n > 0 && reach[c].empty()) {
      reach[c] = reach_of(c);
    }
    for (size_t b = 0; b <= a; ++b) {
      const size_t d = order[b];
      double covariance = kOffset * kOffset + (n > 0 ? own(candidates[c].variant, candidates[d].variant)
                                                     : own_alone(candidates[c].variant, candidates[d].variant));
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
  const double log_ratio = std::max(std::log(ratio_to_copy), mean_[o] + kWorst);
  const double shortfall = std::max(0.0, *std::ranges::max_element(mean_) - log_ratio);
  const double noise = kMeasured + kMeasuredShare * shortfall;
  const double variance = between(o, o) + noise * noise;
  std::vector<double> gain(count);
  for (size_t i = 0; i < count; ++i) {
    gain[i] = between(i, o) / variance;
  }
  const double surprise = log_ratio - mean_[o];
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
