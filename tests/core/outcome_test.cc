#include "core/outcome.h"

#include <gmock/gmock.h>

#include <optional>

#include "core/metric.h"

namespace scantune {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

Variant variant(int i) { return {"k", {{"tile", i}}}; }

Standing standing(int record, Phase phase, double time_ns) {
  return {record, phase, {time_ns, time_ns - 1, time_ns + 1}, {1000 / time_ns, 0.9, 1.1}};
}

// Six variants screened in one round; 4, 1 and 3 met in a final of two rounds. 5 is the
// baseline's best, and 0 failed.
Outcome example() {
  Outcome outcome;
  for (int i = 0; i < 6; ++i) {
    Record& record = outcome.records.emplace_back();
    record.variant = variant(i);
    record.resources.emplace_back().registers_per_thread = 10 + i;
    record.bytes_in_flight_per_sm = 1000 + i;
    record.source_digest = "digest of " + std::to_string(i);
  }
  outcome.records[0].failure = Failure{FailureKind::wrong_result, "element 3 is 7, not 8"};
  outcome.records[4].profile = Profile{{{"entry", {{"m", "m", 1.5, "%", ""}}}}};
  outcome.rounds = {
      {Phase::screen, {{kCopy, 900}, {1, 1010}, {2, 1500}, {3, 1030}, {4, 1001}, {5, 1600}, {kCopy, 901}}},
      {Phase::final, {{kCopy, 902}, {4, 1000}, {1, 1011}, {3, 1031}, {5, 1601}}},
      {Phase::final, {{3, 1032}, {5, 1602}, {kCopy, 903}, {1, 1012}, {4, 1002}}},
  };
  outcome.ranking = {standing(4, Phase::final, 1001), standing(1, Phase::final, 1011), standing(3, Phase::final, 1031),
                     standing(5, Phase::final, 1601), standing(2, Phase::screen, 1500)};
  outcome.winner = 4;
  outcome.equivalents = {1};
  outcome.baseline = 5;
  outcome.copy_time_ns = {902, 901, 903};
  outcome.seed = 7;
  return outcome;
}

std::vector<std::string> spelled(const BestEntry& entry) {
  std::vector<std::string> names;
  for (const Contender& contender : entry.contenders) {
    names.push_back(to_string(contender.variant));
  }
  return names;
}

TEST(BestEntry, HoldsTheFinalistsBestFirstAndTheBaseline) {
  const BestEntry entry = best_entry(example());
  EXPECT_THAT(spelled(entry), ElementsAre("k tile=4", "k tile=1", "k tile=3", "k tile=5"));
  EXPECT_THAT(entry.equivalents, ElementsAre(1));
  EXPECT_EQ(entry.baseline, 3);
  EXPECT_EQ(entry.seed, 7U);
  EXPECT_EQ(entry.copy_time_ns, (Interval{902, 901, 903}));
}

TEST(BestEntry, CopiesWhatIsKnownOfEachContender) {
  const Outcome outcome = example();
  const BestEntry entry = best_entry(outcome);
  const Contender& winner = entry.contenders[0];
  EXPECT_EQ(winner.time_ns, outcome.ranking[0].time_ns);
  EXPECT_EQ(winner.ratio_to_copy, outcome.ranking[0].ratio_to_copy);
  EXPECT_EQ(winner.resources, outcome.records[4].resources);
  EXPECT_EQ(winner.bytes_in_flight_per_sm, 1004);
  EXPECT_EQ(winner.profile, outcome.records[4].profile);
  EXPECT_EQ(winner.source_digest, "digest of 4");
  EXPECT_EQ(entry.contenders[1].profile, std::nullopt);
}

TEST(BestEntry, KeepsTheFinalsSamplesInTheOrderTakenWithSubjectsRenumbered) {
  const BestEntry entry = best_entry(example());
  EXPECT_THAT(entry.rounds,
              ElementsAre(Round{Phase::final, {{kCopy, 902}, {0, 1000}, {1, 1011}, {2, 1031}, {3, 1601}}},
                          Round{Phase::final, {{2, 1032}, {3, 1602}, {kCopy, 903}, {1, 1012}, {0, 1002}}}));
}

TEST(BestEntry, IsMadeOfTheScreenWhereThereWasNoFinal) {
  Outcome outcome = example();
  outcome.rounds.resize(1);
  outcome.ranking = {standing(4, Phase::screen, 1001), standing(1, Phase::screen, 1010),
                     standing(5, Phase::screen, 1600)};
  const BestEntry entry = best_entry(outcome);
  EXPECT_THAT(spelled(entry), ElementsAre("k tile=4", "k tile=1", "k tile=5"));
  EXPECT_THAT(entry.rounds,
              ElementsAre(Round{Phase::screen, {{kCopy, 900}, {1, 1010}, {0, 1001}, {2, 1600}, {kCopy, 901}}}));
}

TEST(BestEntry, KeepsTheSamplesOfABaselineThatMissedTheFinal) {
  Outcome outcome = example();
  for (Round& round : outcome.rounds) {
    if (round.phase == Phase::final) {
      std::erase_if(round.samples, [](const Sample& sample) { return sample.subject == 5; });
    }
  }
  outcome.ranking[3].phase = Phase::screen;
  const BestEntry entry = best_entry(outcome);
  EXPECT_EQ(entry.baseline, 3);
  ASSERT_EQ(entry.rounds.size(), 3U);
  // Of the screen, only the samples that the baseline's time comes from: the others have a final.
  EXPECT_EQ(entry.rounds[0], (Round{Phase::screen, {{kCopy, 900}, {3, 1600}, {kCopy, 901}}}));
}

TEST(BestEntry, ABaselineThatWonIsTheWinner) {
  Outcome outcome = example();
  outcome.baseline = 4;
  const BestEntry entry = best_entry(outcome);
  EXPECT_EQ(entry.baseline, 0);
  EXPECT_EQ(entry.contenders.size(), 4U);
}

TEST(BestEntry, ABaselineAmongTheFinalistsIsRankedButNotCounted) {
  Outcome outcome = example();
  outcome.protocol.final_variants = 3;
  outcome.baseline = 1;
  outcome.ranking[3].phase = Phase::final;
  const BestEntry entry = best_entry(outcome);
  EXPECT_THAT(spelled(entry), ElementsAre("k tile=4", "k tile=1", "k tile=3", "k tile=5"));
  EXPECT_EQ(entry.baseline, 1);
}

TEST(BestEntry, NeedsNoBaselineAndNoEquivalents) {
  Outcome outcome = example();
  outcome.baseline = std::nullopt;
  outcome.equivalents = {};
  const BestEntry entry = best_entry(outcome);
  EXPECT_EQ(entry.baseline, std::nullopt);
  EXPECT_THAT(entry.equivalents, IsEmpty());
}

TEST(BestEntry, HoldsNoMoreThanAFinalOfVariantsAndItsBaseline) {
  Outcome outcome;
  for (int i = 0; i < 40; ++i) {
    outcome.records.emplace_back();
    outcome.records.back().variant = variant(i);
    outcome.ranking.push_back(standing(i, Phase::screen, 1000.0 + i));
    outcome.rounds.push_back({Phase::screen, {{kCopy, 900}, {i, 1000.0 + i}}});
  }
  outcome.winner = 0;
  outcome.baseline = 39;
  outcome.equivalents = {1, 30};
  const BestEntry entry = best_entry(outcome);
  const auto limit = static_cast<size_t>(outcome.protocol.final_variants);
  EXPECT_EQ(entry.contenders.size(), limit + 1);
  EXPECT_EQ(entry.contenders.back().variant, variant(39));
  EXPECT_EQ(entry.rounds.size(), limit + 1);
  EXPECT_THAT(entry.equivalents, ElementsAre(1));
}

TEST(Standing, IsFoundByRecord) {
  const Outcome outcome = example();
  EXPECT_EQ(standing_of(outcome, 3)->time_ns.median, 1031);
  EXPECT_EQ(standing_of(outcome, 0), nullptr);
}

TEST(Profile, AMetricIsFoundByTheNameItWasAskedForBy) {
  const LaunchProfile launch{"entry", {{"old", "new", 2.5, "%", ""}, {"gone", "gone", std::nullopt, "", "why"}}};
  EXPECT_EQ(value_of(launch, "old"), 2.5);
  EXPECT_EQ(value_of(launch, "new"), std::nullopt);
  EXPECT_EQ(value_of(launch, "gone"), std::nullopt);
}

TEST(Names, OfEnumeratorsAreDistinctWords) {
  EXPECT_EQ(name(Phase::screen), "screen");
  EXPECT_EQ(name(Phase::final), "final");
  EXPECT_EQ(name(StopReason::device_lost), "device_lost");
  EXPECT_EQ(name(FailureKind::out_of_memory), "out_of_memory");
}

}  // namespace
}  // namespace scantune
