// Estimators over raw samples. All are distribution-free: timings are skewed and have outliers. Errors are those of
// the caller, so they are thrown: std::invalid_argument.
#pragma once

#include <cstddef>
#include <span>
#include <vector>

#include "core/interval.h"
#include "core/record.h"

namespace scantune::stats {

// The median, in the unit of the samples; the mean of the middle two for an even count. Throws on no samples and on
// NaN.
double median(std::span<const double> samples);

// The median with the order-statistic interval: x(l) .. x(u) with binomial(n, 1/2) coverage of at least `confidence`.
// With too few samples for that coverage (see median_interval_coverage) the interval is min .. max. Throws on no
// samples, on NaN and on a confidence outside 0 .. 1.
// Source: Conover, Practical Nonparametric Statistics, 3rd ed., section 3.2.
Interval median_interval(std::span<const double> samples, double confidence);

// The probability with which median_interval of `count` samples of a continuous distribution holds its median, whatever
// that distribution is: at least `confidence`, and less where the samples are too few for it (5 samples: 93.75% at
// most). Throws on no samples and on a confidence outside 0 .. 1.
double median_interval_coverage(size_t count, double confidence);

// The times of the copies in a round, in the order taken.
std::vector<double> copies_ns(const Round& round);

// The mean time of a round's copies; 0 where it has none.
double mean_copy_ns(const Round& round);

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
