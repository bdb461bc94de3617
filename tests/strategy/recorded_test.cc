// Every strategy on spaces that were measured in full on an H200 (results/h200-sweeps.jsonl.zst).
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <set>
#include <string>

#include "recorded_space.h"

namespace scantune {
namespace {

class RecordedSpaces : public testing::Test {
 protected:
  void SetUp() override {
    if (!std::filesystem::exists(SCANTUNE_SWEEPS)) {
      GTEST_SKIP() << "zstd is missing, which unpacks results/h200-sweeps.jsonl.zst";
    }
    recording = replay::Recording::open(SCANTUNE_SWEEPS).value();
  }

  [[nodiscard]] std::vector<RecordedSpace> all() const {
    std::vector<RecordedSpace> spaces;
    for (const Workload& workload : recording->workloads()) {
      spaces.push_back(recorded_space(workload, recording->info().chip, **recording->find(workload)));
    }
    return spaces;
  }
  [[nodiscard]] RecordedSpace first() const {
    const Workload workload = recording->workloads().front();
    return recorded_space(workload, recording->info().chip, **recording->find(workload));
  }

  std::shared_ptr<replay::Recording> recording;
};

std::vector<std::string> spelled(const std::vector<Variant>& variants) {
  std::vector<std::string> all;
  all.reserve(variants.size());
  for (const Variant& variant : variants) {
    all.push_back(to_string(variant));
  }
  return all;
}

TEST_F(RecordedSpaces, TheDefaultIsNearTheBestAfterATenthOfTheVariants) {
  const auto spaces = all();
  ASSERT_GE(spaces.size(), 9U);
  for (const RecordedSpace& recorded : spaces) {
    const auto strategy = automatic(recorded.space);
    const Search done = search(recorded, *strategy, 24);
    const std::string what = to_string(recorded.space.workload);
    EXPECT_GT(done.until, 0U) << what << ": the best it found is " << done.found << " of the best";
    EXPECT_LE(done.until * 10, recorded.ratio.size()) << what;
    EXPECT_LT(done.measured.size() * 5, recorded.ratio.size() * 3) << what << ": it ends early";
  }
}

TEST_F(RecordedSpaces, NoVariantIsAskedForTwice) {
  const RecordedSpace recorded = first();
  for (const StrategyKind kind : kAllStrategies) {
    const auto strategy = make_strategy(kind, recorded.space, 1);
    const auto asked = spelled(search(recorded, *strategy, 5).measured);
    EXPECT_EQ(std::set(asked.begin(), asked.end()).size(), asked.size()) << name(kind);
  }
}

TEST_F(RecordedSpaces, TheSameSeedAsksTheSame) {
  const RecordedSpace recorded = first();
  for (const StrategyKind kind : kAllStrategies) {
    const auto asked = [&](uint64_t seed) {
      return search(recorded, *make_strategy(kind, recorded.space, seed), 5).measured;
    };
    EXPECT_EQ(asked(7), asked(7)) << name(kind);
    const bool seeded = kind == StrategyKind::random || kind == StrategyKind::local;
    EXPECT_EQ(asked(7) != asked(8), seeded) << name(kind);
  }
}

// Cut short after any number of variants, then told what is known, as from a journal: in any order.
TEST_F(RecordedSpaces, ASearchThatWasCutShortGoesOnWhereItEnded) {
  const RecordedSpace recorded = first();
  const Knowledge index(variants_of(recorded.space));
  for (const StrategyKind kind :
       {StrategyKind::automatic, StrategyKind::exhaustive, StrategyKind::random, StrategyKind::local}) {
    const Search whole = search(recorded, *make_strategy(kind, recorded.space, 3), 1);
    for (const size_t cut : {size_t{1}, whole.measured.size() / 2, whole.measured.size()}) {
      const auto resumed = make_strategy(kind, recorded.space, 3);
      for (size_t i = cut; i-- > 0;) {
        const double ratio = recorded.ratio[index.find(whole.measured[i]).value()];
        resumed->tell({whole.measured[i], Measured{Phase::screen, {}, {ratio, ratio, ratio}}});
      }
      const std::vector<Variant> rest(whole.measured.begin() + static_cast<std::ptrdiff_t>(cut), whole.measured.end());
      EXPECT_EQ(spelled(search(recorded, *resumed, 1).measured), spelled(rest)) << name(kind) << " after " << cut;
    }
  }
}

TEST_F(RecordedSpaces, WhatFailsIsNotAskedForAgainAndDoesNotEndTheSearch) {
  RecordedSpace recorded = first();
  const auto best = std::ranges::max_element(recorded.ratio);
  *best = 0;
  for (const StrategyKind kind : kAllStrategies) {
    const Search done = search(recorded, *make_strategy(kind, recorded.space, 1), 24);
    EXPECT_GT(done.found, 0.95) << name(kind);
  }
}

}  // namespace
}  // namespace scantune
