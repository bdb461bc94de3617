// The measurement protocol, as the loop keeps it.
#include <gmock/gmock.h>

#include "fixture.h"

namespace scantune {
namespace {

using testing::Each;
using testing::HasSubstr;

class ProtocolTest : public TuneTest {
 protected:
  static int rounds_of(const Outcome& outcome, Phase phase, const std::string& variant) {
    return static_cast<int>(std::ranges::count_if(outcome.rounds, [&](const Round& round) {
      return round.phase == phase && std::ranges::any_of(round.samples, [&](const Sample& s) {
               return s.subject != kCopy &&
                      to_string(outcome.records[static_cast<size_t>(s.subject)].variant) == variant;
             });
    }));
  }

  // Alternates between `spread` above and below the time it would take.
  void shake(const std::string& variant, double spread) {
    plan.time_ns = [this, variant, spread, old = plan.time_ns](const Variant& v) {
      const double sign = ++shaken_ % 2 == 0 ? 1 : -1;
      return old(v) * (to_string(v) == variant ? 1 + sign * spread : 1);
    };
  }

 private:
  int shaken_ = 0;
};

TEST_F(ProtocolTest, DropsWhatIsCertainlySlower) {
  add(fast, 0);
  add(fast, 200);
  const Outcome outcome = run().value();
  EXPECT_EQ(rounds_of(outcome, Phase::screen, "fast tile=0"), options.protocol.screen_looks[0]);
  EXPECT_LT(rounds_of(outcome, Phase::screen, "fast tile=200"), options.protocol.screen_looks[0]);
}

TEST_F(ProtocolTest, SamplesAreTakenUntilTheIntervalIsTight) {
  add(fast, 0);
  add(fast, 1);
  shake("fast tile=1", 0.02);
  const Outcome outcome = run().value();
  EXPECT_EQ(rounds_of(outcome, Phase::screen, "fast tile=0"), 7);
  EXPECT_EQ(rounds_of(outcome, Phase::screen, "fast tile=1"), 20);
}

TEST_F(ProtocolTest, TheFinalHasItsSizeWhateverComesOut) {
  add(fast, 0);
  add(fast, 1);
  EXPECT_EQ(rounds_of(run().value(), Phase::final, "fast tile=0"), 30);
  shake("fast tile=1", 0.02);
  EXPECT_EQ(rounds_of(run().value(), Phase::final, "fast tile=1"), 30);
}

TEST_F(ProtocolTest, ADisturbedRoundIsDiscardedAndSaid) {
  add(fast, 0);
  plan.slowdown = [](int round) { return round == 12 ? 1.3 : 1.0; };
  const Outcome outcome = run().value();
  EXPECT_EQ(outcome.discarded_rounds, 1);
  EXPECT_THAT(outcome.disturbance, HasSubstr("its copies took 1.30 us to 1.30 us, those before it 1.00 us"));
  EXPECT_EQ(rounds_of(outcome, Phase::final, "fast tile=0"), 30);  // taken again
  for (const Round& round : outcome.rounds) {
    EXPECT_LT(round.samples[0].time_ns, 1100);
  }
  const auto discarded = std::ranges::count_if(journal, [](const JournalEvent& event) {
    const auto* taken = std::get_if<RoundTaken>(&event.what);
    return taken != nullptr && !taken->discarded.empty();
  });
  EXPECT_EQ(discarded, 1);
}

TEST_F(ProtocolTest, WhatTheDeviceSaysOfItsClocksDiscardsARound) {
  add(fast, 0);
  plan.disturbance = [](int round) { return round == 10 ? "it is too hot" : ""; };
  const Outcome outcome = run().value();
  EXPECT_EQ(outcome.discarded_rounds, 1);
  EXPECT_EQ(outcome.disturbance, "it is too hot");
}

TEST_F(ProtocolTest, OnAMachineThatIsAlwaysNoisyMostRoundsAreKept) {
  add(fast, 0);
  plan.disturbance = [](int) { return "noise"; };
  const Outcome outcome = run().value();
  const auto kept = static_cast<int>(outcome.rounds.size());
  EXPECT_GE(kept, 37);
  EXPECT_LE(outcome.discarded_rounds, kept / 3 + 1);
  EXPECT_GT(outcome.discarded_rounds, 0);
}

TEST_F(ProtocolTest, ShortRunsOnAGpuAreTimedManyAtATime) {
  add(fast, 0);
  plan.backend = Backend::cuda;
  plan.copy_ns = 2000;
  const Outcome outcome = run().value();
  EXPECT_EQ(log.specs.front().runs, 1);  // the warm-up, which finds out
  log.specs.erase(log.specs.begin());
  EXPECT_THAT(log.specs, Each(testing::Field(&RoundSpec::runs, 250)));
  EXPECT_THAT(outcome.rounds, Each(testing::Field(&Round::runs, 250)));
}

TEST_F(ProtocolTest, LongRunsOnAGpuAreTimedOneByOne) {
  add(fast, 0);
  plan.backend = Backend::cuda;
  plan.copy_ns = 60'000;
  ASSERT_TRUE(run());
  EXPECT_THAT(log.specs, Each(testing::Field(&RoundSpec::runs, 1)));
}

TEST_F(ProtocolTest, TheStoredWinnerStaysWhereNothingIsFasterByMoreThanNoise) {
  for (const int64_t tile : {0, 3, 50}) {
    add(fast, tile);
  }
  options.incumbent = Variant{"fast", {{"tile", 3}}};
  const Outcome outcome = run().value();
  EXPECT_EQ(winner_of(outcome), "fast tile=3");
  EXPECT_TRUE(outcome.incumbent_stayed);
  EXPECT_EQ(outcome.ranking.front().record, outcome.winner);
  ASSERT_EQ(outcome.equivalents.size(), 1U);
  EXPECT_EQ(to_string(outcome.records.at(static_cast<size_t>(outcome.equivalents[0])).variant), "fast tile=0");
}

TEST_F(ProtocolTest, TheStoredWinnerGoesWhereSomethingIsFaster) {
  for (const int64_t tile : {0, 50}) {
    add(fast, tile);
  }
  options.incumbent = Variant{"fast", {{"tile", 50}}};
  const Outcome outcome = run().value();
  EXPECT_EQ(winner_of(outcome), "fast tile=0");
  EXPECT_FALSE(outcome.incumbent_stayed);
}

TEST_F(ProtocolTest, TheStoredWinnerIsInTheFinalWhateverTheScreenSaid) {
  for (int64_t tile = 0; tile < 12; ++tile) {
    add(fast, tile);
  }
  options.incumbent = Variant{"fast", {{"tile", 11}}};
  EXPECT_EQ(rounds_of(run().value(), Phase::final, "fast tile=11"), 30);
}

TEST_F(ProtocolTest, TheTimeSpentAddsUp) {
  add(fast, 0);
  const TimeSpent spent = run().value().spent;
  EXPECT_NEAR(spent.open_s + spent.verify_s + spent.measure_s + spent.profile_s + spent.idle_s, spent.total_s, 1e-9);
  EXPECT_LE(spent.ready_s, spent.total_s);
  EXPECT_GT(spent.ready_s, 0);
}

}  // namespace
}  // namespace scantune
