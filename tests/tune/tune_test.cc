#include "tune/tune.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <array>

#include "fixture.h"

namespace scantune {
namespace {

using testing::Contains;
using testing::HasSubstr;
using testing::Not;
using testing::StartsWith;
using testing::UnorderedElementsAre;

TEST_F(TuneTest, FindsTheFastestVariantAndTheBaselinesBest) {
  for (const int64_t tile : {300, 100, 200}) {
    add(fast, tile);
  }
  for (const int64_t tile : {600, 500}) {
    add(base, tile);
  }
  const Outcome outcome = run().value();
  EXPECT_EQ(winner_of(outcome), "fast tile=100");
  EXPECT_EQ(to_string(outcome.records.at(static_cast<size_t>(outcome.baseline.value())).variant), "base tile=500");
  EXPECT_EQ(outcome.stopped, StopReason::complete);
  const Standing& best = outcome.ranking.front();
  EXPECT_EQ(best.phase, Phase::final);
  EXPECT_DOUBLE_EQ(best.time_ns.median, 1100);
  EXPECT_DOUBLE_EQ(best.ratio_to_copy.median, 1000.0 / 1100);
  EXPECT_DOUBLE_EQ(outcome.copy_time_ns.median, 1000);
  EXPECT_TRUE(outcome.equivalents.empty());
}

TEST_F(TuneTest, VerifiesEveryVariantBeforeItIsTimed) {
  for (int64_t tile = 0; tile < 30; ++tile) {
    add(fast, tile);
  }
  ASSERT_TRUE(run());
  for (const Candidate& candidate : candidates) {
    const std::string name = to_string(candidate.variant);
    const auto verified = std::ranges::find(log.steps, "verify " + name);
    const auto timed = std::ranges::find(log.steps, "round " + name);
    ASSERT_NE(verified, log.steps.end()) << name;
    ASSERT_NE(timed, log.steps.end()) << name;
    EXPECT_LT(verified, timed) << name;
  }
}

TEST_F(TuneTest, InterleavesVariantsWithCopiesInAnOrderThatChanges) {
  for (int64_t tile = 0; tile < 6; ++tile) {
    add(fast, tile);
  }
  ASSERT_TRUE(run());
  const auto& first = log.orders.at(1);  // 0 is the warm-up
  EXPECT_EQ(first.size(), 6U + 2U);
  EXPECT_EQ(std::ranges::count(first, kCopy), 2);
  EXPECT_TRUE(std::ranges::any_of(log.orders, [&](const auto& order) { return order.size() == 8 && order != first; }));
}

TEST_F(TuneTest, MeasuresInRoundsOfBoundedSize) {
  for (int64_t tile = 0; tile < 40; ++tile) {
    add(fast, tile);
  }
  ASSERT_TRUE(run());
  for (const auto& order : log.orders) {
    EXPECT_LE(order.size(), 12U + 2U);
  }
}

TEST_F(TuneTest, AWrongResultIsNeverTimedAndNeverWins) {
  add(fast, 0);
  add(fast, 10);
  plan.wrong_results = {"fast tile=0"};
  const Outcome outcome = run().value();
  EXPECT_EQ(winner_of(outcome), "fast tile=10");
  EXPECT_EQ(record_of(outcome, "fast tile=0").failure->kind, FailureKind::wrong_result);
  EXPECT_THAT(log.steps, Not(Contains("round fast tile=0")));
  EXPECT_THAT(log.steps, Contains("unload fast tile=0"));
}

TEST_F(TuneTest, AVariantThatDoesNotCompileCostsOnlyItself) {
  add(fast, 0);
  add(fast, 10);
  plan.do_not_compile = {"fast tile=0"};
  const Outcome outcome = run().value();
  EXPECT_EQ(winner_of(outcome), "fast tile=10");
  EXPECT_EQ(record_of(outcome, "fast tile=0").failure->kind, FailureKind::compile);
  EXPECT_FALSE(record_of(outcome, "fast tile=0").compiled);
}

TEST_F(TuneTest, AVariantThatFailsInARoundLeavesItsNeighboursMeasured) {
  for (int64_t tile = 0; tile < 5; ++tile) {
    add(fast, tile);
  }
  plan.fail_in_round = {{"fast tile=0", FailureKind::launch}};
  const Outcome outcome = run().value();
  EXPECT_EQ(winner_of(outcome), "fast tile=1");
  EXPECT_EQ(outcome.ranking.size(), 4U);
  EXPECT_EQ(record_of(outcome, "fast tile=0").failure->kind, FailureKind::launch);
  EXPECT_EQ(outcome.stopped, StopReason::complete);
}

TEST_F(TuneTest, ALostDeviceEndsTheRunWithWhatIsKnown) {
  for (int64_t tile = 0; tile < 12; ++tile) {
    add(fast, tile);
  }
  add(fast, 100);
  plan.fail_in_round = {{"fast tile=100", FailureKind::device}};
  const Outcome outcome = run().value();
  EXPECT_EQ(outcome.stopped, StopReason::device_lost);
  EXPECT_THAT(outcome.stop_detail, StartsWith("fast tile=100"));
  // Both batches were compiled by two threads, so which twelve came first is open; that they were
  // kept is not.
  if (outcome.winner) {
    EXPECT_EQ(outcome.ranking.front().phase, Phase::screen);
  }
  EXPECT_EQ(record_of(outcome, "fast tile=100").failure->kind, FailureKind::device);
}

TEST_F(TuneTest, ALossInTheFinalKeepsTheScreensWinner) {
  add(fast, 1);
  add(fast, 2);
  plan.lose_copy_after_rounds = 1 + 7 + 3;  // warm-up, screen to its first look, three rounds of the final
  const Outcome outcome = run().value();
  EXPECT_EQ(outcome.stopped, StopReason::device_lost);
  EXPECT_THAT(outcome.stop_detail, HasSubstr("fallen off the bus"));
  EXPECT_EQ(winner_of(outcome), "fast tile=1");
  EXPECT_EQ(outcome.ranking.front().phase, Phase::screen);
  EXPECT_EQ(outcome.rounds.size(), 10U);  // nothing measured is dropped
  EXPECT_THAT(log.steps, Not(Contains(StartsWith("profile"))));
}

TEST_F(TuneTest, AnInterruptKeepsWhatWasMeasured) {
  add(fast, 1);
  add(fast, 2);
  plan.stop_after_rounds = 4;
  const Outcome outcome = run().value();
  EXPECT_EQ(outcome.stopped, StopReason::interrupted);
  EXPECT_EQ(winner_of(outcome), "fast tile=1");
  EXPECT_EQ(outcome.rounds.size(), 3U);
}

TEST_F(TuneTest, AnInterruptBeforeTheFirstRoundHasNoWinner) {
  add(fast, 1);
  plan.stop.request_stop();
  const Outcome outcome = run().value();
  EXPECT_EQ(outcome.stopped, StopReason::interrupted);
  EXPECT_FALSE(outcome.winner);
}

TEST_F(TuneTest, AnExactTieGoesToFewerRegistersThenToTheName) {
  plan.time_ns = [](const Variant&) { return 1000.0; };
  for (const int64_t tile : {1, 2, 3}) {
    add(fast, tile);
  }
  plan.registers = {{"fast tile=1", 64}, {"fast tile=2", 40}, {"fast tile=3", 40}};
  const Outcome outcome = run().value();
  EXPECT_EQ(winner_of(outcome), "fast tile=2");
  EXPECT_EQ(outcome.equivalents.size(), 2U);
}

TEST_F(TuneTest, ListsWhatCannotBeToldApartFromTheWinner) {
  plan.time_ns = [](const Variant& v) {
    return 1000.0 * std::array{1.0, 1.004, 1.02}.at(static_cast<size_t>(v.number("tile")));
  };
  for (const int64_t tile : {0, 1, 2}) {
    add(fast, tile);
  }
  const Outcome outcome = run().value();
  ASSERT_EQ(outcome.equivalents.size(), 1U);
  EXPECT_EQ(to_string(outcome.records.at(static_cast<size_t>(outcome.equivalents[0])).variant), "fast tile=1");
}

TEST_F(TuneTest, DriftHitsAllAlike) {
  plan.slowdown = [](int round) { return 1 + 0.02 * round; };
  add(fast, 250);
  const Outcome outcome = run().value();
  EXPECT_NEAR(outcome.ranking.front().ratio_to_copy.median, 0.8, 1e-9);
  EXPECT_NEAR(outcome.ranking.front().ratio_to_copy.relative_half_width(), 0, 1e-9);
}

TEST_F(TuneTest, RuledOutVariantsAreRecordedAndNotCompiled) {
  add(fast, 1);
  add(fast, 2, "a tile fits the registers");
  const Outcome outcome = run().value();
  const Record record = record_of(outcome, "fast tile=2");
  EXPECT_EQ(record.failure->kind, FailureKind::constraint);
  EXPECT_EQ(record.failure->what, "a tile fits the registers");
  EXPECT_THAT(log.steps, Not(Contains("load fast tile=2")));
}

TEST_F(TuneTest, ABudgetOfTrialsIsKept) {
  for (int64_t tile = 0; tile < 40; ++tile) {
    add(fast, tile);
  }
  options.budget.trials = 7;
  const Outcome outcome = run().value();
  EXPECT_EQ(outcome.ranking.size(), 7U);
  EXPECT_EQ(outcome.stopped, StopReason::budget);
  EXPECT_TRUE(outcome.winner);
}

TEST_F(TuneTest, FailuresDoNotUseUpTheTrials) {
  for (int64_t tile = 0; tile < 10; ++tile) {
    add(fast, tile);
  }
  options.budget.trials = 4;
  plan.do_not_compile = {"fast tile=0", "fast tile=1", "fast tile=2"};
  EXPECT_EQ(run().value().ranking.size(), 4U);
}

TEST_F(TuneTest, ABudgetThatCoversEverythingIsNoEarlyStop) {
  add(fast, 1);
  add(fast, 2);
  options.budget.trials = 2;
  EXPECT_EQ(run().value().stopped, StopReason::complete);
}

// What is not timed passes too: a CPU's caches are emptied before every sample.
TEST_F(TuneTest, TheFinalIsAsLongAsItsRoundsTakeAndNotAsTheirRunsDo) {
  for (const int64_t tile : {0, 1, 2}) {
    add(fast, tile);
  }
  plan.preparation = std::chrono::milliseconds(2);
  options.protocol.final_time_s = 0.05;
  options.protocol.final_min_rounds = 2;
  const Outcome outcome = run().value();
  const auto finals = std::ranges::count(outcome.rounds, Phase::final, &Round::phase);
  EXPECT_GE(finals, 2);
  EXPECT_LE(finals, 5) << "three variants and two copies are 10 ms a round";
}

TEST_F(TuneTest, ABudgetOfNoTimeMeasuresNothing) {
  add(fast, 1);
  options.budget.seconds = 0;
  const Outcome outcome = run().value();
  EXPECT_EQ(outcome.stopped, StopReason::budget);
  EXPECT_FALSE(outcome.winner);
}

TEST_F(TuneTest, ProfilesTheBestFiveAndTheBaselinesBest) {
  for (int64_t tile = 0; tile < 9; ++tile) {
    add(fast, tile);
  }
  add(base, 900);
  options.metrics = {"dram"};
  const Outcome outcome = run().value();
  std::vector<std::string> profiled;
  for (const std::string& step : log.steps) {
    if (step.starts_with("profile ")) {
      profiled.push_back(step.substr(8));
    }
  }
  EXPECT_THAT(profiled, UnorderedElementsAre("fast tile=0", "fast tile=1", "fast tile=2", "fast tile=3", "fast tile=4",
                                             "base tile=900"));
  EXPECT_EQ(value_of(record_of(outcome, "base tile=900").profile->launches.at(0), "dram"), 42);
}

TEST_F(TuneTest, CountersThatCannotBeReadDoNotEndTheRun) {
  add(fast, 1);
  options.metrics = {"dram"};
  plan.metric_reason = "counters are for administrators";
  const Outcome outcome = run().value();
  EXPECT_EQ(outcome.stopped, StopReason::complete);
  const MetricValue& metric = outcome.records.at(0).profile->launches.at(0).metrics.at(0);
  EXPECT_FALSE(metric.value);
  EXPECT_EQ(metric.reason, "counters are for administrators");
}

TEST_F(TuneTest, NoVariantThatWorksIsAnOutcomeWithoutAWinner) {
  add(fast, 1);
  plan.wrong_results = {"fast tile=1"};
  const Outcome outcome = run().value();
  EXPECT_FALSE(outcome.winner);
  EXPECT_TRUE(outcome.ranking.empty());
  EXPECT_EQ(outcome.stopped, StopReason::complete);
}

TEST_F(TuneTest, AWorkloadThatDoesNotFitIsRefusedWithAShapeThatDoes) {
  add(fast, 1);
  plan.free_bytes = 20000;
  const auto outcome = run();
  ASSERT_FALSE(outcome);
  EXPECT_EQ(outcome.error().kind, ErrorKind::environment);
  EXPECT_THAT(outcome.error().message, HasSubstr("--shape 32x64"));
  EXPECT_THAT(outcome.error().message, HasSubstr("32.00 KiB"));
}

TEST_F(TuneTest, TellsWhatHappenedInOrder) {
  add(fast, 1);
  options.metrics = {"dram"};
  ASSERT_TRUE(run());
  std::vector<size_t> kinds;
  for (const Event& event : observer.events) {
    kinds.push_back(event.what.index());
  }
  // compiled, verified, measured (screen), measured (final), profiled
  EXPECT_EQ(kinds, (std::vector<size_t>{0, 1, 2, 2, 3}));
  EXPECT_THAT(observer.stages, Contains(Progress::Stage::measure));
}

TEST_F(TuneTest, FillsInProvenance) {
  add(fast, 1);
  provenance.tool_version = "9.9.9";
  const Outcome outcome = run().value();
  EXPECT_EQ(outcome.provenance.tool_version, "9.9.9");
  EXPECT_EQ(outcome.provenance.device, "fake:0");
  EXPECT_EQ(outcome.provenance.protocol, digest(options.protocol));
  EXPECT_EQ(outcome.provenance.source, source_digest(fast));
}

}  // namespace
}  // namespace scantune
