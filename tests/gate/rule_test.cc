// The decision: what is called a regression, a pass and undecided, and how often that is wrong.
#include "gate/rule.h"

#include <gtest/gtest.h>

#include <cmath>
#include <random>
#include <stdexcept>

namespace scantune::gate {
namespace {

Slowdown interval(double median, double low, double high, bool reached = true) {
  return {{median, low, high}, reached};
}

TEST(Rule, PassesWhereASlowdownOfTheThresholdIsRuledOut) {
  EXPECT_EQ(decide(interval(0.001, -0.01, 0.0199), {}, false), CheckVerdict::pass);
  EXPECT_EQ(decide(interval(-0.5, -0.6, -0.4), {}, false), CheckVerdict::pass);
  EXPECT_EQ(decide(interval(0.010, 0.008, 0.012), {}, true), CheckVerdict::pass)
      << "less than the threshold is allowed";
}

TEST(Rule, FindsWhatIsSlowerThanAllowedAtOnce) {
  EXPECT_EQ(decide(interval(0.03, 0.0201, 0.04), {}, false), CheckVerdict::regression);
}

TEST(Rule, FindsASlowdownOfTheThresholdsSizeOnceItIsKnownToHalfAThreshold) {
  EXPECT_EQ(decide(interval(0.020, 0.015, 0.025), {}, false), CheckVerdict::regression);
  EXPECT_EQ(decide(interval(0.020, 0.015, 0.025, false), {}, false), std::nullopt) << "too few samples";
  EXPECT_EQ(decide(interval(0.020, 0.0, 0.02), {}, false), std::nullopt) << "nothing may have changed";
}

TEST(Rule, WaitsForMoreRoundsWhileTheThresholdIsWithinTheInterval) {
  EXPECT_EQ(decide(interval(0.019, 0.014, 0.024), {}, false), std::nullopt);
  EXPECT_EQ(decide(interval(0.021, 0.001, 0.041), {}, false), std::nullopt) << "wide";
  EXPECT_EQ(decide(interval(0.0, -0.1, 0.1), {}, false), std::nullopt);
}

TEST(Rule, AtTheEndFindsASlowdownOfTheThresholdsSize) {
  EXPECT_EQ(decide(interval(0.020, 0.015, 0.025), {}, true), CheckVerdict::regression);
  EXPECT_EQ(decide(interval(0.018, 0.013, 0.023), {}, true), CheckVerdict::regression) << "2% cannot be ruled out";
  EXPECT_EQ(decide(interval(0.025, 0.001, 0.05), {}, true), CheckVerdict::regression) << "wide, but certainly slower";
}

TEST(Rule, AtTheEndLeavesOpenWhatTheNoiseHides) {
  EXPECT_EQ(decide(interval(0.0, -0.03, 0.03), {}, true), CheckVerdict::inconclusive);
  EXPECT_EQ(decide(interval(0.018, 0.001, 0.04), {}, true), CheckVerdict::inconclusive) << "slower, but by how much?";
}

TEST(Rule, DecidesNothingOnTooFewSamples) {
  EXPECT_EQ(decide(interval(0.5, 0.4, 0.6, false), {}, false), std::nullopt);
  EXPECT_EQ(decide(interval(0.5, 0.4, 0.6, false), {}, true), CheckVerdict::inconclusive);
  EXPECT_EQ(decide(interval(-0.5, -0.6, -0.4, false), {}, true), CheckVerdict::inconclusive);
}

TEST(Rule, SharesItsErrorAmongTheLooks) {
  EXPECT_NEAR(look_confidence({}), 1 - 0.01 / 5, 1e-12);
  EXPECT_NEAR(look_confidence({.looks = {7}}), 0.99, 1e-12);
}

TEST(Rule, RefusesLooksThatDoNotRiseAndNoConfidence) {
  EXPECT_THROW(look_confidence({.looks = {}}), std::invalid_argument);
  EXPECT_THROW(look_confidence({.looks = {10, 10}}), std::invalid_argument);
  EXPECT_THROW(look_confidence({.looks = {0, 10}}), std::invalid_argument);
  EXPECT_THROW(look_confidence({.confidence = 1}), std::invalid_argument);
}

TEST(Slowdown, IsTheFallOfTheRatioToTheCopy) {
  const std::vector<double> then = {0.98, 0.99, 1.00, 1.01, 1.02, 0.985, 0.995, 1.005, 1.015};
  std::vector<double> now = then;
  for (double& ratio : now) {
    ratio /= 1.05;
  }
  const Slowdown slowdown = slowdown_between(then, now, 0.95, {});
  EXPECT_NEAR(slowdown.relative.median, 0.05, 1e-9);
  EXPECT_LT(slowdown.relative.low, 0.05);
  EXPECT_GT(slowdown.relative.high, 0.05);
  EXPECT_TRUE(slowdown.reached);
}

TEST(Slowdown, AllowsForWhatSessionsDifferByOnBothSides) {
  const std::vector<double> then(30, 1.0);
  const Slowdown slowdown = slowdown_between(then, then, 0.95, {.session_sd = 0.01});
  EXPECT_NEAR(slowdown.relative.high, std::expm1(1.96 * std::sqrt(2.0) * 0.01), 1e-4);
  EXPECT_NEAR(slowdown.relative.low, std::expm1(-1.96 * std::sqrt(2.0) * 0.01), 1e-4);
}

TEST(Slowdown, AllowsForAWinnerThatWasChosenForItsFigure) {
  const std::vector<double> then(30, 1.0);
  const Slowdown slowdown = slowdown_between(then, then, 0.95, {.selection = 0.02});
  EXPECT_NEAR(slowdown.relative.low, std::expm1(-0.02), 1e-9);
  EXPECT_EQ(slowdown.relative.high, 0) << "a choice makes nothing look slower than it is";
}

TEST(Slowdown, ExpectsOfTheBestOfManyWhatTheMaximumOfNoiseIs) {
  EXPECT_EQ(selection_of(1, 30, 0.01), 0);
  std::mt19937_64 random(3);
  std::normal_distribution<double> normal;
  double sum = 0;
  for (int draw = 0; draw < 20000; ++draw) {
    double most = -10;
    for (int i = 0; i < 8; ++i) {
      most = std::max(most, normal(random));
    }
    sum += most / 20000;
  }
  EXPECT_NEAR(selection_of(8, 30, 1) / std::sqrt(std::acos(-1.0) / 2 / 30), sum, 0.03);
}

TEST(Slowdown, OfTimesInTheSameRoundsIsPaired) {
  std::vector<double> factors;
  factors.reserve(21);
  for (int i = 0; i < 21; ++i) {
    factors.push_back(1.02 + 1e-4 * (i - 10));
  }
  const Slowdown slowdown = slowdown_paired(factors, 0.99);
  EXPECT_NEAR(slowdown.relative.median, 0.02, 1e-12);
  EXPECT_TRUE(slowdown.reached);
  EXPECT_FALSE(slowdown_paired(std::vector<double>{1.02, 1.02, 1.02}, 0.99).reached);
}

// What the rule promises, tried out: rounds of skewed noise, 30 in the baseline, decided look by look.
struct Rates {
  double flagged = 0;
  double passed = 0;
};

Rates rates(double slowdown, double noise, double session_sd, const Allowance& allowance) {
  constexpr int kDraws = 2000;
  std::mt19937_64 random(11);
  std::normal_distribution<double> normal;
  const auto series = [&](size_t count, double level) {
    const double session = std::exp(session_sd * normal(random));
    std::vector<double> ratios(count);
    for (double& ratio : ratios) {
      ratio = level * session / (1 + noise * std::exp(normal(random)));
    }
    return ratios;
  };
  Rates rates;
  for (int draw = 0; draw < kDraws; ++draw) {
    const auto then = series(30, 0.95);
    const Decision decision = decide_over(then, series(160, 0.95 / (1 + slowdown)), {}, allowance);
    rates.flagged += decision.verdict == CheckVerdict::regression ? 1.0 / kDraws : 0;
    rates.passed += decision.verdict == CheckVerdict::pass ? 1.0 / kDraws : 0;
  }
  return rates;
}

TEST(Rule, FlagsLessThanOneInAHundredWhereNothingChanged) {
  for (const double noise : {0.001, 0.005, 0.02}) {
    EXPECT_LT(rates(0, noise, 0, {}).flagged, 0.01) << noise;
  }
  EXPECT_LT(rates(0, 0.003, 0.003, {.session_sd = 0.003}).flagged, 0.01);
}

TEST(Rule, PassesLessThanOneInAHundredThatAreSlowerByTheThreshold) {
  for (const double noise : {0.001, 0.005, 0.02}) {
    EXPECT_LT(rates(0.02, noise, 0, {}).passed, 0.01) << noise;
  }
  EXPECT_LT(rates(0.02, 0.003, 0.003, {.session_sd = 0.003}).passed, 0.01);
}

TEST(Rule, FindsMoreThanNinetyNineInAHundredThatAreSlowerByTheThreshold) {
  for (const double noise : {0.001, 0.003}) {
    EXPECT_GT(rates(0.02, noise, 0, {}).flagged, 0.99) << noise;
    EXPECT_GT(rates(0.02, noise, 0.0005, {.session_sd = 0.0005}).flagged, 0.99) << noise;
  }
}

TEST(Rule, PassesWhereNothingChangedOnAQuietMachine) {
  EXPECT_GT(rates(0, 0.003, 0.0005, {.session_sd = 0.0005}).passed, 0.99);
}

}  // namespace
}  // namespace scantune::gate
