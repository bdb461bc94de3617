#include "report/profile_text.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "fixture.h"
#include "report/compare_text.h"

namespace scantune::report {
namespace {

using testing::ContainsRegex;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;

LaunchSheet launch(const std::string& function, const std::vector<StallShare>& stalls) {
  LaunchSheet sheet;
  sheet.function = function;
  sheet.resources = {.entry = function,
                     .registers_per_thread = 40,
                     .static_shared_bytes = 0,
                     .dynamic_shared_bytes = 65536,
                     .spill_bytes = 0,
                     .block_threads = 256,
                     .grid_blocks = 32768,
                     .blocks_per_sm = 3};
  sheet.waves = 82.75;
  sheet.occupancy = Occupancy{0.375, 0.36, "shared memory"};
  sheet.stalls = stalls;
  sheet.counters.entry = function;
  for (const StallShare& stall : stalls) {
    sheet.counters.metrics.push_back(counter(stall_metric(stall.reason), stall.share * 100, "%"));
  }
  sheet.counters.metrics.push_back(counter(kDuration, 1e6, "ns"));
  sheet.counters.metrics.push_back(counter(kDramRead, 4294967296.0, "bytes"));
  return sheet;
}

ProfileSheet sheet() {
  ProfileSheet made;
  made.variant = variant("three_pass tile=4096 warps=8 stages=1");
  made.time_ns = Interval{3.03e6, 3.02e6, 3.04e6};
  made.ratio_to_copy = Interval{0.66, 0.658, 0.662};
  made.launches = {launch("block_sums", {{"long_scoreboard", 0.6}, {"barrier", 0.05}}),
                   launch("cumsum_with_prefix", {{"long_scoreboard", 0.3}, {"short_scoreboard", 0.2}})};
  made.bytes_in_flight_per_sm = 49152;
  made.bytes_needed_per_sm = 46080;
  made.explanations = {
      {"extra_traffic", "extra traffic", "it reads everything twice", {"dram: 2"}, {"kernel -> other"}},
      {"barriers", "waits at barriers", "warps wait", {}, {}}};
  made.profile_s = {0.31};
  return made;
}

TEST(ProfileScreen, GivesEachLaunchAColumn) {
  const std::string text = profile_text(finished_run(), sheet(), {});
  EXPECT_THAT(text, ContainsRegex("Launch +1 block_sums +2 cumsum_with_prefix\n"));
  EXPECT_THAT(text, ContainsRegex("\n +occupancy, theoretical +37.5 % +37.5 %\n"));
  EXPECT_THAT(text, ContainsRegex("\n +occupancy is limited by +shared memory +shared memory\n"));
  EXPECT_THAT(text, ContainsRegex("DRAM read \\(of needed\\) +8.00 GiB \\(2.00x\\) +4.00 GiB"));
}

TEST(ProfileScreen, StatesTheCacheAndWhatIsInFlight) {
  Outcome outcome = finished_run();
  EXPECT_THAT(profile_text(outcome, sheet(), {}), HasSubstr("\nCache     cold: "));
  EXPECT_THAT(profile_text(outcome, sheet(), {}),
              HasSubstr("48.00 KiB of loads an SM, of 45.00 KiB that keep DRAM busy"));
  outcome.workload.cache = CacheState::hot;
  EXPECT_THAT(profile_text(outcome, sheet(), {}), HasSubstr("\nCache     hot: "));
}

TEST(ProfileScreen, ShowsStallsOnceAndExplainsTheLargest) {
  const std::string text = profile_text(finished_run(), sheet(), {});
  EXPECT_THAT(text, ContainsRegex("memory \\(long scoreboard\\) +60.0 % +30.0 %\n"));
  EXPECT_THAT(text, ContainsRegex("barrier +5.0 % +-\n"));
  EXPECT_THAT(text, HasSubstr("memory (long scoreboard): the warp waits for data"));
  EXPECT_THAT(text, HasSubstr("shared memory (short scoreboard): the warp waits for data"));
  EXPECT_THAT(text, Not(HasSubstr("barrier: the warp"))) << "5% is worth no sentence";
  EXPECT_THAT(text, Not(HasSubstr("smsp__warp_issue_stalled"))) << "not among the counters as well";
}

TEST(ProfileScreen, EndsWithWhatLimitsItAndWhatToTry) {
  const std::string text = profile_text(finished_run(), sheet(), {});
  EXPECT_THAT(text, HasSubstr("\nLimit     extra traffic\n          it reads everything twice\n"));
  EXPECT_THAT(text, HasSubstr("\nNext      kernel -> other\n"));
  EXPECT_THAT(text, HasSubstr("\nBesides   waits at barriers: warps wait\n"));
  EXPECT_THAT(text, HasSubstr("\nRead      4 counters of 2 launches in 310 ms\n"));
}

TEST(ProfileScreen, WithoutAdviceSaysWhyThereIsNone) {
  ProfileSheet made = sheet();
  made.explanations = {{"unknown", "unknown", "no rule fits", {}, {}, "no advice: compare variants"}};
  std::string text = profile_text(finished_run(), made, {});
  EXPECT_THAT(text, HasSubstr("\nNext      no advice: compare variants\n"));
  EXPECT_THAT(text, Not(HasSubstr("nothing is left")));
}

TEST(ProfileScreen, SaysHowManySamplesOfAReplayWereDrawnAgain) {
  Outcome outcome = finished_run();
  EXPECT_THAT(profile_text(outcome, sheet(), {}), Not(HasSubstr("Replay")));
  outcome.provenance.device = "replay:old.jsonl";
  outcome.rounds = {{Phase::final, {{kCopy, 2e6}, {0, 2e6}}}, {Phase::final, {{kCopy, 2e6}, {0, 2e6}}, 1, 1}};
  const std::string text = profile_text(outcome, sheet(), {});
  EXPECT_THAT(text, HasSubstr("\nReplay    nothing was measured: all is from old.jsonl\n"));
  EXPECT_THAT(text, HasSubstr("1 of 2 samples are recorded ones drawn again (a bootstrap)"));
}

TEST(ProfileScreen, OfAVariantThatFailedSaysWhy) {
  ProfileSheet failed = sheet();
  failed.failure = Failure{FailureKind::wrong_result, "element 7 is 3, expected 4"};
  const std::string text = profile_text(finished_run(), failed, {});
  EXPECT_THAT(text, HasSubstr("element 7 is 3, expected 4"));
  EXPECT_THAT(text, Not(HasSubstr("Time")));
  ProfileSheet cpu = sheet();
  cpu.launches[0].resources = {};
  cpu.launches[1].resources = {};
  EXPECT_THAT(launch_lines(cpu), IsEmpty()) << "a CPU has no grid";
}

TEST(CompareScreen, SaysHowMuchFasterWithItsInterval) {
  SideBySide pair;
  pair.a.variant = variant("row_carry tile=8192 warps=16 stages=2");
  pair.b.variant = variant("row_carry tile=8192 warps=16 stages=1");
  pair.a.time_ns = {2e6, 1.99e6, 2.01e6};
  pair.b.time_ns = {2.2e6, 2.19e6, 2.21e6};
  pair.speedup = {1.1, 1.098, 1.102};
  pair.paired_rounds = 30;
  pair.standoff = Standoff::faster;
  pair.differences = {{"registers_per_thread", "", 40, 32, -0.2, false, 0.8},
                      {kDramThroughput, "%", 88, 80, -0.08, true, 0}};
  std::string text = compare_text(pair, {});
  EXPECT_THAT(text, HasSubstr("A is 10.0% faster than B"));
  EXPECT_THAT(text, HasSubstr("1.1000 [1.0980, 1.1020] times as fast · 95% interval, paired over 30 rounds"));
  EXPECT_THAT(text, ContainsRegex("registers_per_thread +40 +32 +-20.0% +80%\n"));
  EXPECT_THAT(text, ContainsRegex("dram__throughput[^ ]+ +88.0 % +80.0 % +-8.0 points +follows\n"));
  pair.standoff = Standoff::undecided;
  EXPECT_THAT(compare_text(pair, {}), HasSubstr("more --rounds may tell"));
  pair.paired_rounds = 0;
  pair.a.source = "a.json";
  text = compare_text(pair, {});
  EXPECT_THAT(text, HasSubstr("too close to call by what was measured: measuring again, with --fresh, may tell"));
  EXPECT_THAT(text, Not(HasSubstr("--rounds"))) << "which files do not take";
  EXPECT_THAT(text, HasSubstr("by their ratios to the copy"));
  EXPECT_THAT(text, HasSubstr("a.json"));
}

}  // namespace
}  // namespace scantune::report
