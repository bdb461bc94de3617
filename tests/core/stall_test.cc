#include "core/stall.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "core/pattern.h"

namespace scantune {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

MetricValue metric(const std::string& name, std::optional<double> value, const std::string& unit = "%") {
  return {name, name, value, unit, value ? "" : "not permitted"};
}

TEST(StallReasons, EachHaveASentence) {
  for (const StallReason& reason : stall_reasons()) {
    EXPECT_FALSE(reason.sentence.empty()) << reason.name;
    EXPECT_EQ(find_stall_reason(reason.name), &reason) << "each once";
    EXPECT_TRUE(reason.part_of.empty() || find_stall_reason(reason.part_of) != nullptr) << reason.name;
    EXPECT_TRUE(matches(kStallPattern, stall_metric(reason.name)));
    EXPECT_EQ(stall_reason_of(stall_metric(reason.name)), reason.name);
  }
  EXPECT_EQ(stall_reason_of("smsp__average_warps_issue_stalled_barrier_per_issue_active.ratio"), "barrier");
  EXPECT_EQ(stall_reason_of("smsp__warp_issue_stalled_.pct"), std::nullopt);
  EXPECT_EQ(stall_reason_of("dram__bytes_read.sum"), std::nullopt);
}

TEST(StallShares, AreOfTheTimeOfActiveWarpsLargestFirst) {
  const LaunchProfile launch{"k",
                             {metric(stall_metric("barrier"), 12.5), metric(stall_metric("long_scoreboard"), 60),
                              metric(stall_metric("wait"), std::nullopt), metric("dram__bytes_read.sum", 7)}};
  EXPECT_THAT(stall_shares(launch), ElementsAre(StallShare{"long_scoreboard", 0.6}, StallShare{"barrier", 0.125}));
}

TEST(StallShares, AreMadeOfWarpsPerIssueWhereOnlyThoseWereRead) {
  const auto name = [](const std::string& reason) {
    return "smsp__average_warps_issue_stalled_" + reason + "_per_issue_active.ratio";
  };
  LaunchProfile launch{"k", {metric(name("barrier"), 1, ""), metric(name("long_scoreboard"), 3, "")}};
  EXPECT_THAT(stall_shares(launch), ElementsAre(StallShare{"long_scoreboard", 0.75}, StallShare{"barrier", 0.25}));
  launch.metrics.push_back(metric(stall_metric("barrier"), 20));
  EXPECT_THAT(stall_shares(launch), ElementsAre(StallShare{"barrier", 0.2}));
}

TEST(StallShares, CountNothingTwice) {
  MetricValue old = metric("smsp__warp_issue_stalled_memory_dependency_per_warp_active.pct", 60);
  old.read_as = stall_metric("long_scoreboard");
  const LaunchProfile launch{
      "k", {old, metric(stall_metric("long_scoreboard"), 60), metric(stall_metric("long_scoreboard_pipe_l1tex"), 59)}};
  EXPECT_THAT(stall_shares(launch), ElementsAre(StallShare{"long_scoreboard", 0.6}));
  EXPECT_THAT(stall_shares({"k", {}}), IsEmpty());
}

TEST(Patterns, MatchWholeNames) {
  EXPECT_TRUE(matches("lts__*", "lts__t_sectors.sum"));
  EXPECT_TRUE(matches("*", ""));
  EXPECT_TRUE(matches("a*b*c", "axxbxbyc"));
  EXPECT_TRUE(matches("a?c", "abc"));
  EXPECT_FALSE(matches("a?c", "ac"));
  EXPECT_FALSE(matches("lts__*.sum", "lts__t_sectors.avg"));
  EXPECT_FALSE(matches("lts", "lts__t"));
  EXPECT_TRUE(is_pattern("lts__?"));
  EXPECT_FALSE(is_pattern("lts__t_sectors.sum"));
}

}  // namespace
}  // namespace scantune
