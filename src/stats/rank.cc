#include "stats/rank.h"

#include <algorithm>
#include <cmath>
#include <numbers>
#include <numeric>
#include <stdexcept>
#include <vector>

#include "stats/stats.h"

namespace scantune::stats {
namespace {

constexpr size_t kMostExactPairs = 400;

struct MidRanks {
  std::vector<double> rank;  // 1-based; tied samples share the mean of their ranks
  double tie_term = 0;       // sum of t^3 - t over the groups of t tied samples
};

MidRanks mid_ranks(std::span<const double> samples) {
  if (std::ranges::any_of(samples, [](double sample) { return std::isnan(sample); })) {
    throw std::invalid_argument("ranks of samples that are not numbers");
  }
  std::vector<size_t> order(samples.size());
  std::iota(order.begin(), order.end(), size_t{0});
  std::ranges::sort(order, {}, [&](size_t i) { return samples[i]; });
  MidRanks ranks{std::vector<double>(samples.size()), 0};
  for (size_t begin = 0, end = 0; begin < order.size(); begin = end) {
    while (end < order.size() && samples[order[end]] == samples[order[begin]]) {
      ++end;
    }
    const auto ties = static_cast<double>(end - begin);
    ranks.tie_term += ties * ties * ties - ties;
    for (size_t i = begin; i < end; ++i) {
      ranks.rank[order[i]] = static_cast<double>(begin + end + 1) / 2;
    }
  }
  return ranks;
}

// P(U >= u) for all orders of m + n samples being alike. The number of orders with U = u is the coefficient of q^u in
// the Gaussian binomial coefficient, the product of (1 - q^(n+i)) / (1 - q^i) for i = 1 .. m: factor by factor, in
// whole numbers that a double holds exactly (C(40, 20) < 2^53).
double exact_survival(size_t m, size_t n, double u) {
  if (m > n) {
    std::swap(m, n);  // fewer factors, and U has the same distribution
  }
  std::vector<double> orders(m * n + 1, 0.0);
  orders[0] = 1;
  for (size_t i = 1; i <= m; ++i) {
    for (size_t k = orders.size(); k-- > n + i;) {
      orders[k] -= orders[k - n - i];
    }
    for (size_t k = i; k < orders.size(); ++k) {
      orders[k] += orders[k - i];
    }
  }
  const auto first = orders.begin() + static_cast<std::ptrdiff_t>(u);
  return std::accumulate(first, orders.end(), 0.0) / std::accumulate(orders.begin(), orders.end(), 0.0);
}

double normal_survival(double z) { return std::erfc(z / std::numbers::sqrt2) / 2; }

// P(U <= u) for m and n samples of one distribution without ties, for whole u.
double probability_up_to(size_t m, size_t n, double u) {
  const double pairs = static_cast<double>(m) * static_cast<double>(n);
  if (m * n <= kMostExactPairs) {
    return exact_survival(m, n, pairs - u);  // U and pairs - U have the same distribution
  }
  const double deviation = std::sqrt(pairs / 12 * static_cast<double>(m + n + 1));
  return normal_survival((pairs / 2 - u - 0.5) / deviation);
}

// How many of the pairs may lie on one side of the interval's end: the largest k with P(U <= k - 1) <= tail, 0 where
// there is none.
size_t pairs_beyond(size_t m, size_t n, double tail) {
  size_t low = 0;
  size_t high = m * n / 2;
  while (low < high) {
    const size_t middle = (low + high + 1) / 2;
    if (probability_up_to(m, n, static_cast<double>(middle - 1)) <= tail) {
      low = middle;
    } else {
      high = middle - 1;
    }
  }
  return low;
}

}  // namespace

MannWhitney mann_whitney(std::span<const double> x, std::span<const double> y) {
  if (x.empty() || y.empty()) {
    throw std::invalid_argument("a comparison with no samples");
  }
  std::vector<double> both(x.begin(), x.end());
  both.insert(both.end(), y.begin(), y.end());
  const MidRanks ranks = mid_ranks(both);
  const auto m = static_cast<double>(x.size());
  const auto n = static_cast<double>(y.size());
  const double rank_sum =
      std::accumulate(ranks.rank.begin(), ranks.rank.begin() + static_cast<std::ptrdiff_t>(x.size()), 0.0);
  MannWhitney result;
  result.u = rank_sum - m * (m + 1) / 2;
  result.exact = ranks.tie_term == 0 && x.size() * y.size() <= kMostExactPairs;
  // P(U >= u); a half is taken off for the continuity of the approximation.
  const auto survival = [&](double u) {
    if (result.exact) {
      return exact_survival(x.size(), y.size(), u);
    }
    const double variance = m * n / 12 * (m + n + 1 - ranks.tie_term / ((m + n) * (m + n - 1)));
    return variance <= 0 ? 1.0 : normal_survival((u - m * n / 2 - 0.5) / std::sqrt(variance));  // 0: all are tied
  };
  result.p_greater = survival(result.u);
  result.p_less = survival(m * n - result.u);
  result.p_two_sided = std::min(1.0, 2 * std::min(result.p_greater, result.p_less));
  return result;
}

Shift shift_interval(std::span<const double> x, std::span<const double> y, double confidence) {
  if (x.empty() || y.empty()) {
    throw std::invalid_argument("a shift between no samples");
  }
  if (!(confidence > 0 && confidence < 1)) {
    throw std::invalid_argument("a confidence lies between 0 and 1, both excluded");
  }
  std::vector<double> differences;
  differences.reserve(x.size() * y.size());
  for (const double before : x) {
    for (const double after : y) {
      differences.push_back(after - before);
    }
  }
  if (std::ranges::any_of(differences, [](double difference) { return std::isnan(difference); })) {
    throw std::invalid_argument("a shift between samples that are not numbers");
  }
  // A probability that equals the bound must not be lost to rounding.
  const size_t beyond = pairs_beyond(x.size(), y.size(), (1 - confidence) / 2 * (1 + 1e-10));
  const size_t low = beyond == 0 ? 0 : beyond - 1;
  // Of many differences three are needed: not worth sorting them all.
  const auto low_end = differences.begin() + static_cast<std::ptrdiff_t>(low);
  const auto high_end = differences.end() - 1 - static_cast<std::ptrdiff_t>(low);
  std::ranges::nth_element(differences, low_end);
  const double least = *low_end;
  std::ranges::nth_element(low_end, high_end, differences.end());
  const double most = *high_end;
  const auto middle = differences.begin() + static_cast<std::ptrdiff_t>(differences.size() / 2);
  std::ranges::nth_element(low_end, middle, high_end + 1);
  double estimate = *middle;
  if (differences.size() % 2 == 0) {
    estimate = differences.size() == 2 ? (differences[0] + differences[1]) / 2
                                       : (estimate + *std::ranges::max_element(low_end, middle)) / 2;
  }
  return {{estimate, least, most}, beyond > 0};
}

ChangePoint change_point(std::span<const double> samples) {
  if (samples.empty()) {
    throw std::invalid_argument("a change point of no samples");
  }
  const std::vector<double> rank = mid_ranks(samples).rank;
  const auto n = static_cast<double>(samples.size());
  ChangePoint change{samples.size(), 0, 1};
  // The sum of signs between the first t samples and the rest is 2 (sum of the first t ranks) - t (n + 1): pairs among
  // the first t cancel.
  double statistic = 0;
  for (size_t t = 1; t < samples.size(); ++t) {
    statistic += 2 * rank[t - 1] - (n + 1);
    if (std::abs(statistic) > change.k) {
      change.at = t;
      change.k = std::abs(statistic);
    }
  }
  change.p = std::min(1.0, 2 * std::exp(-6 * change.k * change.k / (n * n * n + n * n)));
  return change;
}

}  // namespace scantune::stats
