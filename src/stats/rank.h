// Rank statistics of one or two series: the Mann-Whitney test, and Pettitt's test for a change of level.
#pragma once

#include <cstddef>
#include <span>

#include "core/interval.h"

namespace scantune::stats {

// Whether one of two independent series tends to larger values.
struct MannWhitney {
  double u = 0;  // how many of the pairs (x, y) have x > y; a tie counts half
  double p_two_sided = 1;
  double p_less = 1;     // small where x tends to smaller values than y
  double p_greater = 1;  // small where x tends to larger values than y
  bool exact = false;
};

// The Mann-Whitney U test. Exact where there are no ties and no more than 400 pairs, else by the normal approximation
// with tie and continuity correction. For samples that are not paired, as of two runs; within a run the paired speed-up
// says more. Throws where a series is empty or holds NaN.
// Source: Mann and Whitney, Annals of Mathematical Statistics 18 (1947), 50-60. Agrees with
// scipy.stats.mannwhitneyu(x, y, method="exact") and method="asymptotic", use_continuity=True.
MannWhitney mann_whitney(std::span<const double> x, std::span<const double> y);

// By how much one of two independent series lies above the other.
struct Shift {
  Interval by;  // the median of all y(j) - x(i), and where the shift lies; in the unit of the samples
  // Whether the samples were enough for the confidence asked for; else the interval is the widest there is.
  bool reached = false;
};

// The Hodges-Lehmann estimate of the shift from x to y with the interval that the Mann-Whitney test does not reject:
// the exact distribution up to 400 pairs, else the normal approximation with continuity correction. Assumes that both
// have the same shape, not which. Throws where a series is empty or holds NaN, and on a confidence outside 0 .. 1.
// Source: Hollander, Wolfe and Chicken, Nonparametric Statistical Methods, 3rd ed., sections 4.2 and 4.3.
Shift shift_interval(std::span<const double> x, std::span<const double> y, double confidence);

// Where the level of a series changed.
struct ChangePoint {
  size_t at = 0;  // the samples before the change, so the index of the first one after it; the count where k is 0
  double k = 0;   // Pettitt's K: the largest |sum of sign(x(j) - x(i)), i before and j after| over all splits
  double p = 1;   // of a K as large without a change; an approximation that is good below 0.5
};

// Pettitt's test for one change of level at an unknown place, in the order taken. Fewer than 11 samples cannot reach p
// < 0.05. Where the level changed more than once it finds the change that splits best. Throws on no samples and on NaN.
// Source: Pettitt, Applied Statistics 28 (1979), 126-135; p = 2 exp(-6 K^2 / (n^3 + n^2)).
ChangePoint change_point(std::span<const double> samples);

}  // namespace scantune::stats
