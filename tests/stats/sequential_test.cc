#include "stats/sequential.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <stdexcept>

#include "stats/stats.h"

namespace scantune::stats {
namespace {

// Ratios about 0.8 whose range is `spread` wide, relative to 0.8; the middle one is 0.8.
std::vector<double> ratios(int count, double spread) {
  std::vector<double> values;
  values.reserve(static_cast<size_t>(count));
  for (int i = 0; i < count; ++i) {
    values.push_back(0.8 * (1 + spread * (static_cast<double>(i) / (count - 1) - 0.5)));
  }
  return values;
}

TEST(Looks, ShareTheErrorOfTheWholeInEqualParts) {
  EXPECT_DOUBLE_EQ(look_confidence({{7, 12, 20}}, 0.95), 1 - 0.05 / 3);
  EXPECT_DOUBLE_EQ(look_confidence({{30}}, 0.95), 0.95);
}

TEST(Looks, AreRefusedWhereTheFirstHasTooFewSamplesForItsConfidence) {
  EXPECT_NO_THROW(look_confidence({{6}}, 0.95));  // 6 samples reach 96.9%
  EXPECT_THROW(look_confidence({{5}}, 0.95), std::invalid_argument);
  EXPECT_NO_THROW(look_confidence({{7, 12, 20}}, 0.95));  // 7 samples reach 98.4%, and 98.3% is needed
  EXPECT_THROW(look_confidence({{6, 12, 20}}, 0.95), std::invalid_argument);
  EXPECT_THROW(look_confidence({{7, 10, 14, 20}}, 0.95), std::invalid_argument);
  EXPECT_NO_THROW(look_confidence({{8, 11, 14, 20}}, 0.95));
}

TEST(Looks, AreRefusedWhereTheyDoNotRise) {
  EXPECT_THROW(look_confidence({{}}, 0.95), std::invalid_argument);
  EXPECT_THROW(look_confidence({{12, 12}}, 0.95), std::invalid_argument);
  EXPECT_THROW(look_confidence({{20, 12}}, 0.95), std::invalid_argument);
  EXPECT_THROW(look_confidence({{-1, 12}}, 0.95), std::invalid_argument);
  EXPECT_THROW(look_confidence({{7, 12}}, 1.0), std::invalid_argument);
}

TEST(Looks, AreAtTheirCountsAlone) {
  const Looks looks{{7, 12, 20}};
  EXPECT_TRUE(is_look(looks, 12));
  EXPECT_FALSE(is_look(looks, 11));
  EXPECT_FALSE(is_look(looks, 21));
}

TEST(SequentialInterval, IsWiderThanThatOfASizeFixedInAdvance) {
  const std::vector<double> samples = ratios(12, 0.11);  // 0.8 * (1 + 0.01 * (i - 5.5))
  const Interval fixed = median_interval(samples, 0.95);
  const Interval sequential = sequential_interval(samples, {{7, 12, 20}}, 0.95);
  EXPECT_EQ(fixed.low, samples[2]);
  EXPECT_EQ(sequential.low, samples[1]);
  EXPECT_EQ(sequential.high, samples[10]);
}

TEST(Judge, StopsAtALookWhoseIntervalIsTight) {
  EXPECT_EQ(judge(ratios(7, 0.0099), {}), Verdict::tight);  // of 7 samples the interval is the range
  EXPECT_EQ(judge(ratios(7, 0.0101), {}), Verdict::go_on);
  EXPECT_EQ(judge(ratios(12, 0.011), {}), Verdict::tight);  // 10 of 11 steps wide, less one at either end
  EXPECT_EQ(judge(ratios(20, 0.0099), {}), Verdict::tight);
}

TEST(Judge, DecidesNothingBetweenLooks) {
  for (const int count : {2, 3, 6, 8, 11, 13, 19}) {
    EXPECT_EQ(judge(ratios(count, 0), {}), Verdict::go_on) << count;
  }
  EXPECT_EQ(judge(std::vector<double>{1.0}, {}), Verdict::go_on);
}

TEST(Judge, IsExhaustedAtTheLastLook) {
  EXPECT_EQ(judge(ratios(19, 0.5), {}), Verdict::go_on);
  EXPECT_EQ(judge(ratios(20, 0.5), {}), Verdict::exhausted);
  EXPECT_EQ(judge(ratios(21, 0.5), {}), Verdict::exhausted);
}

TEST(Judge, DropsWhatIsNoWinnerAlsoBetweenLooks) {
  const Interval leader{1, 0.99, 1.01};
  EXPECT_EQ(judge(ratios(2, 0.1), {}, leader), Verdict::go_on);
  EXPECT_EQ(judge(ratios(3, 0.1), {}, leader), Verdict::no_winner);
  EXPECT_EQ(judge(ratios(8, 0.1), {}, leader), Verdict::no_winner);
  EXPECT_EQ(judge(ratios(8, 0.1), {}, Interval{0.82, 0.81, 0.83}), Verdict::go_on);
}

TEST(Judge, KeepsTheIntervalOfASlowVariantThatIsTightAlready) {
  EXPECT_EQ(judge(ratios(7, 0.001), {}, Interval{1, 0.99, 1.01}), Verdict::tight);
}

TEST(Judge, RefusesWhatItCannotDecideOn) {
  StoppingRule rule;
  EXPECT_THROW(judge(std::vector<double>{}, rule), std::invalid_argument);
  EXPECT_THROW(judge(std::vector<double>{1, -1}, rule), std::invalid_argument);
  EXPECT_THROW(judge(std::vector<double>{1, std::nan("")}, rule), std::invalid_argument);
  rule.half_width = 0;
  EXPECT_THROW(judge(ratios(7, 0), rule), std::invalid_argument);
  rule = {};
  rule.looks.at = {3, 7};
  EXPECT_THROW(judge(ratios(7, 0), rule), std::invalid_argument);
}

}  // namespace
}  // namespace scantune::stats
