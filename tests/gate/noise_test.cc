// The estimate of a machine's noise, and checks drawn from recorded samples.
#include "gate/noise.h"

#include <gtest/gtest.h>

#include <cmath>
#include <random>
#include <stdexcept>

namespace scantune::gate {
namespace {

Sessions sessions_with(double round_sd, double session_sd, int count, int rounds, uint64_t seed = 5) {
  std::mt19937_64 random(seed);
  std::normal_distribution<double> normal;
  Sessions sessions;
  for (int s = 0; s < count; ++s) {
    const double level = std::exp(session_sd * normal(random));
    std::vector<double>& ratios = sessions.emplace_back();
    for (int r = 0; r < rounds; ++r) {
      ratios.push_back(0.95 * level * std::exp(round_sd * normal(random)));
    }
  }
  return sessions;
}

TEST(Noise, TellsRoundsAndSessionsApart) {
  const Spread rounds_only = spread_of(sessions_with(0.004, 0, 40, 30));
  EXPECT_NEAR(rounds_only.round_sd, 0.004, 0.0004);
  EXPECT_LT(rounds_only.session_sd, 0.0005);
  const Spread both = spread_of(sessions_with(0.004, 0.006, 40, 30));
  EXPECT_NEAR(both.round_sd, 0.004, 0.0004);
  EXPECT_NEAR(both.session_sd, 0.006, 0.0015);
}

TEST(Noise, OfOneSessionKnowsNothingOfOthers) {
  EXPECT_EQ(spread_of(sessions_with(0.004, 0.006, 1, 30)).session_sd, 0);
  EXPECT_THROW(spread_of({}), std::invalid_argument);
  EXPECT_THROW(spread_of({{1.0, 0.0}}), std::invalid_argument);
}

TEST(Noise, NeedsMoreRoundsForASmallerThreshold) {
  const Spread spread{.round_sd = 0.004, .session_sd = 0};
  const int for_two = rounds_needed(spread, {}, 30);
  EXPECT_GE(for_two, 1);
  EXPECT_GT(rounds_needed(spread, {.threshold = 0.008}, 30), for_two);
  EXPECT_EQ(rounds_needed(spread, {.threshold = 0.001}, 30), 0) << "the baseline's rounds alone are too few";
}

TEST(Noise, KnowsAThresholdThatSessionsMakeHopeless) {
  EXPECT_EQ(rounds_needed({.round_sd = 0.0001, .session_sd = 0.01}, {}, 30), 0);
  EXPECT_GT(smallest_threshold({.round_sd = 0.0001, .session_sd = 0.01}, {}, 30), 0.05);
}

// The sizes it names are those at which the gate decides.
TEST(Noise, NamesAThresholdAtWhichResampledChecksAreDecided) {
  const Sessions sessions = sessions_with(0.01, 0.001, 20, 40);
  CheckRule rule;
  const Noise noise = noise_of(sessions, rule, 30, 10, 1);
  rule.threshold = noise.smallest_threshold * 1.1;
  const Resampled same = resample(sessions, sessions, 0, rule, {noise.session_sd, 0}, 30, 500, 1);
  EXPECT_LT(same.flagged_share(), 0.01);
  EXPECT_LT(same.inconclusive_share(), 0.05);
  const Resampled slower = resample(sessions, sessions, rule.threshold, rule, {noise.session_sd, 0}, 30, 500, 1);
  EXPECT_GT(slower.flagged_share(), 0.95);
}

TEST(Noise, DrawsTheSameChecksFromTheSameSeed) {
  const Sessions sessions = sessions_with(0.01, 0.001, 4, 20);
  const Resampled a = resample(sessions, sessions, 0.02, {}, {0.001, 0}, 30, 200, 9);
  const Resampled b = resample(sessions, sessions, 0.02, {}, {0.001, 0}, 30, 200, 9);
  EXPECT_EQ(a.flagged, b.flagged);
  EXPECT_EQ(a.rounds, b.rounds);
  EXPECT_EQ(a.draws, 200);
}

}  // namespace
}  // namespace scantune::gate
