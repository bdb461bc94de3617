#include "gate/noise.h"

#include <algorithm>
#include <cmath>
#include <numbers>
#include <random>
#include <stdexcept>

#include "gate/rule.h"
#include "stats/stats.h"

namespace scantune::gate {
namespace {

constexpr size_t kBlockRounds = 5;
constexpr double kMadOfNormal = 1.4826;                   // standard deviation / median absolute deviation
constexpr double kMedianVariance = std::numbers::pi / 2;  // of a median, over that of a mean

// A session's logarithms: their median, and by how much each is off it.
struct Levelled {
  double level = 0;
  std::vector<double> residuals;
};

Levelled levelled(std::span<const double> ratios) {
  Levelled session{0, logarithms(ratios)};
  session.level = stats::median(session.residuals);
  for (double& log : session.residuals) {
    log -= session.level;
  }
  return session;
}

// The standard deviation about 0 of values of which some may be far off.
double deviation(std::vector<double> residuals) {
  for (double& residual : residuals) {
    residual = std::abs(residual);
  }
  return kMadOfNormal * stats::median(residuals);
}

// Intervals are drawn, too: some are wider than expected.
constexpr double kSlack = 1.25;

// Half the interval's width after `rounds`, with some slack.
double half_width(const Spread& spread, const CheckRule& rule, int rounds_then, int rounds) {
  // The Hodges-Lehmann shift of normal samples has 3 / pi of a mean's efficiency.
  const double of_rounds =
      std::numbers::pi / 3 * spread.round_sd * spread.round_sd * (1.0 / rounds_then + 1.0 / rounds);
  return kSlack * deviations(look_confidence(rule)) * std::sqrt(of_rounds + 2 * spread.session_sd * spread.session_sd);
}

double mean_of(const std::vector<double>& values) {
  double sum = 0;
  for (const double value : values) {
    sum += value;
  }
  return sum / static_cast<double>(values.size());
}

double variance_of(const std::vector<double>& values) {
  if (values.size() < 2) {
    return 0;
  }
  const double mean = mean_of(values);
  double sum = 0;
  for (const double value : values) {
    sum += (value - mean) * (value - mean);
  }
  return sum / static_cast<double>(values.size() - 1);
}

// Sessions as long as one likes, made of recorded ones: the level of one of them, and blocks of neighbouring rounds of
// any. More rounds from the few of one session alone would take the error of its level for a change that stays.
class Drawing {
 public:
  explicit Drawing(const Sessions& sessions) {
    for (const std::vector<double>& ratios : sessions) {
      Levelled session = levelled(ratios);
      levels_.push_back(session.level);
      residuals_.push_back(std::move(session.residuals));
    }
    // Levels differ by as much as sessions do, without what their few rounds add to that.
    const double observed = std::sqrt(variance_of(levels_));
    const double shrink = observed > 0 ? spread_of(sessions).session_sd / observed : 1;
    const double middle = mean_of(levels_);
    for (double& level : levels_) {
      level = middle + shrink * (level - middle);
    }
  }

  [[nodiscard]] size_t sessions() const { return levels_.size(); }

  // `count` ratios of a session like `session`, times `factor`.
  [[nodiscard]] std::vector<double> draw(size_t session, size_t count, double factor, std::mt19937_64& random) const {
    std::vector<double> all;
    all.reserve(count + kBlockRounds);
    std::uniform_int_distribution<size_t> any(0, residuals_.size() - 1);
    while (all.size() < count) {
      const std::vector<double>& from = residuals_[any(random)];
      const size_t block = std::min(kBlockRounds, from.size());
      const size_t first = std::uniform_int_distribution<size_t>(0, from.size() - block)(random);
      for (size_t i = first; i < first + block; ++i) {
        all.push_back(std::exp(levels_[session] + from[i]) * factor);
      }
    }
    all.resize(count);
    return all;
  }

 private:
  std::vector<double> levels_;                  // logarithms
  std::vector<std::vector<double>> residuals_;  // of the logarithms, from the level of their own session
};

}  // namespace

Spread spread_of(const Sessions& sessions) {
  std::vector<double> levels;
  double variance = 0;
  double level_variance = 0;  // of a session's level that its rounds explain
  for (const std::vector<double>& ratios : sessions) {
    const Levelled session = levelled(ratios);
    levels.push_back(session.level);
    const double own = deviation(session.residuals);
    variance += own * own;
    level_variance += kMedianVariance * own * own / static_cast<double>(ratios.size());
  }
  if (sessions.empty()) {
    throw std::invalid_argument("the noise of no sessions");
  }
  const auto count = static_cast<double>(sessions.size());
  Spread spread{std::sqrt(variance / count), 0};
  if (sessions.size() > 1) {
    spread.session_sd = std::sqrt(std::max(0.0, variance_of(levels) - level_variance / count));
  }
  return spread;
}

int rounds_needed(const Spread& spread, const CheckRule& rule, int rounds_then) {
  constexpr int kMost = 1'000'000;
  const auto enough = [&](int rounds) { return half_width(spread, rule, rounds_then, rounds) <= rule.threshold / 2; };
  if (!enough(kMost)) {
    return 0;
  }
  int low = 1;
  int high = kMost;
  while (low < high) {
    const int middle = low + (high - low) / 2;
    if (enough(middle)) {
      high = middle;
    } else {
      low = middle + 1;
    }
  }
  return low;
}

CheckRule rule_for(const Spread& spread, const CheckRule& rule, int rounds_then) {
  const int needed = rounds_needed(spread, rule, rounds_then);
  CheckRule fitted = rule;
  if (needed > 0 && needed <= rule.looks.back()) {
    std::erase_if(fitted.looks, [&](int look) { return look < needed; });
  }
  return fitted;
}

double smallest_threshold(const Spread& spread, const CheckRule& rule, int rounds_then) {
  return 2 * half_width(spread, rule, rounds_then, rule.looks.back());
}

Resampled resample(const Sessions& then, const Sessions& now, double slowdown, const CheckRule& rule,
                   const Allowance& allowance, int rounds_then, int draws, uint64_t seed) {
  if (then.empty() || now.empty() || rounds_then < 1) {
    throw std::invalid_argument("checks drawn from no sessions");
  }
  std::mt19937_64 random(seed);
  const Drawing befores(then);
  const Drawing afters(now);
  std::uniform_int_distribution<size_t> one(0, befores.sessions() - 1);
  std::uniform_int_distribution<size_t> other(0, afters.sessions() - 1);
  Resampled result;
  for (int draw = 0; draw < draws; ++draw) {
    const size_t from = one(random);
    size_t to = other(random);
    while (to == from && afters.sessions() > 1) {
      to = other(random);
    }
    const std::vector<double> before = befores.draw(from, static_cast<size_t>(rounds_then), 1, random);
    const std::vector<double> after =
        afters.draw(to, static_cast<size_t>(rule.looks.back()), 1 / (1 + slowdown), random);
    const Decision decision = decide_over(before, after, rule, allowance);
    ++result.draws;
    result.flagged += decision.verdict == CheckVerdict::regression ? 1 : 0;
    result.inconclusive += decision.verdict == CheckVerdict::inconclusive ? 1 : 0;
    result.rounds += static_cast<double>(decision.rounds) / draws;
  }
  return result;
}

Noise noise_of(const Sessions& sessions, const CheckRule& rule, int rounds_then, int draws, uint64_t seed) {
  const Spread spread = spread_of(sessions);
  const CheckRule fitted = rule_for(spread, rule, rounds_then);  // as checks will that know of this noise
  const Allowance allowance{spread.session_sd, 0};
  const Resampled same = resample(sessions, sessions, 0, fitted, allowance, rounds_then, draws, seed);
  const Resampled planted =
      resample(sessions, sessions, rule.threshold, fitted, allowance, rounds_then, draws, seed + 1);
  int rounds = static_cast<int>(sessions.front().size());
  for (const std::vector<double>& session : sessions) {
    rounds = std::min(rounds, static_cast<int>(session.size()));
  }
  const int needed = rounds_needed(spread, rule, rounds_then);
  return {.key = {},
          .variant = {},
          .sessions = static_cast<int>(sessions.size()),
          .rounds = rounds,
          .round_sd = spread.round_sd,
          .session_sd = spread.session_sd,
          .rounds_needed = needed > rule.looks.back() ? 0 : needed,
          .smallest_threshold = smallest_threshold(spread, rule, rounds_then),
          .flagged = same.flagged_share(),
          .found = planted.flagged_share(),
          .inconclusive = same.inconclusive_share(),
          .draws = draws};
}

}  // namespace scantune::gate
