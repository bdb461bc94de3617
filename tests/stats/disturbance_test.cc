#include "stats/disturbance.h"

#include <gtest/gtest.h>

#include <cstdio>
#include <deque>
#include <stdexcept>

#include "noise.h"
#include "stats/stats.h"

namespace scantune::stats {
namespace {

const std::vector<double> kQuiet = {100, 101, 99};

TEST(Disturbed, IsARoundWhoseCopiesDiffer) {
  EXPECT_FALSE(disturbed(std::vector<double>{100, 109.9}, {}));
  EXPECT_TRUE(disturbed(std::vector<double>{100, 110.1}, {}));
  EXPECT_TRUE(disturbed(std::vector<double>{110.1, 100}, {}));
  EXPECT_FALSE(disturbed(std::vector<double>{100, 110.1}, {}, 0.2));
}

TEST(Disturbed, IsARoundThatIsSlowerOrFasterThanTheRecentOnes) {
  EXPECT_TRUE(disturbed(std::vector<double>{110, 111}, kQuiet));
  EXPECT_TRUE(disturbed(std::vector<double>{90, 90}, kQuiet));
  EXPECT_FALSE(disturbed(std::vector<double>{109, 110}, kQuiet));
  EXPECT_FALSE(disturbed(std::vector<double>{91, 92}, kQuiet));
}

TEST(Disturbed, ComparesWithTheMedianSoThatOneBadRoundAmongTheRecentDoesNotCount) {
  EXPECT_FALSE(disturbed(std::vector<double>{100, 101}, std::vector<double>{100, 300, 101}));
}

TEST(Disturbed, ComparesWithNothingUntilThreeRoundsWereTaken) {
  EXPECT_FALSE(disturbed(std::vector<double>{150, 150}, std::vector<double>{100, 100}));
  EXPECT_TRUE(disturbed(std::vector<double>{150, 150}, std::vector<double>{100, 100, 100}));
}

TEST(Disturbed, RefusesARoundWithoutCopiesAndTimesThatAreNone) {
  EXPECT_THROW(disturbed({}, kQuiet), std::invalid_argument);
  EXPECT_THROW(disturbed(std::vector<double>{100, 0}, kQuiet), std::invalid_argument);
  EXPECT_THROW(disturbed(std::vector<double>{100}, std::vector<double>{-1}), std::invalid_argument);
  EXPECT_THROW(disturbed(std::vector<double>{100}, kQuiet, 0), std::invalid_argument);
}

// The rounds found disturbed in a run of `count`, of which those from `begin` to `end` are throttled by `factor`.
std::vector<bool> found(const Jitter& jitter, int count, int begin, int end, double factor, Random& random) {
  std::vector<bool> found;
  std::deque<double> recent;
  for (int i = 0; i < count; ++i) {
    const double level = begin <= i && i < end ? 1000 * factor : 1000;
    const std::vector<double> copies = {level * jitter(random), level * jitter(random)};
    found.push_back(disturbed(copies, std::vector<double>(recent.begin(), recent.end())));
    recent.push_back((copies[0] + copies[1]) / 2);
    if (recent.size() > 9) {
      recent.pop_front();
    }
  }
  return found;
}

TEST(Disturbed, IsHardlyARoundOfAQuietMachineAndFewOfANoisyOne) {
  const auto false_discards = [](const Noise& noise) {
    Random random(51);
    int64_t discards = 0;
    for (int draw = 0; draw < 2000; ++draw) {
      const std::vector<bool> rounds = found(noise.jitter, 30, 0, 0, 1, random);
      discards += std::ranges::count(rounds, true);
    }
    const double rate = static_cast<double>(discards) / (2000 * 30);
    std::printf("%s: %.5f of the rounds are thrown out for nothing\n", noise.name.c_str(), rate);
    return rate;
  };
  // The tail is heavy: of samples with a scale of 0.3%, 1 in 4,000 is late by 10%. They are rightly thrown out.
  EXPECT_LT(false_discards({"Skewed 0.3%", skewed(0.003)}), 0.001);
  EXPECT_LT(false_discards({"Bimodal 4%", bimodal(0.04, 0.3)}), 0.001);
  EXPECT_LT(false_discards({"Skewed 1%", skewed(0.01)}), 0.02);
}

TEST(Disturbed, AreAllRoundsOfAThrottledStretchAndHardlyAnyOther) {
  Random random(52);
  int missed = 0;
  int others = 0;
  for (int draw = 0; draw < 2000; ++draw) {
    const int begin = 9 + draw % 12;
    const std::vector<bool> rounds = found(skewed(0.003), 30, begin, begin + 4, 1.15, random);
    for (int i = 0; i < 30; ++i) {
      const bool throttled = begin <= i && i < begin + 4;
      missed += throttled && !rounds[static_cast<size_t>(i)] ? 1 : 0;
      others += !throttled && rounds[static_cast<size_t>(i)] ? 1 : 0;
    }
  }
  std::printf("4 rounds throttled by 15%%: %d of 8000 missed, %d of 52000 others thrown out\n", missed, others);
  EXPECT_EQ(missed, 0);
  EXPECT_LT(others, 52);
}

TEST(Disturbed, AreFiveRoundsAfterAChangeThatStays) {
  Random random(53);
  for (int draw = 0; draw < 2000; ++draw) {
    const std::vector<bool> rounds = found(skewed(0.0005), 30, 15, 30, 1.15, random);
    ASSERT_EQ(std::ranges::count(rounds, true), 5);
    ASSERT_TRUE(rounds[15] && rounds[19]);
  }
}

}  // namespace
}  // namespace scantune::stats
