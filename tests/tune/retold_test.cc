// A journal tells the outcome that its run had.
#include "tune/retold.h"

#include <gmock/gmock.h>

#include "fixture.h"

namespace scantune {
namespace {

// The catalog's names, so that it is known which is the baseline.
class RetoldTest : public TuneTest {
 protected:
  void SetUp() override {
    carry.name = "cpu_row_carry";
    passes.name = "cpu_two_pass";
    passes.baseline = true;
    for (const int64_t tile : {0, 2, 40, 300}) {
      add(carry, tile);
    }
    add(passes, 500);
    options.metrics = {"dram"};
    options.seed = 7;
  }

  Kernel carry;
  Kernel passes;
};

void expect_same_standings(const Outcome& told, const Outcome& outcome) {
  ASSERT_EQ(told.ranking.size(), outcome.ranking.size());
  for (size_t i = 0; i < told.ranking.size(); ++i) {
    const auto variant = [&](const Outcome& of) {
      return to_string(of.records[static_cast<size_t>(of.ranking[i].record)].variant);
    };
    EXPECT_EQ(variant(told), variant(outcome)) << i;
    EXPECT_EQ(told.ranking[i].phase, outcome.ranking[i].phase) << i;
    EXPECT_EQ(told.ranking[i].time_ns, outcome.ranking[i].time_ns) << i;
    EXPECT_EQ(told.ranking[i].ratio_to_copy, outcome.ranking[i].ratio_to_copy) << i;
  }
}

TEST_F(RetoldTest, IsTheOutcomeOfTheRun) {
  const Outcome outcome = run().value();
  const Outcome told = retold(journal).value();
  EXPECT_EQ(winner_of(told), winner_of(outcome));
  EXPECT_EQ(told.equivalents.size(), outcome.equivalents.size());
  ASSERT_TRUE(told.baseline);
  EXPECT_EQ(told.records[static_cast<size_t>(*told.baseline)].variant.kernel, "cpu_two_pass");
  EXPECT_EQ(told.copy_time_ns, outcome.copy_time_ns);
  EXPECT_EQ(told.rounds.size(), outcome.rounds.size());
  EXPECT_EQ(told.workload, outcome.workload);
  EXPECT_EQ(told.protocol, outcome.protocol);
  EXPECT_EQ(told.seed, 7U);
  EXPECT_EQ(told.stopped, StopReason::complete);
  EXPECT_EQ(told.spent, outcome.spent);
  EXPECT_TRUE(record_of(told, "cpu_row_carry tile=0").profile);
  EXPECT_EQ(record_of(told, "cpu_row_carry tile=2").verified, true);
  expect_same_standings(told, outcome);
}

TEST_F(RetoldTest, KeepsTheWinnerThatTheRunSettledOn) {
  options.incumbent = Variant{"cpu_row_carry", {{"tile", int64_t{2}}}};  // as fast but for noise: it stays
  const Outcome outcome = run().value();
  ASSERT_TRUE(outcome.incumbent_stayed);
  EXPECT_EQ(winner_of(retold(journal).value()), "cpu_row_carry tile=2");
}

TEST_F(RetoldTest, LeavesAFinalThatWasCutShortToTheScreen) {
  (void)run().value();
  std::erase_if(journal, [](const JournalEvent& event) { return std::holds_alternative<RunEnded>(event.what); });
  const Outcome told = retold(journal).value();
  EXPECT_EQ(told.stopped, StopReason::interrupted);
  ASSERT_TRUE(told.winner);
  EXPECT_EQ(told.ranking.front().phase, Phase::screen);
}

TEST_F(RetoldTest, TakesAVariantAsItWasLastBuilt) {
  (void)run().value();
  TrialVerified rebuilt{{candidates[0].variant, "a later build"}, {}, 4096};
  journal.push_back({journal.front().context, rebuilt});
  const Outcome told = retold(journal).value();
  EXPECT_EQ(told.records.size(), candidates.size());
  EXPECT_EQ(record_of(told, "cpu_row_carry tile=0").bytes_in_flight_per_sm, 4096);
  EXPECT_NE(winner_of(told), "cpu_row_carry tile=0") << "its times are of the build before";
}

TEST_F(RetoldTest, NeedsTheStartOfARun) {
  EXPECT_FALSE(retold({}));
  (void)run().value();
  journal.erase(journal.begin());
  EXPECT_FALSE(retold(journal));
}

}  // namespace
}  // namespace scantune
