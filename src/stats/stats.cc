#include "stats/stats.h"

#include <algorithm>
#include <cmath>
#include <stdexcept>

namespace scantune::stats {
namespace {

std::vector<double> sorted(std::span<const double> samples) {
  if (samples.empty()) {
    throw std::invalid_argument("statistics of no samples");
  }
  std::vector<double> values(samples.begin(), samples.end());
  std::ranges::sort(values);
  return values;
}

double middle(const std::vector<double>& values) {
  const size_t half = values.size() / 2;
  return values.size() % 2 == 1 ? values[half] : (values[half - 1] + values[half]) / 2;
}

// The largest rank l (0-based from either end) with P(Binomial(n, 1/2) <= l) <= tail, or -1.
int64_t binomial_half_quantile(size_t n, double tail) {
  const auto trials = static_cast<double>(n);
  double cumulative = 0;
  int64_t rank = -1;
  for (size_t k = 0; k < n; ++k) {
    const auto successes = static_cast<double>(k);
    // log of C(n, k) / 2^n, so that large n neither overflows nor vanishes too early.
    cumulative += std::exp(std::lgamma(trials + 1) - std::lgamma(successes + 1) - std::lgamma(trials - successes + 1) -
                           trials * std::log(2.0));
    if (cumulative > tail) {
      break;
    }
    rank = static_cast<int64_t>(k);
  }
  return rank;
}

// The mean time of a round's copies, or 0 where it has none.
double mean_copy_ns(const Round& round) {
  double total = 0;
  int count = 0;
  for (const Sample& sample : round.samples) {
    if (sample.subject == kCopy) {
      total += sample.time_ns;
      ++count;
    }
  }
  return count == 0 ? 0 : total / count;
}

}  // namespace

double median(std::span<const double> samples) { return middle(sorted(samples)); }

Interval median_interval(std::span<const double> samples, double confidence) {
  const std::vector<double> values = sorted(samples);
  // x(l+1) .. x(n-l) in 1-based order statistics misses the median when l or fewer samples lie on
  // one side of it.
  const auto rank =
      static_cast<size_t>(std::max<int64_t>(0, binomial_half_quantile(values.size(), (1 - confidence) / 2)));
  return {middle(values), values[rank], values[values.size() - 1 - rank]};
}

Pairs pairs_of(std::span<const Round> rounds, Phase phase, int subject) {
  Pairs pairs;
  for (const Round& round : rounds) {
    const double copy_ns = mean_copy_ns(round);
    if (round.phase != phase || copy_ns <= 0) {
      continue;
    }
    for (const Sample& sample : round.samples) {
      if (sample.subject == subject && sample.time_ns > 0) {
        pairs.time_ns.push_back(sample.time_ns);
        pairs.copy_ns.push_back(copy_ns);
        pairs.ratio.push_back(copy_ns / sample.time_ns);
      }
    }
  }
  return pairs;
}

std::vector<double> paired_speedup(std::span<const Round> rounds, Phase phase, int a, int b) {
  std::vector<double> speedups;
  for (const Round& round : rounds) {
    if (round.phase != phase) {
      continue;
    }
    const auto in_round = [&](int subject) {
      const auto it = std::ranges::find(round.samples, subject, &Sample::subject);
      return it == round.samples.end() ? 0.0 : it->time_ns;
    };
    const double time_a = in_round(a);
    const double time_b = in_round(b);
    if (time_a > 0 && time_b > 0) {
      speedups.push_back(time_b / time_a);
    }
  }
  return speedups;
}

}  // namespace scantune::stats
