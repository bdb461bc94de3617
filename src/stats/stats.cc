#include "stats/stats.h"

#include <algorithm>
#include <cmath>
#include <numbers>
#include <numeric>
#include <stdexcept>

namespace scantune::stats {
namespace {

std::vector<double> sorted(std::span<const double> samples) {
  if (samples.empty()) {
    throw std::invalid_argument("statistics of no samples");
  }
  if (std::ranges::any_of(samples, [](double sample) { return std::isnan(sample); })) {
    throw std::invalid_argument("statistics of samples that are not numbers");
  }
  std::vector<double> values(samples.begin(), samples.end());
  std::ranges::sort(values);
  return values;
}

double middle(const std::vector<double>& values) {
  const size_t half = values.size() / 2;
  return values.size() % 2 == 1 ? values[half] : (values[half - 1] + values[half]) / 2;
}

// The samples between which the interval lies, counted from either end and from 0, and how often it misses.
struct Ranks {
  size_t from_end = 0;
  double miss = 1;
};

// The interval x(l+1) .. x(n-l) in 1-based order statistics misses the median when l or fewer samples lie on one side
// of it, that is with probability 2 P(Binomial(n, 1/2) <= l): the largest l for which that is at most 1 - confidence,
// and 0 where there is none.
Ranks interval_ranks(size_t n, double confidence) {
  if (n == 0) {
    throw std::invalid_argument("an interval of no samples");
  }
  if (!(confidence > 0 && confidence < 1)) {
    throw std::invalid_argument("a confidence lies between 0 and 1, both excluded");
  }
  // A probability that is equal to the bound must not be lost to rounding: 7 samples reach exactly 1 - 2/2^7.
  const double tail = (1 - confidence) / 2 * (1 + 1e-10);
  const auto trials = static_cast<double>(n);
  // log of C(n, k) / 2^n, so that large n neither overflows nor vanishes too early.
  double log_probability = -trials * std::numbers::ln2;
  double cumulative = std::exp(log_probability);
  Ranks ranks{0, std::min(1.0, 2 * cumulative)};
  for (size_t k = 1; k < n; ++k) {
    const auto successes = static_cast<double>(k);
    log_probability += std::log((trials - successes + 1) / successes);
    cumulative += std::exp(log_probability);
    if (cumulative > tail) {
      break;
    }
    ranks = {k, 2 * cumulative};
  }
  return ranks;
}

}  // namespace

double median(std::span<const double> samples) { return middle(sorted(samples)); }

Interval median_interval(std::span<const double> samples, double confidence) {
  const std::vector<double> values = sorted(samples);
  const size_t rank = interval_ranks(values.size(), confidence).from_end;
  return {middle(values), values[rank], values[values.size() - 1 - rank]};
}

double median_interval_coverage(size_t count, double confidence) { return 1 - interval_ranks(count, confidence).miss; }

std::vector<double> copies_ns(const Round& round) {
  std::vector<double> copies;
  for (const Sample& sample : round.samples) {
    if (sample.subject == kCopy) {
      copies.push_back(sample.time_ns);
    }
  }
  return copies;
}

double mean_copy_ns(const Round& round) {
  const std::vector<double> copies = copies_ns(round);
  return copies.empty() ? 0 : std::accumulate(copies.begin(), copies.end(), 0.0) / static_cast<double>(copies.size());
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
