#include "stats/comparison.h"

#include <algorithm>
#include <stdexcept>

#include "stats/stats.h"

namespace scantune::stats {

Comparison compare(std::span<const double> speedups, double confidence, double equivalence) {
  if (!std::ranges::all_of(speedups, [](double speedup) { return speedup > 0; })) {
    throw std::invalid_argument("a speed-up is positive");
  }
  if (!(equivalence >= 0)) {
    throw std::invalid_argument("an equivalence is not negative");
  }
  const Interval interval = median_interval(speedups, confidence);
  const double above = 1 + equivalence;
  const double below = 1 / above;
  // The range of too few samples is no interval at this confidence, whatever it excludes. What is computed as
  // 1 - (1 - x) differs from x in its last digits.
  if (median_interval_coverage(speedups.size(), confidence) < confidence - 1e-12) {
    return Comparison::undecided;
  }
  if (interval.low > above) {
    return Comparison::faster;
  }
  if (interval.high < below) {
    return Comparison::slower;
  }
  return below <= interval.low && interval.high <= above ? Comparison::equivalent : Comparison::undecided;
}

}  // namespace scantune::stats
