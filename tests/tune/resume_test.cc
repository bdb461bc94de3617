// What is kept in the journal, and what a run makes of what another has left there.
#include <gmock/gmock.h>

#include "fixture.h"

namespace scantune {
namespace {

using testing::Contains;
using testing::Each;
using testing::IsEmpty;
using testing::Not;
using testing::StartsWith;

class ResumeTest : public TuneTest {
 protected:
  void SetUp() override {
    for (const int64_t tile : {0, 2, 40, 300}) {
      add(fast, tile);
    }
    add(base, 500);
    options.metrics = {"dram"};
    provenance.time = "the first day";
  }

  // Runs with the first `count` events of `before` as history; `journal` is then what this run added.
  Outcome resume(const std::vector<JournalEvent>& before, size_t count) {
    options.history.events.assign(before.begin(), before.begin() + static_cast<std::ptrdiff_t>(count));
    log = {};
    journal.clear();
    provenance.time = "the second day";
    return run().value();
  }

  template <class What>
  [[nodiscard]] static size_t count(const std::vector<JournalEvent>& events) {
    return static_cast<size_t>(std::ranges::count_if(
        events, [](const JournalEvent& event) { return std::holds_alternative<What>(event.what); }));
  }
};

TEST_F(ResumeTest, EveryEventIsKeptBeforeTheNextThingIsDone) {
  options.keep = [this](const JournalEvent& event) -> Expected<void> {
    journal.push_back(event);
    log.steps.push_back("keep " + std::to_string(event.what.index()));
    return {};
  };
  const Outcome outcome = run().value();
  EXPECT_TRUE(std::holds_alternative<RunBegan>(journal.front().what));
  EXPECT_TRUE(std::holds_alternative<RunEnded>(journal.back().what));
  EXPECT_EQ(std::get<RunEnded>(journal.back().what).winner, "fast tile=0");
  EXPECT_EQ(count<TrialCompiled>(journal), 5U);
  EXPECT_EQ(count<TrialVerified>(journal), 5U);
  EXPECT_EQ(count<TrialScreened>(journal), 5U);
  EXPECT_EQ(count<RoundTaken>(journal), outcome.rounds.size());
  EXPECT_EQ(count<TrialProfiled>(journal), 5U);
  // Between two rounds lies the keeping of the first.
  const std::string round_kept = "keep " + std::to_string(JournalEvent{"", RoundTaken{}}.what.index());
  size_t timed = 0;
  size_t kept = 0;
  for (const std::string& step : log.steps) {
    timed += step == "round fast tile=0" ? 1U : 0U;
    kept += step == round_kept ? 1U : 0U;
    EXPECT_LE(timed, kept + 1);
  }
  const std::string context = journal.front().context;
  EXPECT_EQ(context.size(), 32U);
  EXPECT_THAT(journal, Each(testing::Field(&JournalEvent::context, context)));
}

TEST_F(ResumeTest, ACompleteJournalIsTheAnswerWithoutADevice) {
  const Outcome first = run().value();
  const std::vector<JournalEvent> all = journal;
  const Outcome second = resume(all, all.size());
  EXPECT_THAT(log.steps, IsEmpty());
  EXPECT_THAT(journal, IsEmpty());
  EXPECT_EQ(second.winner, first.winner);
  EXPECT_EQ(second.rounds, first.rounds);
  EXPECT_EQ(second.ranking.size(), first.ranking.size());
  EXPECT_EQ(second.records.front().profile, first.records.front().profile);
  EXPECT_EQ(second.baseline, first.baseline);
  EXPECT_TRUE(second.resumed);
  EXPECT_FALSE(first.resumed);
  EXPECT_EQ(second.provenance.time, "the first day");
}

TEST_F(ResumeTest, AfterADeathAtAnyMomentNothingIsMeasuredTwiceAndTheWinnerIsTheSame) {
  const Outcome first = run().value();
  const std::vector<JournalEvent> all = journal;
  for (size_t kept = 0; kept <= all.size(); ++kept) {
    const Outcome second = resume(all, kept);
    EXPECT_EQ(winner_of(second), winner_of(first)) << kept;
    EXPECT_EQ(second.stopped, StopReason::complete);
    const auto died = all.begin() + static_cast<std::ptrdiff_t>(kept);
    const auto before = std::count_if(
        all.begin(), died, [](const JournalEvent& event) { return std::holds_alternative<RoundTaken>(event.what); });
    EXPECT_TRUE(std::equal(first.rounds.begin(), first.rounds.begin() + before, second.rounds.begin())) << kept;
    EXPECT_EQ(count<RoundTaken>(journal) + static_cast<size_t>(before), second.rounds.size()) << kept;
    EXPECT_EQ(std::ranges::count(second.rounds, Phase::final, &Round::phase), 30) << kept;
  }
}

// What a search does next may depend on what it tried last.
TEST_F(ResumeTest, TellsWhatIsKnownInTheOrderInWhichItBecameKnown) {
  plan.fail_in_round = {{"fast tile=2", FailureKind::launch}};
  ASSERT_TRUE(run());
  std::vector<std::string> settled;
  for (const JournalEvent& event : journal) {
    if (const auto* screened = std::get_if<TrialScreened>(&event.what)) {
      settled.push_back(to_string(screened->trial.variant));
    } else if (const auto* failed = std::get_if<TrialFailed>(&event.what)) {
      settled.push_back(to_string(failed->trial.variant));
    }
  }
  ASSERT_EQ(settled.size(), 5U);
  ASSERT_FALSE(std::ranges::is_sorted(settled));
  observer.events.clear();
  const std::vector<JournalEvent> all = journal;
  resume(all, all.size());
  std::vector<std::string> told;
  for (const Event& event : observer.events) {
    const auto* measured = std::get_if<Measured>(&event.what);
    if (std::holds_alternative<Failure>(event.what) || (measured != nullptr && measured->phase == Phase::screen)) {
      told.push_back(to_string(event.variant));
    }
  }
  EXPECT_EQ(told, settled);
}

TEST_F(ResumeTest, AChangedBuildIsMeasuredAnew) {
  ASSERT_TRUE(run());
  const std::vector<JournalEvent> all = journal;
  plan.edition = "second ";
  const Outcome second = resume(all, all.size());
  EXPECT_FALSE(second.resumed);
  EXPECT_EQ(count<TrialScreened>(journal), 5U);
  EXPECT_EQ(second.provenance.time, "the second day");
}

TEST_F(ResumeTest, AVariantThatIsNewIsAllThatIsScreened) {
  ASSERT_TRUE(run());
  const std::vector<JournalEvent> all = journal;
  add(fast, 1);
  const Outcome second = resume(all, all.size());
  EXPECT_EQ(count<TrialScreened>(journal), 1U);
  EXPECT_THAT(log.steps, Contains("round fast tile=1"));
  EXPECT_EQ(winner_of(second), "fast tile=0");
}

TEST_F(ResumeTest, WhatFailedIsNotTriedAgainUnlessAsked) {
  plan.fail_in_round = {{"fast tile=40", FailureKind::crash}};
  plan.wrong_results = {"fast tile=300"};
  ASSERT_TRUE(run());
  const std::vector<JournalEvent> all = journal;
  plan.fail_in_round.clear();
  plan.wrong_results.clear();
  const Outcome second = resume(all, all.size());
  EXPECT_THAT(log.steps, Not(Contains("load fast tile=40")));
  EXPECT_EQ(record_of(second, "fast tile=40").failure->kind, FailureKind::crash);
  EXPECT_EQ(record_of(second, "fast tile=300").failure->kind, FailureKind::wrong_result);
  options.history.retry_failed = true;
  const Outcome third = resume(all, all.size());
  EXPECT_FALSE(record_of(third, "fast tile=40").failure);
  EXPECT_FALSE(record_of(third, "fast tile=300").failure);
}

TEST_F(ResumeTest, ALostDeviceIsNotTheVariantsFault) {
  plan.fail_in_round = {{"fast tile=0", FailureKind::device}};
  ASSERT_EQ(run().value().stopped, StopReason::device_lost);
  const std::vector<JournalEvent> all = journal;
  plan.fail_in_round.clear();
  EXPECT_EQ(winner_of(resume(all, all.size())), "fast tile=0");
}

TEST_F(ResumeTest, OtherCountersAreReadFromWhatIsLoadedAgain) {
  ASSERT_TRUE(run());
  const std::vector<JournalEvent> all = journal;
  options.metrics = {"l2"};
  const Outcome second = resume(all, all.size());
  EXPECT_THAT(log.steps, Not(Contains(StartsWith("round "))));
  EXPECT_EQ(value_of(second.records.front().profile->launches.at(0), "l2"), 42);
}

TEST_F(ResumeTest, ARunThatCannotKeepWhatItMeasuresEnds) {
  options.keep = [this](const JournalEvent& event) -> Expected<void> {
    if (std::holds_alternative<RoundTaken>(event.what) && journal.size() > 15) {
      return fail(ErrorKind::environment, "journal.jsonl: no space left");
    }
    journal.push_back(event);
    return {};
  };
  const Outcome outcome = run().value();
  EXPECT_EQ(outcome.stopped, StopReason::not_kept);
  EXPECT_EQ(outcome.stop_detail, "journal.jsonl: no space left");
}

TEST_F(ResumeTest, AFreshRunSaysSo) {
  options.fresh = true;
  ASSERT_TRUE(run());
  EXPECT_TRUE(std::get<RunBegan>(journal.front().what).fresh);
}

TEST(ContextDigest, ChangesWithWhatAResultDependsOn) {
  const Context context{.workload = {.shape = Shape{{64, 64}, 1}}, .chip = {}, .driver = "1", .protocol = {}};
  std::set<std::string> digests = {digest(context)};
  const auto differs = [&](const auto& change) {
    Context changed = context;
    change(changed);
    return digests.insert(digest(changed)).second;
  };
  EXPECT_TRUE(differs([](Context& c) { c.workload.shape.dim = 0; }));
  EXPECT_TRUE(differs([](Context& c) { c.workload.shape.extents = {64, 65}; }));
  EXPECT_TRUE(differs([](Context& c) { c.workload.dtype = DType::f64; }));
  EXPECT_TRUE(differs([](Context& c) { c.workload.accumulator = DType::f64; }));
  EXPECT_TRUE(differs([](Context& c) { c.workload.cache = CacheState::hot; }));
  EXPECT_TRUE(differs([](Context& c) { c.workload.deterministic = true; }));
  EXPECT_TRUE(differs([](Context& c) { c.chip.name = "another"; }));
  EXPECT_TRUE(differs([](Context& c) { c.driver = "2"; }));
  EXPECT_TRUE(differs([](Context& c) { c.protocol.final_rounds = 31; }));
  EXPECT_FALSE(differs([](Context& c) { c.workload.shape.dim = -1; }));  // the same geometry
  EXPECT_FALSE(differs([](Context& c) { c.workload.shape = Shape{{8, 8, 64}, 2}; }));
}

}  // namespace
}  // namespace scantune
