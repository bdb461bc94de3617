#include <gtest/gtest.h>

#include <cstdio>
#include <stdexcept>

#include "noise.h"
#include "stats/sequential.h"
#include "stats/stats.h"

namespace scantune::stats {
namespace {

Round copies(double a, double b) { return {Phase::screen, {{kCopy, a}, {0, 100}, {kCopy, b}}}; }

constexpr Interval kLeader = {1, 0.99, 1.01};

TEST(CertainlySlower, TakesEverySampleBelowTheLeadersLowEndLessTheMargin) {
  const Racing racing{3, 0.05};  // the bar lies at 0.9405
  EXPECT_TRUE(certainly_slower(std::vector<double>{0.5, 0.94, 0.93}, kLeader, racing));
  EXPECT_FALSE(certainly_slower(std::vector<double>{0.5, 0.941, 0.93}, kLeader, racing));
  EXPECT_FALSE(certainly_slower(std::vector<double>{0.1, 0.1, 0.1, 0.1, 0.1, 0.95}, kLeader, racing));
}

TEST(CertainlySlower, IsSaidOfNothingBeforeItsRounds) {
  EXPECT_FALSE(certainly_slower(std::vector<double>{0.1, 0.1}, kLeader, {3, 0.05}));
  EXPECT_TRUE(certainly_slower(std::vector<double>{0.1, 0.1}, kLeader, {2, 0.05}));
}

TEST(CertainlySlower, RefusesWhatIsNoRatioAndNoMargin) {
  const std::vector<double> ratios = {0.5, 0.5, 0.5};
  EXPECT_THROW(certainly_slower(std::vector<double>{0.5, 0, 0.5}, kLeader, {}), std::invalid_argument);
  EXPECT_THROW(certainly_slower(ratios, kLeader, {3, 1.01}), std::invalid_argument);
  EXPECT_THROW(certainly_slower(ratios, kLeader, {3, -0.01}), std::invalid_argument);
  EXPECT_THROW(certainly_slower(ratios, kLeader, {0, 0.05}), std::invalid_argument);
}

TEST(RacingMargin, AddsTheLargestDisagreementOfTheCopiesOfARound) {
  std::vector<Round> rounds(4, copies(100, 100));
  rounds.push_back(copies(100, 92));
  EXPECT_DOUBLE_EQ(racing_margin(rounds, 0.05), 0.05 + 0.08);
  rounds.push_back(copies(50, 50));  // a drift between rounds is none of its business
  EXPECT_DOUBLE_EQ(racing_margin(rounds, 0.05), 0.05 + 0.08);
}

TEST(RacingMargin, DropsNothingUntilFiveRoundsHaveShownTheNoise) {
  std::vector<Round> rounds(4, copies(100, 100));
  rounds.push_back({Phase::screen, {{kCopy, 100}, {0, 100}}});  // a single copy shows none
  EXPECT_EQ(racing_margin(rounds, 0.05), 1);
  EXPECT_FALSE(certainly_slower(std::vector<double>{1e-9, 1e-9, 1e-9}, kLeader, {3, racing_margin(rounds, 0.05)}));
  rounds.push_back(copies(100, 100));
  EXPECT_EQ(racing_margin(rounds, 0.05), 0.05);
}

TEST(RacingMargin, RefusesAMarginThatIsNoShare) {
  EXPECT_THROW(racing_margin(std::vector<Round>{}, -0.1), std::invalid_argument);
  EXPECT_THROW(racing_margin(std::vector<Round>{}, 1.1), std::invalid_argument);
}

// Speeds relative to the best; the first two are as good as each other.
const std::vector<double> kSpeeds = {1, 0.997, 0.99, 0.97, 0.95, 0.93, 0.9, 0.85, 0.8, 0.7, 0.6, 0.5};

std::vector<double> times_ns() {
  std::vector<double> times = kSpeeds;
  std::ranges::transform(times, times.begin(), [](double speed) { return 1000 / speed; });
  return times;
}

// What a screen knows of the noise when it starts.
enum class Before {
  nothing,       // the first batch of a run
  eight_rounds,  // a later one
  bare_margin,   // whatever there was: the margin is 5%
};

// The screen of one batch, by the rule that the tuner is to follow.
class Screen {
 public:
  Screen(const Noise& noise, Before before, Random& random)
      : machine_(noise, kRoundsBefore + StoppingRule().looks.at.back(), random), before_(before) {
    for (int i = 0; i < (before == Before::eight_rounds ? kRoundsBefore : 0); ++i) {
      rounds_.push_back(machine_.round(times_, sampled_));
    }
  }

  void run() {
    while (std::ranges::find(sampled_, true) != sampled_.end()) {
      take_round();
      decide();
    }
  }
  [[nodiscard]] size_t samples() const {
    size_t count = 0;
    for (const std::vector<double>& ratios : ratios_) {
      count += ratios.size();
    }
    return count;
  }
  [[nodiscard]] bool dropped(size_t variant) const { return verdicts_[variant] == Verdict::no_winner; }
  [[nodiscard]] Interval ratio(size_t variant) const {
    return sequential_interval(ratios_[variant], rule_.looks, rule_.confidence);
  }

 private:
  static constexpr int kRoundsBefore = 8;

  void take_round() {
    rounds_.push_back(machine_.round(times_, sampled_));
    for (const Sample& sample : rounds_.back().samples) {
      if (sample.subject != kCopy) {
        const auto variant = static_cast<size_t>(sample.subject);
        ratios_[variant].push_back(mean_copy_ns(rounds_.back()) / sample.time_ns);
        medians_[variant] = median(ratios_[variant]);
      }
    }
  }
  void decide() {
    const auto leader = static_cast<size_t>(std::ranges::max_element(medians_) - medians_.begin());
    const Interval leader_ratio = ratio(leader);
    if (before_ != Before::bare_margin) {
      rule_.racing.margin = racing_margin(rounds_, 0.05);
    }
    for (size_t i = 0; i < kSpeeds.size(); ++i) {
      if (sampled_[i]) {
        verdicts_[i] = judge(ratios_[i], rule_, leader_ratio);
        sampled_[i] = verdicts_[i] == Verdict::go_on;
      }
    }
  }

  Machine machine_;
  Before before_;
  StoppingRule rule_;
  std::vector<double> times_ = times_ns();
  std::vector<Round> rounds_;
  std::vector<std::vector<double>> ratios_ = std::vector<std::vector<double>>(kSpeeds.size());
  std::vector<double> medians_ = std::vector<double>(kSpeeds.size());
  std::vector<Verdict> verdicts_ = std::vector<Verdict>(kSpeeds.size(), Verdict::go_on);
  std::vector<bool> sampled_ = std::vector<bool>(kSpeeds.size(), true);
};

constexpr int kRaces = 3000;

struct Races {
  int wrong = 0;        // that dropped the best variant or the one within 0.5% of it
  double samples = 0;   // of variants, a race
  double coverage = 0;  // of the intervals that are quoted, which are those of the variants that were not dropped
};

Races race(const Noise& noise, Before before) {
  const double factor = median_ratio_factor(noise);
  Random random(21);
  Races races;
  int quoted = 0;
  int hits = 0;
  for (int draw = 0; draw < kRaces; ++draw) {
    Screen screen(noise, before, random);
    screen.run();
    races.wrong += screen.dropped(0) || screen.dropped(1) ? 1 : 0;
    races.samples += static_cast<double>(screen.samples()) / kRaces;
    for (size_t i = 0; i < kSpeeds.size(); ++i) {
      if (!screen.dropped(i)) {
        const Interval ratio = screen.ratio(i);
        ++quoted;
        hits += ratio.low <= factor * kSpeeds[i] && factor * kSpeeds[i] <= ratio.high ? 1 : 0;
      }
    }
  }
  races.coverage = static_cast<double>(hits) / quoted;
  std::printf("%s: a good variant was dropped in %d of %d races; %.0f of 240 samples; %.4f of the intervals hold\n",
              noise.name.c_str(), races.wrong, kRaces, races.samples, races.coverage);
  return races;
}

class Racers : public testing::TestWithParam<Noise> {};

TEST_P(Racers, AreDroppedInLessThanOneOfAThousandRacesWhereTheyAreGood) {
  for (const Before before : {Before::nothing, Before::eight_rounds}) {
    const Races races = race(GetParam(), before);
    RecordProperty(before == Before::nothing ? "wrong_in_first_batch" : "wrong_in_later_batch", races.wrong);
    EXPECT_LT(races.wrong, kRaces / 1000);
    EXPECT_GE(races.coverage, 0.94);
  }
}

INSTANTIATE_TEST_SUITE_P(Noise, Racers,
                         testing::Values(Noise{"Skewed", skewed(0.003)}, Noise{"VerySkewed", skewed(0.02)},
                                         Noise{"Wild", skewed(0.1)}, Noise{"Bimodal", bimodal(0.08, 0.3)},
                                         Noise{"EvenlyBimodal", bimodal(0.15, 0.5)},
                                         Noise{"OwnStatesOfTheVariant", skewed(0.003), no_drift(), bimodal(0.2, 0.05)},
                                         Noise{"LinearDrift", skewed(0.002), linear_drift(0.3)},
                                         Noise{"StepDrift", skewed(0.003), step_drift(0.25)}),
                         [](const auto& info) { return info.param.name; });

TEST(Race, SparesMoreThanHalfOfTheSamplesWhereTheMachineIsQuiet) {
  EXPECT_LT(race({"Quiet", skewed(0.001)}, Before::eight_rounds).samples, 120);
}

TEST(Race, DropsGoodVariantsWhereTheMarginDoesNotKnowTheNoise) {
  EXPECT_GT(race({"WildWithABareMargin", skewed(0.1)}, Before::bare_margin).wrong, kRaces / 1000);
}

}  // namespace
}  // namespace scantune::stats
