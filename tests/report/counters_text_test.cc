#include "report/counters_text.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "fixture.h"
#include "report/report.h"

namespace scantune::report {
namespace {

using testing::Contains;
using testing::ContainsRegex;
using testing::Each;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;

std::vector<std::string> lines_of(const Outcome& outcome, bool every_launch = false) {
  return counter_lines({{"row_carry", &*outcome.records[0].profile}, {"three_pass", &*outcome.records[3].profile}},
                       outcome.workload, every_launch, 100);
}

TEST(Counters, StandSideBySideWithTheirUnits) {
  const auto lines = lines_of(finished_run());
  EXPECT_THAT(lines, Contains(ContainsRegex("DRAM throughput, of peak +88.9 % ")));
}

TEST(Counters, CompareTheTrafficWithWhatTheScanNeeds) {
  // 4 GiB of the 4 GiB needed; 9 GB over three launches.
  EXPECT_THAT(lines_of(finished_run()),
              Contains(ContainsRegex("DRAM read \\(of needed\\) +4.00 GiB \\(1.00x\\) +8.38 GiB \\(2.10x\\)")));
}

TEST(Counters, AddUpAmountsAndAverageTheRestByTimeOverLaunches) {
  const auto lines = lines_of(finished_run());
  EXPECT_THAT(lines[0], HasSubstr("three_pass (3 launches)"));
  EXPECT_THAT(lines, Contains(ContainsRegex("duration when profiled +2.100 ms +4.000 ms")));
  // (90 * 1 + 10 * 1 + 80 * 2) / 4
  EXPECT_THAT(lines, Contains(ContainsRegex("DRAM throughput, of peak +88.9 % +65.0 %")));
  EXPECT_THAT(lines, Contains(HasSubstr("averaged by time")));
}

TEST(Counters, DoNotAverageSharesWithoutAWeight) {
  Outcome outcome = finished_run();
  for (LaunchProfile& launch : outcome.records[3].profile->launches) {
    std::erase_if(launch.metrics, [](const MetricValue& m) { return m.requested == kDuration; });
  }
  EXPECT_THAT(lines_of(outcome), Contains(ContainsRegex("DRAM throughput, of peak +88.9 % +-$")));
}

TEST(Counters, ShowEachLaunchWhenAsked) {
  const auto lines = lines_of(finished_run(), true);
  EXPECT_THAT(lines[0], ContainsRegex("launch 1 +launch 2 +launch 3"));
  EXPECT_THAT(lines, Contains(ContainsRegex("DRAM throughput, of peak +88.9 % +65.0 % +90.0 % +10.0 % +80.0 %")));
}

TEST(Counters, GiveTheReasonOnceWhereNoneCouldBeRead) {
  Outcome outcome = finished_run();
  const std::string reason = "counters are for administrators; set NVreg_RestrictProfilingToAdminUsers=0";
  for (const size_t record : {0U, 3U}) {
    for (LaunchProfile& launch : outcome.records[record].profile->launches) {
      for (MetricValue& metric : launch.metrics) {
        metric.value.reset();
        metric.reason = reason;
      }
    }
  }
  EXPECT_THAT(lines_of(outcome),
              testing::ElementsAre("not available: every counter: counters are for administrators; set",
                                   "NVreg_RestrictProfilingToAdminUsers=0"));
  const std::string screen = outcome_text(outcome, {});
  EXPECT_THAT(screen, HasSubstr("NVreg"));
  EXPECT_EQ(screen.find("NVreg"), screen.rfind("NVreg"));
  EXPECT_THAT(screen, HasSubstr("Best      row_carry")) << "tuning does not hang on counters";
}

TEST(Counters, NameTheOneThatIsMissing) {
  Outcome outcome = finished_run();
  MetricValue& metric = outcome.records[0].profile->launches[0].metrics[1];
  metric.value.reset();
  metric.reason = "NaN under MIG";
  const auto lines = lines_of(outcome);
  EXPECT_THAT(lines, Contains(ContainsRegex("DRAM throughput, of peak +- +65.0 %")));
  EXPECT_THAT(lines, Contains("not available: DRAM throughput, of peak: NaN under MIG"));
}

TEST(Counters, NeverShowAMissingValueAsZero) {
  Outcome outcome = finished_run();
  outcome.records[0].profile->launches[0].metrics[2].value.reset();
  EXPECT_THAT(lines_of(outcome), Each(Not(HasSubstr("0.00x"))));
}

TEST(Counters, SayWhichNameAnOldOneIsReadAs) {
  Outcome outcome = finished_run();
  outcome.records[0].profile->launches[0].metrics.push_back({kOldStall, kNewStall, 96.7, "%", ""});
  const auto lines = lines_of(outcome);
  EXPECT_THAT(lines, Contains(ContainsRegex("warps stalled on memory +96.7 %")));
  EXPECT_THAT(lines, Contains(std::string(kOldStall) + " is read as " + kNewStall));
}

TEST(Counters, SayWhyAHitRateIsAboveAHundredPercent) {
  const auto lines_at = [](double percent) {
    const Profile profile{
        {{"k", {counter("lts__t_sector_hit_rate.pct", percent, "%"), counter(kDramThroughput, 101, "%")}}}};
    return counter_lines({{"k", &profile}}, headline(), false, 100);
  };
  EXPECT_THAT(lines_at(105.66), Contains("L2 hit rate above 100 %: hits and lookups are counted in runs of their own"));
  EXPECT_THAT(lines_at(100.04), Each(Not(HasSubstr("above 100 %")))) << "it reads 100.0 %";
}

TEST(Counters, KeepTheNameOfAMetricTheyDoNotKnow) {
  const Profile profile{{{"k", {counter("sm__inst_executed.sum", 1234567, "")}}}};
  EXPECT_THAT(counter_lines({{"k", &profile}}, headline(), false, 100),
              Contains(ContainsRegex("sm__inst_executed.sum +1.23 M$")));
  const Profile with_unit{{{"k", {counter("sm__cycles_elapsed.max", 2.5e6, "cycles")}}}};
  EXPECT_THAT(counter_lines({{"k", &with_unit}}, headline(), false, 100),
              Contains(ContainsRegex("SM cycles +2.50 M cycles$")));
}

TEST(Counters, AreLeftOutWhereNoneWereAskedFor) {
  EXPECT_THAT(counter_lines({{"row_carry", nullptr}}, headline(), false, 100), IsEmpty());
  Outcome outcome = finished_run();
  outcome.records[0].profile.reset();
  outcome.records[3].profile.reset();
  EXPECT_THAT(outcome_text(outcome, {}), Not(HasSubstr("Counters")));
}

TEST(Counters, TellTwoVariantsOfOneFamilyApart) {
  Outcome outcome = finished_run();
  outcome.baseline = 2;
  outcome.records[2].profile = outcome.records[0].profile;
  EXPECT_THAT(outcome_text(outcome, {}), ContainsRegex("Counters +best +baseline"));
}

}  // namespace
}  // namespace scantune::report
