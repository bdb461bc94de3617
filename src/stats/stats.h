// Estimators over raw samples. All are distribution-free: timings are skewed and have outliers.
#pragma once

#include <span>
#include <vector>

#include "core/interval.h"
#include "core/record.h"

namespace scantune::stats {

// The median; the mean of the middle two for an even count. Throws std::invalid_argument on no samples.
double median(std::span<const double> samples);

// The median with the order-statistic interval: x(l) .. x(u) with binomial(n, 1/2) coverage of at
// least `confidence`. With too few samples for that coverage the interval is min .. max.
// Source: Conover, Practical Nonparametric Statistics, 3rd ed., section 3.2.
Interval median_interval(std::span<const double> samples, double confidence);

// Samples of one subject paired with the copy of the same round.
struct Pairs {
  std::vector<double> time_ns;
  std::vector<double> copy_ns;  // the mean of the round's copies
  std::vector<double> ratio;    // copy_ns / time_ns
};

// The pairs of a subject over the rounds of a phase. Rounds without a copy are left out.
Pairs pairs_of(std::span<const Round> rounds, Phase phase, int subject);

// time(b) / time(a) in the rounds of the phase that hold both: how many times as fast a is.
std::vector<double> paired_speedup(std::span<const Round> rounds, Phase phase, int a, int b);

}  // namespace scantune::stats
