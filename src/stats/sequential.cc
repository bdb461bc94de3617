#include "stats/sequential.h"

#include <fmt/format.h>

#include <algorithm>
#include <functional>
#include <stdexcept>

#include "stats/stats.h"

namespace scantune::stats {
namespace {

// Rounds by which two copies a round have most likely shown what the noise can do.
constexpr int kRoundsThatShowTheNoise = 5;

void require_share(double value, const char* what) {
  if (!(value >= 0 && value <= 1)) {
    throw std::invalid_argument(fmt::format("{} lies within 0 .. 1, and not at {}", what, value));
  }
}

void require_ratios(std::span<const double> ratios) {
  if (!std::ranges::all_of(ratios, [](double ratio) { return ratio > 0; })) {
    throw std::invalid_argument("a ratio to copy is positive");
  }
}

}  // namespace

double look_confidence(const Looks& looks, double confidence) {
  if (looks.at.empty() || looks.at.front() < 1 ||
      std::ranges::adjacent_find(looks.at, std::greater_equal<>()) != looks.at.end()) {
    throw std::invalid_argument("looks are positive sample counts in rising order");
  }
  const double each = 1 - (1 - confidence) / static_cast<double>(looks.at.size());
  const auto first = static_cast<size_t>(looks.at.front());
  // What is computed as 1 - (1 - x) differs from x in its last digits.
  if (median_interval_coverage(first, each) < each - 1e-12) {
    throw std::invalid_argument(
        fmt::format("the interval of {} samples cannot reach the {:.4f} that each of {} looks needs: plan the first "
                    "look later, or fewer looks",
                    first, each, looks.at.size()));
  }
  return each;
}

bool is_look(const Looks& looks, size_t count) {
  return std::ranges::any_of(looks.at, [&](int look) { return look >= 0 && static_cast<size_t>(look) == count; });
}

Interval sequential_interval(std::span<const double> samples, const Looks& looks, double confidence) {
  return median_interval(samples, look_confidence(looks, confidence));
}

bool certainly_slower(std::span<const double> ratios, const Interval& leader_ratio, const Racing& racing) {
  require_ratios(ratios);
  require_share(racing.margin, "a margin");
  if (racing.min_rounds < 1) {
    throw std::invalid_argument("racing needs at least one round");
  }
  const double bar = leader_ratio.low * (1 - racing.margin);
  return ratios.size() >= static_cast<size_t>(racing.min_rounds) &&
         std::ranges::all_of(ratios, [&](double ratio) { return ratio < bar; });
}

double racing_margin(std::span<const Round> rounds, double least) {
  require_share(least, "a margin");
  int known = 0;
  double disagreement = 0;
  for (const Round& round : rounds) {
    const std::vector<double> copies = copies_ns(round);
    if (copies.size() < 2) {
      continue;
    }
    const auto [fastest, slowest] = std::ranges::minmax(copies);
    disagreement = std::max(disagreement, (slowest - fastest) / slowest);
    ++known;
  }
  return known < kRoundsThatShowTheNoise ? 1 : std::min(1.0, least + disagreement);
}

Verdict judge(std::span<const double> ratios, const StoppingRule& rule, const std::optional<Interval>& leader_ratio) {
  if (!(rule.half_width > 0)) {
    throw std::invalid_argument("a half-width is positive");
  }
  if (ratios.empty()) {
    throw std::invalid_argument("nothing is decided on no ratios");
  }
  require_ratios(ratios);
  const double confidence = look_confidence(rule.looks, rule.confidence);
  // Tight before no winner: an interval that was earned is worth more than a bare "no".
  if (is_look(rule.looks, ratios.size()) &&
      median_interval(ratios, confidence).relative_half_width() <= rule.half_width) {
    return Verdict::tight;
  }
  if (ratios.size() >= static_cast<size_t>(rule.looks.at.back())) {
    return Verdict::exhausted;
  }
  return leader_ratio && certainly_slower(ratios, *leader_ratio, rule.racing) ? Verdict::no_winner : Verdict::go_on;
}

}  // namespace scantune::stats
