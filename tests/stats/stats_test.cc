#include "stats/stats.h"

#include <gtest/gtest.h>

#include <cmath>
#include <random>
#include <stdexcept>

namespace scantune::stats {
namespace {

TEST(Median, IsTheMiddleSampleOrTheMeanOfTheMiddleTwo) {
  EXPECT_DOUBLE_EQ(median(std::vector<double>{3, 1, 2}), 2);
  EXPECT_DOUBLE_EQ(median(std::vector<double>{4, 1, 3, 2}), 2.5);
}

TEST(Median, OfNothingIsAnError) { EXPECT_THROW(median(std::vector<double>{}), std::invalid_argument); }

// Ranks from scipy.stats.binom(n, 0.5).ppf: the largest l with cdf(l) <= 0.025 is 0 for n = 6, 1
// for n = 10, 9 for n = 30 and 39 for n = 100.
TEST(MedianInterval, TakesTheOrderStatisticsOfTheBinomialQuantile) {
  const auto ramp = [](int n) {
    std::vector<double> values;
    for (int i = n; i >= 1; --i) {
      values.push_back(i);
    }
    return values;
  };
  EXPECT_EQ(median_interval(ramp(6), 0.95), (Interval{3.5, 1, 6}));
  EXPECT_EQ(median_interval(ramp(10), 0.95), (Interval{5.5, 2, 9}));
  EXPECT_EQ(median_interval(ramp(30), 0.95), (Interval{15.5, 10, 21}));
  EXPECT_EQ(median_interval(ramp(100), 0.95), (Interval{50.5, 40, 61}));
}

TEST(MedianInterval, IsTheWholeRangeWhereTheSamplesAreTooFew) {
  EXPECT_EQ(median_interval(std::vector<double>{5, 1, 2}, 0.95), (Interval{2, 1, 5}));
  EXPECT_EQ(median_interval(std::vector<double>{7}, 0.95), (Interval{7, 7, 7}));
}

TEST(MedianInterval, CoversTheMedianOfASkewedDistributionAsOftenAsItSays) {
  std::mt19937_64 random(7);
  std::lognormal_distribution<double> skewed(0, 1);  // its median is 1
  int covered = 0;
  constexpr int kDraws = 2000;
  for (int draw = 0; draw < kDraws; ++draw) {
    std::vector<double> samples(30);
    for (double& sample : samples) {
      sample = skewed(random);
    }
    const Interval interval = median_interval(samples, 0.95);
    covered += interval.low <= 1 && 1 <= interval.high ? 1 : 0;
  }
  EXPECT_GE(covered, kDraws * 94 / 100);
}

TEST(MedianInterval, SaysHowOftenItHoldsTheMedian) {
  EXPECT_EQ(median_interval_coverage(1, 0.95), 0);
  EXPECT_DOUBLE_EQ(median_interval_coverage(5, 0.95), 1 - 2.0 / 32);
  EXPECT_DOUBLE_EQ(median_interval_coverage(10, 0.95), 1 - 2 * 11.0 / 1024);
  EXPECT_DOUBLE_EQ(median_interval_coverage(10, 1 - 2 * 11.0 / 1024), 1 - 2 * 11.0 / 1024);  // just reached
  EXPECT_GE(median_interval_coverage(5000, 0.95), 0.95);
  EXPECT_LT(median_interval_coverage(5000, 0.95), 0.953);
}

TEST(MedianInterval, RefusesWhatIsNoConfidenceAndNoNumber) {
  EXPECT_THROW(median_interval(std::vector<double>{}, 0.95), std::invalid_argument);
  EXPECT_THROW(median_interval(std::vector<double>{1, std::nan(""), 2}, 0.95), std::invalid_argument);
  EXPECT_THROW(median_interval(std::vector<double>{1}, 1), std::invalid_argument);
  EXPECT_THROW(median_interval(std::vector<double>{1}, 0), std::invalid_argument);
  EXPECT_THROW(median_interval_coverage(0, 0.95), std::invalid_argument);
}

TEST(Copies, AreThoseOfTheRoundInTheOrderTaken) {
  const Round round{Phase::screen, {{kCopy, 110}, {0, 200}, {kCopy, 90}}};
  EXPECT_EQ(copies_ns(round), (std::vector<double>{110, 90}));
  EXPECT_EQ(mean_copy_ns(round), 100);
  EXPECT_EQ(mean_copy_ns({Phase::screen, {{0, 200}}}), 0);
}

TEST(PairsOf, PairsEachSampleWithTheMeanCopyOfItsOwnRound) {
  const std::vector<Round> rounds = {
      {Phase::screen, {{kCopy, 90}, {0, 200}, {kCopy, 110}, {1, 50}}},
      {Phase::final, {{0, 100}, {kCopy, 100}}},
      {Phase::screen, {{0, 300}, {kCopy, 150}}},
  };
  const Pairs pairs = pairs_of(rounds, Phase::screen, 0);
  EXPECT_EQ(pairs.time_ns, (std::vector<double>{200, 300}));
  EXPECT_EQ(pairs.copy_ns, (std::vector<double>{100, 150}));
  EXPECT_EQ(pairs.ratio, (std::vector<double>{0.5, 0.5}));
}

TEST(PairsOf, LeavesOutRoundsWithoutACopy) {
  const std::vector<Round> rounds = {{Phase::screen, {{0, 200}}}};
  EXPECT_TRUE(pairs_of(rounds, Phase::screen, 0).ratio.empty());
}

TEST(PairsOf, KeepsTheRatioWhenTheClockDrifts) {
  std::vector<Round> rounds;
  for (int i = 0; i < 20; ++i) {
    const double slower = 1 + 0.05 * i;  // the machine slows down by half; all alike
    rounds.push_back({Phase::final, {{kCopy, 100 * slower}, {3, 125 * slower}}});
  }
  const Interval ratio = median_interval(pairs_of(rounds, Phase::final, 3).ratio, 0.95);
  EXPECT_NEAR(ratio.median, 0.8, 1e-12);
  EXPECT_NEAR(ratio.high - ratio.low, 0, 1e-12);
}

TEST(PairedSpeedup, ComparesTwoVariantsInTheRoundsThatHoldBoth) {
  const std::vector<Round> rounds = {
      {Phase::final, {{0, 100}, {1, 150}}},
      {Phase::final, {{0, 100}}},
      {Phase::final, {{1, 400}, {0, 200}}},
      {Phase::screen, {{0, 1}, {1, 9}}},
  };
  EXPECT_EQ(paired_speedup(rounds, Phase::final, 0, 1), (std::vector<double>{1.5, 2.0}));
}

}  // namespace
}  // namespace scantune::stats
