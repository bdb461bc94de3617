// The estimators beside SciPy's, on samples and values that scipy_values.py wrote.
#include <gtest/gtest.h>

#include "scipy_values.h"
#include "stats/rank.h"
#include "stats/stats.h"

namespace scantune::stats {
namespace {

constexpr double kRelative = 1e-9;

TEST(MedianInterval, IsThatOfSciPysQuantileTest) {
  for (const scipy::MedianCase& expected : scipy::kMedianCases) {
    SCOPED_TRACE(expected.name);
    const Interval interval = median_interval(expected.samples, expected.confidence);
    EXPECT_NEAR(interval.median, expected.median, 1e-9);
    EXPECT_EQ(interval.low, expected.low);
    EXPECT_EQ(interval.high, expected.high);
    EXPECT_NEAR(median_interval_coverage(expected.samples.size(), expected.confidence), expected.coverage, 1e-9);
  }
}

TEST(MannWhitney, IsThatOfSciPy) {
  for (const scipy::MannWhitneyCase& expected : scipy::kMannWhitneyCases) {
    SCOPED_TRACE(expected.name);
    const MannWhitney test = mann_whitney(expected.x, expected.y);
    EXPECT_EQ(test.exact, expected.exact);
    EXPECT_NEAR(test.u, expected.u, 1e-9);
    EXPECT_NEAR(test.p_two_sided, expected.p_two_sided, kRelative * expected.p_two_sided);
    EXPECT_NEAR(test.p_less, expected.p_less, kRelative * expected.p_less);
    EXPECT_NEAR(test.p_greater, expected.p_greater, kRelative * expected.p_greater);
  }
}

TEST(ChangePoint, IsWhereSciPysMannWhitneyStatisticOfTheTwoPartsIsLargest) {
  for (const scipy::ChangePointCase& expected : scipy::kChangePointCases) {
    SCOPED_TRACE(expected.name);
    const ChangePoint change = change_point(expected.samples);
    EXPECT_EQ(change.at, expected.at);
    EXPECT_NEAR(change.k, expected.k, 1e-9);
    EXPECT_NEAR(change.p, expected.p, kRelative * expected.p);
  }
}

}  // namespace
}  // namespace scantune::stats
