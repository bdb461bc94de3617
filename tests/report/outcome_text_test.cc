#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>

#include "fixture.h"
#include "report/report.h"

namespace scantune::report {
namespace {

using testing::AllOf;
using testing::HasSubstr;
using testing::Not;

size_t count(const std::string& text, const std::string& part) {
  size_t found = 0;
  for (size_t at = text.find(part); at != std::string::npos; at = text.find(part, at + 1)) {
    ++found;
  }
  return found;
}

TEST(DeviceLine, NamesTheGpuItsDriverAndItsCompiler) {
  EXPECT_EQ(device_line(h200(), "0.1.0"),
            "scantune 0.1.0 · cuda:0 NVIDIA H200 (GH100, sm_90, 132 SMs, 4.8 TB/s) · driver 580.159 · NVRTC 13.0");
}

TEST(DeviceLine, SaysNothingOfACpuThatIsNotKnown) {
  DeviceInfo info;
  info.id = "cpu";
  info.chip.name = "EPYC";
  info.chip.code_name = "avx512";
  info.chip.multiprocessors = 8;
  info.driver = "6.1.0";
  EXPECT_EQ(device_line(info, "0.1.0"), "scantune 0.1.0 · cpu EPYC (avx512, 8 CPUs) · kernel 6.1.0");
  info.chip.name = "EPYC (8 CPUs, avx512)";
  EXPECT_EQ(device_line(info, "0.1.0"), "scantune 0.1.0 · cpu EPYC (8 CPUs, avx512) · kernel 6.1.0");
}

TEST(WorkloadLine, GivesTheGeometryAndTheBytes) {
  EXPECT_EQ(workload_line(headline()),
            "32768x32768 f32, dim 1 · outer 32768 x n 32768 x inner 1 · 4.00 GiB in, 4.00 GiB out");
}

TEST(WorkloadLine, SaysWhatIsNotTheDefault) {
  Workload workload = headline();
  workload.dtype = DType::f16;
  workload.accumulator = DType::f64;
  workload.cache = CacheState::hot;
  workload.deterministic = true;
  EXPECT_THAT(workload_line(workload), HasSubstr("· sums in f64 · hot cache · deterministic"));
}

TEST(OutcomeText, LeadsWithTheWinnerItsTimeItsRatioAndItsRate) {
  const std::string text = outcome_text(finished_run(), {});
  EXPECT_THAT(text, HasSubstr("Best      row_carry tile=8192 warps=16 stages=2\n"));
  // 2 x 4 GiB in 2.02 ms.
  EXPECT_THAT(text, HasSubstr("2.020 ms ± 0.1% · 0.990 [0.989, 0.991] of the copy (2.000 ms ± 0.05%) · 4252 GB/s"));
  EXPECT_THAT(text, HasSubstr("95% intervals over 9 rounds of the final"));
}

TEST(OutcomeText, ListsWhatIsAsFastAndTheRunnersUpApart) {
  const std::string text = outcome_text(finished_run(), {});
  EXPECT_THAT(text, HasSubstr("As fast   row_carry tile=16384 warps=16 stages=2 (within 0.5%)\n"));
  EXPECT_THAT(text, HasSubstr("Next      0.909 [0.905, 0.912] of copy"));
  EXPECT_EQ(count(text, "tile=16384"), 1U) << "a variant as fast as the winner is no runner-up";
}

TEST(OutcomeText, ComparesNoTimesOfTheScreenWithTimesOfTheFinal) {
  Outcome outcome = finished_run();
  outcome.ranking[2].phase = Phase::screen;
  const std::string text = outcome_text(outcome, {});
  EXPECT_THAT(text, HasSubstr("Next      0.660"));
  EXPECT_THAT(text, Not(HasSubstr("tile=4096 warps=8 stages=1\n          0.909")));
  EXPECT_THAT(text, Not(HasSubstr("0.909 [")));
}

TEST(OutcomeText, PairsTheSpeedUpOverTheBaselineByRound) {
  // Times drift by 0.8% over the rounds; the paired ratio does not.
  const std::string text = outcome_text(finished_run(), {});
  EXPECT_THAT(text, HasSubstr("Speed-up  1.50x [1.50, 1.50] over the baseline's best, 3.030 ms ± 0.3%\n"
                              "          three_pass tile=4096 warps=8 stages=1\n"));
}

TEST(OutcomeText, SaysSoWhereTheSpeedUpCouldNotBePaired) {
  Outcome outcome = finished_run();
  for (Round& round : outcome.rounds) {
    std::erase_if(round.samples, [](const Sample& s) { return s.subject == 3; });
  }
  EXPECT_THAT(outcome_text(outcome, {}), HasSubstr("1.50x (not paired)"));
}

TEST(OutcomeText, ClaimsNoSpeedUpWithoutABaseline) {
  Outcome outcome = finished_run();
  outcome.baseline.reset();
  const std::string text = outcome_text(outcome, {});
  EXPECT_THAT(text, Not(HasSubstr("Speed-up")));
  EXPECT_THAT(text, HasSubstr("Best      row_carry"));
}

TEST(OutcomeText, SaysSoWhereTheBaselineItselfWins) {
  Outcome outcome = finished_run();
  outcome.winner = 3;
  outcome.equivalents = {};
  const std::string text = outcome_text(outcome, {});
  EXPECT_THAT(text, HasSubstr("none: the baseline three_pass itself is the fastest"));
}

TEST(OutcomeText, CountsEveryVariantOnce) {
  const std::string text = outcome_text(finished_run(), {});
  EXPECT_THAT(text, HasSubstr("Tried     6 variants in 6.1 s: 4 measured, 1 ruled out by constraints, "
                              "1 gave wrong results\n"));
  EXPECT_THAT(text, HasSubstr("4 verified before any timing, every element"));
  EXPECT_THAT(text, HasSubstr("gave wrong results: row_carry tile=8192 warps=32 stages=3: element 7 is 3, expected 4"));
}

TEST(OutcomeText, HasARowForEachFamily) {
  const std::string text = outcome_text(finished_run(), {});
  EXPECT_THAT(text, testing::ContainsRegex("row_carry +5 +3 +1 +1 +2.020 ms +0.990"));
  EXPECT_THAT(text, testing::ContainsRegex("three_pass +1 +1 +0 +0 +3.030 ms +0.660"));
}

TEST(OutcomeText, SaysWhyThereIsNoWinner) {
  Outcome outcome;
  outcome.workload = headline();
  outcome.device = h200();
  outcome.records = {failed_record("row_carry tile=8192", FailureKind::compile, "error: no such thing"),
                     failed_record("row_carry tile=4096", FailureKind::compile, "error: another")};
  const std::string text = outcome_text(outcome, {});
  EXPECT_THAT(text, HasSubstr("Best      none: no variant worked"));
  EXPECT_THAT(text, HasSubstr("2 did not compile"));
  EXPECT_THAT(text, HasSubstr("row_carry tile=8192: error: no such thing"));
  EXPECT_THAT(text, Not(HasSubstr("error: another"))) << "one example a kind is enough";
  EXPECT_THAT(outcome_text(outcome, {.verbose = true}), HasSubstr("error: another"));
}

TEST(OutcomeText, SaysThatAnInterruptedRunIsNotTheWholeStory) {
  Outcome outcome = finished_run();
  outcome.stopped = StopReason::interrupted;
  Record waiting;
  waiting.variant = variant("row_carry tile=2048 warps=4 stages=1");
  outcome.records.push_back(waiting);
  for (Standing& standing : outcome.ranking) {
    standing.phase = Phase::screen;
  }
  const std::string text = outcome_text(outcome, {});
  EXPECT_THAT(text, HasSubstr("1 not reached"));
  EXPECT_THAT(text, HasSubstr("Stopped   by an interrupt; what was not reached may be faster"));
  EXPECT_THAT(text, HasSubstr("9 rounds of the screen, no final"));
}

TEST(OutcomeText, SaysThatNothingIsKnownWhereTheInterruptCameFirst) {
  Outcome outcome;
  outcome.workload = headline();
  outcome.device = h200();
  outcome.records.resize(2);
  outcome.records[0].variant = outcome.records[1].variant = variant("row_carry tile=2048");
  outcome.stopped = StopReason::interrupted;
  const std::string text = outcome_text(outcome, {});
  EXPECT_THAT(text, HasSubstr("none: interrupted before a variant was measured"));
  EXPECT_THAT(text, HasSubstr("0 measured, 2 not reached"));
}

TEST(OutcomeText, NamesTheLostDevice) {
  Outcome outcome = finished_run();
  outcome.stopped = StopReason::device_lost;
  outcome.stop_detail = "row_carry tile=8192: illegal address";
  EXPECT_THAT(outcome_text(outcome, {}), HasSubstr("the device was lost: row_carry tile=8192: illegal address"));
}

TEST(OutcomeText, BreaksTheTimeDownOnlyWhenVerbose) {
  EXPECT_THAT(outcome_text(finished_run(), {}), Not(HasSubstr("Time ")));
  EXPECT_THAT(outcome_text(finished_run(), {.verbose = true}),
              AllOf(HasSubstr("6.1 s in all: open 0.4 s, verify 1.5 s, measure 2.5 s, profile 0.5 s, idle 1.2 s\n"),
                    HasSubstr("compile 20.0 s"), HasSubstr("busy 90% of the time"), Not(HasSubstr("in vain"))));
  Outcome guessed = finished_run();
  guessed.spent.unasked_s = 8.2;
  EXPECT_THAT(outcome_text(guessed, {.verbose = true}), HasSubstr("compile 20.0 s: all compilers together, beside the "
                                                                  "rest\n"));
  EXPECT_THAT(outcome_text(guessed, {.verbose = true}),
              HasSubstr("compile in vain 8.2 s: as that, of likely variants"));
}

TEST(OutcomeText, UsesColourOnlyWhenAsked) {
  const std::string plain = outcome_text(finished_run(), {});
  const std::string coloured = outcome_text(finished_run(), {.color = true});
  EXPECT_THAT(plain, Not(HasSubstr("\033")));
  EXPECT_THAT(coloured, HasSubstr("\033[1m"));
  // Colour adds nothing but itself.
  std::string stripped;
  for (size_t i = 0; i < coloured.size(); ++i) {
    if (coloured[i] == '\033') {
      i = coloured.find('m', i);
    } else {
      stripped += coloured[i];
    }
  }
  EXPECT_EQ(stripped, plain);
}

TEST(OutcomeText, KeepsTheFailuresToTheWidth) {
  Outcome outcome = finished_run();
  outcome.records[5].failure->what = std::string(500, 'x');
  const std::string text = outcome_text(outcome, {.width = 80});
  size_t begin = 0;
  for (size_t end = text.find('\n'); end != std::string::npos; begin = end + 1, end = text.find('\n', begin)) {
    const std::string line = text.substr(begin, end - begin);
    if (line.find("xxx") != std::string::npos) {
      EXPECT_EQ(line.size(), 80U) << line;
    }
  }
  EXPECT_THAT(text, HasSubstr("xxx..."));
}

TEST(Ascii, ReplacesWhatAPlainTerminalCannotShow) {
  EXPECT_EQ(ascii("2.018 ms ± 0.1% · 0.992 █░ é"), "2.018 ms +-0.1% - 0.992 #. ?");
  const std::string text = ascii(outcome_text(finished_run(), {}));
  EXPECT_TRUE(std::ranges::all_of(text, [](char c) { return static_cast<unsigned char>(c) < 0x80; }));
}

}  // namespace
}  // namespace scantune::report
