// A check from baseline to verdict, on the fake device.
#include "gate/check.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <random>

#include "../tune/fake_device.h"
#include "catalog/catalog.h"
#include "gate/retune.h"
#include "wire/best_json.h"

namespace scantune::gate {
namespace {

using testing::HasSubstr;

constexpr double kCopyNs = 1e6;
constexpr double kThenNs = 1.05e6;

// A baseline of 30 rounds, and a device on which the variant takes as long as it is told.
class CheckTest : public testing::Test {
 protected:
  CheckTest() {
    plan.copy_ns = kCopyNs;
    plan.multiprocessors = 4;
    plan.time_ns = [this](const Variant& /*variant*/) { return kThenNs * (1 + slowdown) * jitter(); };
    FakeDevice device(plan, log);
    entry.workload = {.shape = *make_shape({64, 4096}, 1)};
    entry.chip = device.info().chip;
    const auto all = candidates(entry.workload, entry.chip, {.kernels = {"cpu_row_carry"}, .settings = {}});
    const auto admitted = std::ranges::find_if(*all, [](const Candidate& c) { return c.broken.empty(); });
    Contender winner;
    winner.variant = admitted->variant;
    winner.source_digest = source_digest(*admitted->kernel);
    winner.time_ns = {kThenNs, kThenNs, kThenNs};
    winner.ratio_to_copy = {kCopyNs / kThenNs, kCopyNs / kThenNs, kCopyNs / kThenNs};
    entry.contenders = {winner};
    entry.copy_time_ns = {kCopyNs, kCopyNs, kCopyNs};
    record_baseline();
    options.noise = Spread{.round_sd = 0.001, .session_sd = 0.001};
  }

  // 30 rounds with the noise there is now.
  void record_baseline() {
    entry.rounds.clear();
    for (int i = 0; i < 30; ++i) {
      entry.rounds.push_back({Phase::final, {{kCopy, kCopyNs}, {0, kThenNs * jitter()}, {kCopy, kCopyNs}}});
    }
  }

  double jitter() { return 1 + noise * std::exp(normal(random)); }

  EntryCheck check(const std::optional<Old>& old = std::nullopt) {
    FakeDevice device(plan, log);
    FakeCompiler compiler(plan);
    return check_entry(device, compiler, entry, old, options, plan.stop.get_token());
  }

  [[nodiscard]] std::string variant() const { return to_string(entry.contenders.front().variant); }

  double slowdown = 0;
  double noise = 0.001;
  std::mt19937_64 random{7};
  std::normal_distribution<double> normal;
  FakePlan plan;
  FakeLog log;
  BestEntry entry;
  CheckOptions options;
};

TEST_F(CheckTest, PassesWhereNothingChanged) {
  const EntryCheck result = check();
  EXPECT_EQ(result.verdict, CheckVerdict::pass) << result.why;
  EXPECT_EQ(result.rounds_now, 10) << "the first look is enough on a quiet machine";
  EXPECT_NEAR(result.slowdown.median, 0, 0.002);
  EXPECT_EQ(result.rounds_then, 30);
  EXPECT_TRUE(result.changes.empty());
}

TEST_F(CheckTest, FindsASlowdownOfTheThresholdsSize) {
  slowdown = 0.02;
  const EntryCheck result = check();
  EXPECT_EQ(result.verdict, CheckVerdict::regression) << result.why;
  EXPECT_NEAR(result.slowdown.median, 0.02, 0.002);
}

TEST_F(CheckTest, PassesAFasterKernelAndAClockThatIsAnother) {
  slowdown = -0.3;
  EXPECT_EQ(check().verdict, CheckVerdict::pass);
  slowdown = 0;
  plan.slowdown = [](int /*round*/) { return 1.4; };  // copies and variant alike
  EXPECT_EQ(check().verdict, CheckVerdict::pass);
}

TEST_F(CheckTest, SaysThatABusyMachineIsTooNoisyAndHowWide) {
  noise = 0.2;
  record_baseline();
  const EntryCheck result = check();
  EXPECT_EQ(result.verdict, CheckVerdict::inconclusive) << result.why;
  EXPECT_THAT(result.why, HasSubstr("too noisy: known to ±"));
  EXPECT_EQ(result.rounds_now, options.rule.looks.back());
}

TEST_F(CheckTest, NamesAnotherTenantWhereTheCopiesOfARoundDiffer) {
  noise = 0.2;
  plan.disturbance = [](int round) { return round % 3 == 0 ? "the GPU lowered its clocks: thermal" : ""; };
  const EntryCheck result = check();
  EXPECT_GT(result.discarded_rounds, 0);
  EXPECT_THAT(result.disturbance, HasSubstr("thermal"));
}

TEST_F(CheckTest, NamesTheProcessThatSharesTheDevice) {
  int asked = 0;
  options.other_work = [&] {
    ++asked;
    return "another process uses this GPU: python3 (pid 4711)";
  };
  noise = 0.2;
  record_baseline();
  EntryCheck result = check();
  EXPECT_EQ(result.verdict, CheckVerdict::inconclusive);
  EXPECT_THAT(result.why, testing::MatchesRegex("too noisy: .*; another process uses this GPU: python3 .pid 4711."));
  EXPECT_EQ(result.other_work, "another process uses this GPU: python3 (pid 4711)");
  EXPECT_EQ(asked, 1);
  plan.free_bytes = 1000;
  EXPECT_THAT(check().why, HasSubstr("is free")) << "what it lacks";
  EXPECT_THAT(check().why, HasSubstr("; another process uses this GPU: python3")) << "and who has it";
  plan.free_bytes = int64_t{1} << 40;
  noise = 0.001;
  record_baseline();
  result = check();
  EXPECT_EQ(result.verdict, CheckVerdict::pass) << "the ratio to the copy bears it";
  EXPECT_THAT(result.why, testing::Not(HasSubstr("process")));
  EXPECT_THAT(result.other_work, HasSubstr("python3")) << "it is told all the same";
  plan.stop_after_rounds = 5;
  EXPECT_EQ(check().why, "interrupted");
}

TEST_F(CheckTest, TakesAsManyRoundsAsTheNoiseOfTheMachineAsksFor) {
  noise = 0.01;
  record_baseline();
  options.noise = std::nullopt;
  EXPECT_EQ(check().looks, options.rule.looks);
  const Spread measured{.round_sd = 0.009, .session_sd = 0.0005};
  const int needed = rounds_needed(measured, options.rule, 30);
  ASSERT_GT(needed, options.rule.looks.front());
  ASSERT_LE(needed, options.rule.looks.back());
  options.noise = measured;
  const EntryCheck result = check();
  EXPECT_GE(result.looks.front(), needed);
  EXPECT_EQ(result.looks.back(), options.rule.looks.back());
  EXPECT_GE(result.rounds_now, needed) << "no look before that";
  options.noise = Spread{.round_sd = 0.5, .session_sd = 0.5};
  EXPECT_EQ(check().looks, options.rule.looks) << "where nothing is enough, every look may be the lucky one";
}

TEST_F(CheckTest, EndsAtTheTimeLimitAndSaysSo) {
  noise = 0.2;
  options.time_s = 0;
  const EntryCheck result = check();
  EXPECT_EQ(result.verdict, CheckVerdict::inconclusive);
  EXPECT_EQ(result.rounds_now, 1);
  EXPECT_THAT(result.why, HasSubstr("the time limit was hit"));
}

TEST_F(CheckTest, CallsAVariantThatNoLongerWorksARegression) {
  plan.wrong_results = {variant()};
  EntryCheck result = check();
  EXPECT_EQ(result.verdict, CheckVerdict::regression);
  EXPECT_THAT(result.why, HasSubstr("does not verify any more: wrong_result"));
  EXPECT_TRUE(result.changes.empty()) << "built and run by what it was";
  plan.wrong_results = {};
  entry.contenders.front().source_digest = "of other sources";
  entry.provenance.driver = "1.0";
  plan.do_not_compile = {variant()};
  result = check();
  EXPECT_EQ(result.verdict, CheckVerdict::regression);
  EXPECT_THAT(result.why, HasSubstr("does not compile any more"));
  ASSERT_FALSE(result.changes.empty()) << "a regression comes with its cause, measured or not";
  EXPECT_EQ(result.changes.front().what, "kernel source");
  plan.do_not_compile = {};
  plan.fail_in_round = {{variant(), FailureKind::launch}};
  result = check();
  EXPECT_EQ(result.verdict, CheckVerdict::regression);
  EXPECT_THAT(result.why, HasSubstr("planted fault"));
}

TEST_F(CheckTest, LeavesOpenWhatALostDeviceHides) {
  plan.lose_copy_after_rounds = 4;
  const EntryCheck result = check();
  EXPECT_EQ(result.verdict, CheckVerdict::inconclusive);
  EXPECT_THAT(result.why, HasSubstr("fallen off the bus"));
}

TEST_F(CheckTest, LeavesOpenWhatDoesNotFitTheMemoryThatIsFree) {
  plan.free_bytes = 1000;
  const EntryCheck result = check();
  EXPECT_EQ(result.verdict, CheckVerdict::inconclusive);
  EXPECT_THAT(result.why, HasSubstr("free"));
}

TEST_F(CheckTest, IsInterruptedWithoutAVerdict) {
  plan.stop_after_rounds = 5;
  const EntryCheck result = check();
  EXPECT_EQ(result.verdict, CheckVerdict::inconclusive);
  EXPECT_EQ(result.why, "interrupted");
}

TEST_F(CheckTest, ComparesOnlyWhatIsComparable) {
  const BestEntry good = entry;
  entry.chip.name = "Another";
  EXPECT_THAT(check().why, HasSubstr("another chip: Another"));
  entry = good;
  entry.chip.multiprocessors = 7;
  EXPECT_THAT(check().why, HasSubstr("another part of this chip"));
  entry = good;
  entry.protocol.round_copies = 3;
  EXPECT_THAT(check().why, HasSubstr("another protocol"));
  entry = good;
  entry.rounds.resize(1);
  EXPECT_THAT(check().why, HasSubstr("1 rounds"));
  entry = good;
  entry.contenders.front().variant.kernel = "cpu_gone";
  EXPECT_THAT(check().why, HasSubstr("a family that this scantune lacks: cpu_gone"));
  entry = good;
  entry.contenders.front().variant.settings.pop_back();
  EXPECT_THAT(check().why, HasSubstr("it lacks the parameter"));
  EXPECT_EQ(check().verdict, CheckVerdict::inconclusive);
}

TEST_F(CheckTest, TooFewRoundsOfABaselineDecideNothing) {
  entry.rounds.resize(2);
  options.rule.looks = {10};
  slowdown = 0.5;
  const EntryCheck result = check();
  EXPECT_EQ(result.verdict, CheckVerdict::inconclusive);
  EXPECT_THAT(result.why, HasSubstr("too few rounds to say"));
}

TEST_F(CheckTest, TellsWhatChangedWithTheStrongestCauseFirst) {
  Profile profile{{{"entry", {{"dram__bytes_read.sum", "dram__bytes_read.sum", 30.0, "%", ""}}}}};
  entry.contenders.front().profile = profile;
  entry.contenders.front().source_digest = "of other sources";
  entry.provenance.driver = "1.0";
  entry.copy_time_ns = {kCopyNs * 2, kCopyNs * 2, kCopyNs * 2};
  slowdown = 0.1;
  const EntryCheck result = check();
  ASSERT_EQ(result.verdict, CheckVerdict::regression);
  ASSERT_GE(result.changes.size(), 2U);
  EXPECT_EQ(result.changes.front().what, "kernel source");
  EXPECT_EQ(result.changes.back().what, "copy of the same bytes");
  EXPECT_TRUE(std::ranges::is_sorted(result.changes, std::ranges::greater{}, &Change::weight));
  ASSERT_TRUE(result.profile) << "counters now, where the baseline has any";
  EXPECT_EQ(result.counters_reason, "");
}

TEST_F(CheckTest, SaysWhyThereAreNoCountersToCompare) {
  slowdown = 0.1;
  EXPECT_THAT(check().counters_reason, HasSubstr("the baseline has no counters"));
  entry.contenders.front().profile =
      Profile{{{"entry", {{"dram__bytes_read.sum", "dram__bytes_read.sum", 30.0, "bytes", ""}}}}};
  plan.metric_reason = "not permitted: run as root";
  const EntryCheck result = check();
  EXPECT_EQ(result.verdict, CheckVerdict::regression) << "counters do not change the verdict";
  EXPECT_THAT(result.counters_reason, HasSubstr("not permitted: run as root"));
}

TEST_F(CheckTest, TakesAnOldKernelIntoTheSameRounds) {
  Artifact old;
  old.variant = {"cpu_row_carry", {{"tile", int64_t{1}}}};
  plan.time_ns = [&](const Variant& of) { return (of == old.variant ? 1.0 : 1.03) * kThenNs * jitter(); };
  EntryCheck result = check(Old{old, {}});
  EXPECT_EQ(result.verdict, CheckVerdict::regression) << result.why;
  EXPECT_EQ(result.against, CheckedAgainst::bundle);
  EXPECT_NEAR(result.slowdown.median, 0.03, 0.003);
  ASSERT_EQ(result.subjects.size(), 2U);
  EXPECT_EQ(result.rounds.front().samples.size(), 4U) << "both, and two copies";
  plan.time_ns = [&](const Variant& /*of*/) { return 3 * kThenNs * jitter(); };
  EXPECT_EQ(check(Old{old, {}}).verdict, CheckVerdict::pass) << "both slow alike: the old one is what counts";
  plan.wrong_results = {to_string(old.variant)};
  result = check(Old{old, {}});
  EXPECT_EQ(result.verdict, CheckVerdict::inconclusive) << "the bundle's fault";
  EXPECT_EQ(check(Old{{}, "the bundle has no kernel for it"}).why, "the bundle has no kernel for it");
}

TEST_F(CheckTest, RetuningFindsAFasterVariantAndKeepsTheStoredOneOtherwise) {
  const Variant& stored = entry.contenders.front().variant;
  const auto find = [&] {
    FakeDevice device(plan, log);
    FakeCompiler compiler(plan);
    Observer silent;
    const auto better = find_better(device, compiler, entry, 60, 1, silent, plan.stop.get_token());
    EXPECT_TRUE(better) << better.error().message;
    return better.value_or(std::nullopt);
  };
  plan.time_ns = [&](const Variant& of) { return (of == stored ? 1.0 : 1.2) * kThenNs * jitter(); };
  EXPECT_FALSE(find());
  plan.time_ns = [&](const Variant& of) { return (of == stored ? 1.2 : 1.2 * 1.001) * kThenNs * jitter(); };
  EXPECT_FALSE(find()) << "what cannot be told apart does not replace it";
  Variant faster;
  const auto all = candidates(entry.workload, entry.chip, {});
  ASSERT_TRUE(all);
  for (const Candidate& candidate : *all) {
    if (candidate.broken.empty() && candidate.variant != stored) {
      faster = candidate.variant;
    }
  }
  plan.time_ns = [&](const Variant& of) { return (of == faster ? 0.8 : 1.0) * kThenNs * jitter(); };
  const auto better = find();
  ASSERT_TRUE(better);
  EXPECT_EQ(better->variant, faster);
  EXPECT_NEAR(better->speedup, 1.25, 0.02);
}

TEST_F(CheckTest, AnAaRunFindsTheNoiseThatIsThere) {
  noise = 0.01;
  FakeDevice device(plan, log);
  FakeCompiler compiler(plan);
  const auto run = measure_noise(device, compiler, entry, {.rule = {}, .sessions = 6, .rounds = 20, .draws = 200}, {});
  ASSERT_TRUE(run) << run.error().message;
  EXPECT_EQ(run->noise.sessions, 6);
  EXPECT_EQ(run->noise.rounds, 20);
  EXPECT_EQ(run->noise.key, wire::best_key(entry.workload, entry.chip));
  EXPECT_GT(run->noise.round_sd, 0.003);
  EXPECT_LT(run->noise.round_sd, 0.03);
  EXPECT_EQ(std::ranges::count(log.steps, "open"), 6) << "each session is opened afresh";
  EXPECT_LT(run->noise.flagged, 0.01);
}

TEST_F(CheckTest, AnAaRunEndsAtItsTimeLimitWithTwoSessions) {
  FakeDevice device(plan, log);
  FakeCompiler compiler(plan);
  const auto run = measure_noise(device, compiler, entry, {.rule = {}, .sessions = 50, .time_s = 0, .draws = 10}, {});
  ASSERT_TRUE(run) << run.error().message;
  EXPECT_EQ(run->noise.sessions, 2);
}

}  // namespace
}  // namespace scantune::gate
