#include "gate/rule.h"

#include <algorithm>
#include <cmath>
#include <functional>
#include <numbers>
#include <stdexcept>

#include "stats/rank.h"
#include "stats/stats.h"

namespace scantune::gate {
namespace {

double relative(double log_factor) { return std::expm1(log_factor); }

}  // namespace

std::vector<double> logarithms(std::span<const double> ratios) {
  std::vector<double> logs(ratios.size());
  std::ranges::transform(ratios, logs.begin(), [](double ratio) {
    if (!(ratio > 0)) {
      throw std::invalid_argument("a ratio is positive");
    }
    return std::log(ratio);
  });
  return logs;
}

double deviations(double confidence) {
  double low = 0;
  double high = 40;
  for (int i = 0; i < 80; ++i) {
    const double middle = (low + high) / 2;
    (std::erfc(middle / std::numbers::sqrt2) > 1 - confidence ? low : high) = middle;
  }
  return high;
}

double look_confidence(const CheckRule& rule) {
  if (rule.looks.empty() || rule.looks.front() < 1 ||
      std::ranges::adjacent_find(rule.looks, std::greater_equal<>()) != rule.looks.end()) {
    throw std::invalid_argument("looks are positive counts of rounds in rising order");
  }
  if (!(rule.confidence > 0 && rule.confidence < 1)) {
    throw std::invalid_argument("a confidence lies between 0 and 1, both excluded");
  }
  return 1 - (1 - rule.confidence) / static_cast<double>(rule.looks.size());
}

bool is_look(const CheckRule& rule, size_t rounds) {
  return std::ranges::any_of(rule.looks, [&](int look) { return std::cmp_equal(look, rounds); });
}

Slowdown slowdown_between(std::span<const double> ratios_then, std::span<const double> ratios_now, double confidence,
                          const Allowance& allowance) {
  // The ratio is the copy's time over the variant's: it falls as the variant slows down.
  const stats::Shift shift = stats::shift_interval(logarithms(ratios_now), logarithms(ratios_then), confidence);
  const double sessions = deviations(confidence) * std::numbers::sqrt2 * allowance.session_sd;
  const Interval& by = shift.by;
  return {{relative(by.median), relative(by.median - std::hypot(by.median - by.low, sessions) - allowance.selection),
           relative(by.median + std::hypot(by.high - by.median, sessions))},
          shift.reached};
}

double selection_of(int alike, int rounds, double round_sd) {
  if (alike < 2 || rounds < 1) {
    return 0;
  }
  // Blom's approximation of the expected maximum: the quantile of (k - 0.375) / (k + 0.25), as two-sided coverage.
  const double k = alike;
  const double quantile = (k - 0.375) / (k + 0.25);
  const double of_median = std::sqrt(std::numbers::pi / 2 / rounds) * round_sd;
  return deviations(2 * quantile - 1) * of_median;
}

Slowdown slowdown_paired(std::span<const double> now_over_then, double confidence) {
  const Interval factor = stats::median_interval(now_over_then, confidence);
  // What is computed as 1 - (1 - x) differs from x in its last digits.
  const bool reached = stats::median_interval_coverage(now_over_then.size(), confidence) >= confidence - 1e-12;
  return {{factor.median - 1, factor.low - 1, factor.high - 1}, reached};
}

std::optional<CheckVerdict> decide(const Slowdown& slowdown, const CheckRule& rule, bool last) {
  const Interval& by = slowdown.relative;
  if (slowdown.reached && by.high < rule.threshold) {
    return CheckVerdict::pass;
  }
  const bool narrow = by.high - by.low <= rule.threshold;
  if (slowdown.reached && (by.low > rule.threshold || (by.low > 0 && by.median >= rule.threshold && narrow))) {
    return CheckVerdict::regression;
  }
  if (!last) {
    return std::nullopt;
  }
  const bool as_slow = by.median >= rule.threshold || narrow;
  return slowdown.reached && by.low > 0 && as_slow ? CheckVerdict::regression : CheckVerdict::inconclusive;
}

Decision decide_over(std::span<const double> ratios_then, std::span<const double> ratios_now, const CheckRule& rule,
                     const Allowance& allowance) {
  const double confidence = look_confidence(rule);
  Decision decision;
  for (const int look : rule.looks) {
    decision.rounds = std::min(static_cast<size_t>(look), ratios_now.size());
    const bool last = look == rule.looks.back() || decision.rounds == ratios_now.size();
    decision.slowdown = slowdown_between(ratios_then, ratios_now.first(decision.rounds), confidence, allowance);
    if (const auto verdict = decide(decision.slowdown, rule, last)) {
      decision.verdict = *verdict;
      break;
    }
  }
  return decision;
}

}  // namespace scantune::gate
