#include "stats/rank.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <functional>
#include <stdexcept>

#include "noise.h"

namespace scantune::stats {
namespace {

TEST(MannWhitney, CountsThePairsInWhichTheFirstIsLarger) {
  EXPECT_EQ(mann_whitney(std::vector<double>{3, 5}, std::vector<double>{1, 4, 6}).u, 1 + 2);
  EXPECT_EQ(mann_whitney(std::vector<double>{3, 5}, std::vector<double>{3, 5}).u, 0.5 + 1.5);
}

TEST(MannWhitney, OfSamplesWhollyApartIsOneOrderOfAll) {
  const MannWhitney test = mann_whitney(std::vector<double>{1, 2, 3}, std::vector<double>{4, 5, 6, 7});
  EXPECT_TRUE(test.exact);
  EXPECT_NEAR(test.p_less, 1.0 / 35, 1e-15);  // 7 choose 3
  EXPECT_NEAR(test.p_two_sided, 2.0 / 35, 1e-15);
  EXPECT_NEAR(test.p_greater, 1, 1e-15);
}

TEST(MannWhitney, RefusesAnEmptySeriesAndWhatIsNoNumber) {
  const std::vector<double> one = {1};
  EXPECT_THROW(mann_whitney(one, std::vector<double>{}), std::invalid_argument);
  EXPECT_THROW(mann_whitney(std::vector<double>{}, one), std::invalid_argument);
  EXPECT_THROW(mann_whitney(one, std::vector<double>{std::nan("")}), std::invalid_argument);
}

// How often p <= 5% over 2,000 draws in which nothing is to be found, and at how many something is.
template <class Test>
int rejections(Test test) {
  Random random(41);
  int count = 0;
  for (int draw = 0; draw < 2000; ++draw) {
    count += test(random) <= 0.05 ? 1 : 0;
  }
  return count;
}

std::vector<double> series(const Jitter& jitter, int count, Random& random, double factor = 1) {
  std::vector<double> values(static_cast<size_t>(count));
  for (double& value : values) {
    value = factor * jitter(random);
  }
  return values;
}

// 5% of 2,000 draws are 100, and 130 lie three standard deviations above that.
constexpr int kMostFalse = 130;

TEST(MannWhitney, FindsNothingInTheSameSkewedNoiseAsOftenAsItSays) {
  for (const int count : {8, 60}) {  // exact, approximate
    const int found = rejections([&](Random& random) {
      return mann_whitney(series(skewed(0.02), count, random), series(skewed(0.02), count, random)).p_two_sided;
    });
    std::printf("Mann-Whitney, %d and %d samples: %d false alarms in 2000\n", count, count, found);
    EXPECT_LE(found, kMostFalse);
    EXPECT_GE(found, 40);
  }
}

TEST(ChangePoint, IsTheFirstSampleOfTheNewLevel) {
  const std::vector<double> copies = {100, 101, 99, 100, 102, 98, 101, 115, 116, 114, 117, 115, 113};
  const ChangePoint change = change_point(copies);
  EXPECT_EQ(change.at, 7U);
  EXPECT_EQ(change.k, 7 * 6);
  EXPECT_LT(change.p, 0.05);
}

TEST(ChangePoint, IsFoundAlikeInBothDirections) {
  const std::vector<double> up = {1, 2, 1.5, 1.2, 5, 6, 5.5, 7, 6.5};
  std::vector<double> down = up;
  std::ranges::transform(down, down.begin(), std::negate<>());
  EXPECT_EQ(change_point(up).at, 4U);
  EXPECT_EQ(change_point(down).at, 4U);
  EXPECT_EQ(change_point(down).p, change_point(up).p);
}

TEST(ChangePoint, OfALevelSeriesIsAtItsEnd) {
  const ChangePoint change = change_point(std::vector<double>(8, 3.0));
  EXPECT_EQ(change.at, 8U);
  EXPECT_EQ(change.k, 0);
  EXPECT_EQ(change.p, 1);
}

TEST(ChangePoint, NeedsElevenSamplesToBeSure) {
  const auto sharpest = [](int before, int after) {
    std::vector<double> values(static_cast<size_t>(before), 1.0);
    values.insert(values.end(), static_cast<size_t>(after), 2.0);
    return change_point(values).p;
  };
  EXPECT_GT(sharpest(5, 5), 0.05);
  EXPECT_LT(sharpest(6, 5), 0.05);
}

TEST(ChangePoint, RefusesAnEmptySeriesAndWhatIsNoNumber) {
  EXPECT_THROW(change_point(std::vector<double>{}), std::invalid_argument);
  EXPECT_THROW(change_point(std::vector<double>{1, std::nan("")}), std::invalid_argument);
}

TEST(ChangePoint, IsSeldomSeenInNoiseAloneAndAlwaysInAPlantedShift) {
  const Jitter jitter = bimodal(0.02, 0.2);
  const int found = rejections([&](Random& random) { return change_point(series(jitter, 40, random)).p; });
  std::printf("Pettitt, 40 samples: %d false alarms in 2000\n", found);
  EXPECT_LE(found, kMostFalse);
  int far_off = 0;
  const int planted = rejections([&](Random& random) {
    std::vector<double> values = series(jitter, 25, random);
    const std::vector<double> after = series(jitter, 15, random, 1.03);
    values.insert(values.end(), after.begin(), after.end());
    const ChangePoint change = change_point(values);
    far_off += change.at < 23 || change.at > 27 ? 1 : 0;
    return change.p;
  });
  std::printf("Pettitt, a shift of 3%% after 25 of 40: found in %d of 2000, %d off by more than 2\n", planted, far_off);
  EXPECT_EQ(planted, 2000);
  EXPECT_LT(far_off, 100);
}

TEST(Shift, IsTheMedianOfAllDifferences) {
  EXPECT_EQ(shift_interval(std::vector<double>{1}, std::vector<double>{4}, 0.9).by.median, 3);
  EXPECT_EQ(shift_interval(std::vector<double>{1}, std::vector<double>{4, 6}, 0.9).by.median, 4);
  EXPECT_EQ(shift_interval(std::vector<double>{1, 2}, std::vector<double>{4, 8}, 0.9).by.median, 4.5);  // 2 3 6 7
  EXPECT_EQ(shift_interval(std::vector<double>{1, 2, 9}, std::vector<double>{4, 8, 3}, 0.9).by.median, 2);
}

// Agrees with R's wilcox.test(y, x, conf.int = TRUE, conf.level = 0.95): the differences of ranks k and mn + 1 - k,
// with k the largest that P(U < k) <= 2.5% allows: 3 for 5 and 5 samples (P(U < 3) = 4/252).
TEST(Shift, HasTheIntervalThatTheTestDoesNotReject) {
  const std::vector<double> x = {1, 2, 3, 4, 5};
  const std::vector<double> y = {11.1, 12.2, 13.3, 14.4, 15.5};
  std::vector<double> differences;
  for (const double before : x) {
    for (const double after : y) {
      differences.push_back(after - before);
    }
  }
  std::ranges::sort(differences);
  const Shift shift = shift_interval(x, y, 0.95);
  EXPECT_EQ(shift.by.low, differences[2]);
  EXPECT_EQ(shift.by.high, differences[22]);
  EXPECT_EQ(shift.by.median, differences[12]);
  EXPECT_TRUE(shift.reached);
}

TEST(Shift, OfTooFewSamplesIsTheWidestThereIs) {
  const Shift shift = shift_interval(std::vector<double>{1, 2}, std::vector<double>{4, 8}, 0.95);
  EXPECT_FALSE(shift.reached);
  EXPECT_EQ(shift.by.low, 2);
  EXPECT_EQ(shift.by.high, 7);
}

TEST(Shift, RefusesAnEmptySeriesAndWhatIsNoNumber) {
  const std::vector<double> one = {1};
  EXPECT_THROW(shift_interval(one, std::vector<double>{}, 0.9), std::invalid_argument);
  EXPECT_THROW(shift_interval(std::vector<double>{std::nan("")}, one, 0.9), std::invalid_argument);
  EXPECT_THROW(shift_interval(one, one, 1), std::invalid_argument);
}

TEST(Shift, HoldsTheTruthAsOftenAsItSays) {
  for (const int count : {9, 40}) {  // exact, approximate
    Random random(43);
    int held = 0;
    for (int draw = 0; draw < 2000; ++draw) {
      const Interval by =
          shift_interval(series(skewed(0.02), count, random), series(skewed(0.02), 30, random), 0.95).by;
      held += by.low <= 0 && 0 <= by.high ? 1 : 0;
    }
    EXPECT_GE(held, 2000 * 0.94) << count;
  }
}

}  // namespace
}  // namespace scantune::stats
