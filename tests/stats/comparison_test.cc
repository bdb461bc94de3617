#include "stats/comparison.h"

#include <gtest/gtest.h>

#include <cstdio>
#include <map>
#include <stdexcept>

#include "noise.h"
#include "stats/stats.h"

namespace scantune::stats {
namespace {

constexpr double kNear = 0.005;

// 6 speed-ups, of which the interval at 95% is the range.
Comparison compare_range(double low, double high) {
  return compare(std::vector<double>{high, low, low, high, high, low}, 0.95, kNear);
}

TEST(Compare, CallsFasterWhatLiesWhollyAboveTheEquivalence) {
  EXPECT_EQ(compare_range(1.0051, 1.2), Comparison::faster);
  EXPECT_EQ(compare_range(1.0049, 1.2), Comparison::undecided);
}

TEST(Compare, CallsSlowerWhatLiesWhollyBelowIt) {
  EXPECT_EQ(compare_range(0.8, 0.99501), Comparison::slower);  // 1 / 1.005 = 0.995025
  EXPECT_EQ(compare_range(0.8, 0.99504), Comparison::undecided);
}

TEST(Compare, CallsEquivalentOnlyWhatLiesWhollyWithin) {
  EXPECT_EQ(compare_range(0.99504, 1.0049), Comparison::equivalent);
  EXPECT_EQ(compare_range(0.9951, 1.0051), Comparison::undecided);
  EXPECT_EQ(compare_range(0.99501, 1.0049), Comparison::undecided);
  EXPECT_EQ(compare_range(1, 1), Comparison::equivalent);
}

TEST(Compare, TurnsAroundWithTheVariants) {
  for (const auto& [low, high] : {std::pair(1.006, 1.1), {0.996, 1.004}, {0.9, 1.1}}) {
    const Comparison forth = compare_range(low, high);
    const Comparison back = compare_range(1 / high, 1 / low);
    EXPECT_EQ(back, forth == Comparison::faster ? Comparison::slower : forth) << low;
  }
}

TEST(Compare, IsUndecidedWhereTheSamplesAreTooFewForTheConfidence) {
  EXPECT_EQ(compare(std::vector<double>(5, 2.0), 0.95, kNear), Comparison::undecided);
  EXPECT_EQ(compare(std::vector<double>(6, 2.0), 0.95, kNear), Comparison::faster);
  EXPECT_EQ(compare(std::vector<double>(1, 1.0), 0.95, kNear), Comparison::undecided);
}

TEST(Compare, RefusesWhatIsNoSpeedup) {
  EXPECT_THROW(compare(std::vector<double>{}, 0.95, kNear), std::invalid_argument);
  EXPECT_THROW(compare(std::vector<double>(6, 0.0), 0.95, kNear), std::invalid_argument);
  EXPECT_THROW(compare(std::vector<double>(6, 1.0), 0.95, -kNear), std::invalid_argument);
  EXPECT_THROW(compare(std::vector<double>(6, 1.0), 0, kNear), std::invalid_argument);
}

// The verdicts on 2,000 finals of 30 rounds, each of two variants that are truly `speedup` apart.
std::map<Comparison, int> verdicts(double speedup, const Noise& noise) {
  Random random(31);
  std::map<Comparison, int> verdicts;
  for (int draw = 0; draw < 2000; ++draw) {
    Machine machine(noise, 30, random);
    std::vector<Round> rounds;
    rounds.reserve(30);
    for (int i = 0; i < 30; ++i) {
      rounds.push_back(machine.round({1000, 1000 * speedup}));
    }
    ++verdicts[compare(paired_speedup(rounds, Phase::screen, 0, 1), 0.95, kNear)];
  }
  std::printf("%s at %.3f: %d faster, %d slower, %d equivalent, %d undecided\n", noise.name.c_str(), speedup,
              verdicts[Comparison::faster], verdicts[Comparison::slower], verdicts[Comparison::equivalent],
              verdicts[Comparison::undecided]);
  return verdicts;
}

// 2.5% of 2,000 draws are 50, and 71 lie three standard deviations above that.
constexpr int kMostWrong = 71;

TEST(Compare, IsWrongAtTheEdgeNoMoreOftenThanItSays) {
  const std::vector<Noise> noises = {
      {"Skewed", skewed(0.003)}, {"Bimodal", bimodal(0.02, 0.1)}, {"StepDrift", skewed(0.003), step_drift(0.25)}};
  for (const Noise& noise : noises) {
    SCOPED_TRACE(noise.name);
    std::map<Comparison, int> at_the_edge = verdicts(1 + kNear, noise);  // where both answers are wrong
    EXPECT_LE(at_the_edge[Comparison::faster], kMostWrong);
    EXPECT_LE(at_the_edge[Comparison::equivalent], kMostWrong);
    EXPECT_EQ(at_the_edge[Comparison::slower], 0);
  }
}

TEST(Compare, TellsAPercentApartAndTwinsTogetherWhereTheNoiseIsSmall) {
  const Noise noise{"Skewed", skewed(0.002)};
  EXPECT_GT(verdicts(1.01, noise)[Comparison::faster], 1900);
  EXPECT_GT(verdicts(1, noise)[Comparison::equivalent], 1900);
}

}  // namespace
}  // namespace scantune::stats
