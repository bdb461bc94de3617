#include "profile/sheet.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "catalog/occupancy.h"
#include "profile/compare.h"

namespace scantune::profile {
namespace {

using testing::IsEmpty;
using testing::Not;
using testing::SizeIs;

MetricValue counter(const std::string& name, double value, const std::string& unit) {
  return {name, name, value, unit, ""};
}

// One measured variant of one launch on an H200.
Outcome one_launch(const EntryResources& resources) {
  Outcome outcome;
  outcome.workload.shape = *make_shape({32768, 32768}, 1);
  outcome.device.chip = *reference_chip(90);
  Record record;
  record.variant = *parse_variant("row_carry tile=8192 warps=16 stages=2");
  record.resources = {resources};
  record.bytes_in_flight_per_sm = 65536;
  record.profile = Profile{
      {{resources.entry,
        {counter("sm__warps_active.avg.pct_of_peak_sustained_active", 24.5, "%"),
         counter("dram__bytes_read.sum", 4294967296.0, "bytes"),
         counter("dram__bytes_write.sum", 4294967296.0, "bytes"), counter(stall_metric("long_scoreboard"), 43, "%")}}}};
  outcome.records = {record};
  outcome.ranking = {{0, Phase::final, {2.0e6, 1.99e6, 2.01e6}, {0.99, 0.98, 1.0}}};
  return outcome;
}

EntryResources resources(int registers, int64_t shared, int threads, int64_t grid, int blocks_per_sm) {
  return {.entry = "scantune::row_carry<float, float, 8192, 16, 2>",
          .registers_per_thread = registers,
          .static_shared_bytes = 0,
          .dynamic_shared_bytes = shared,
          .spill_bytes = 0,
          .block_threads = threads,
          .grid_blocks = grid,
          .blocks_per_sm = blocks_per_sm};
}

TEST(Sheet, SaysWhatLimitsTheOccupancy) {
  struct Case {
    EntryResources of;
    const char* limited_by = nullptr;
    double theoretical = 0;
  };
  // An SM of an H200 has 65536 registers, 2048 threads, 32 blocks and 228 KiB of shared memory.
  for (const Case& one :
       {Case{resources(128, 0, 512, 32768, 1), "registers", 0.25},
        Case{resources(32, 100'000, 256, 32768, 2), "shared memory", 0.25},
        Case{resources(16, 0, 1024, 32768, 2), "threads", 1.0}, Case{resources(16, 0, 32, 1 << 20, 32), "blocks", 0.5},
        Case{resources(128, 0, 512, 100, 1), "grid", 0.25}}) {
    const ProfileSheet sheet = sheet_of(one_launch(one.of), 0);
    ASSERT_THAT(sheet.launches, SizeIs(1));
    ASSERT_TRUE(sheet.launches[0].occupancy);
    EXPECT_EQ(sheet.launches[0].occupancy->limited_by, one.limited_by);
    EXPECT_DOUBLE_EQ(sheet.launches[0].occupancy->theoretical, one.theoretical) << one.limited_by;
    EXPECT_EQ(sheet.launches[0].occupancy->achieved, 0.245);
  }
}

TEST(Sheet, AgreesWithTheModelOnBlocks) {
  const Chip chip = *reference_chip(90);
  const OccupancyLimits limits = occupancy_limits(128, 20'000, 512, chip);
  EXPECT_EQ(limits.blocks(), blocks_per_sm({.registers_per_thread = 128, .shared_bytes_per_block = 20'000}, 512, chip));
  EXPECT_EQ(limits.by(), "registers");
  EXPECT_EQ(limits.threads, 4);
  EXPECT_EQ(limits.slots, chip.max_blocks_per_sm);
}

TEST(Sheet, WithoutAdviceSaysWhyThereIsNone) {
  Outcome outcome = one_launch(resources(128, 0, 512, 32768, 1));
  outcome.device.chip = {};
  outcome.device.chip.backend = Backend::cpu;
  Record& record = outcome.records.front();
  record.variant = *parse_variant("cpu_row_carry tile=1024 prefetch=falling threads=2 unroll=2 store=cached");
  record.resources.clear();
  record.profile.reset();
  outcome.ranking.front().ratio_to_copy = {0.73, 0.72, 0.74};
  const ProfileSheet far = sheet_of(outcome, 0);
  ASSERT_EQ(far.explanations.size(), 1U);
  EXPECT_THAT(far.explanations[0].advice, IsEmpty());
  EXPECT_EQ(far.explanations[0].no_advice.find("no advice: "), 0U) << far.explanations[0].no_advice;
  outcome.ranking.front().ratio_to_copy = {1, 0.99, 1.01};
  EXPECT_EQ(sheet_of(outcome, 0).explanations.front().no_advice.find("nothing is left"), 0U);
}

TEST(Sheet, HoldsBytesAgainstTheFewestPossibleAndExplains) {
  const Outcome outcome = one_launch(resources(128, 0, 512, 32768, 1));
  const ProfileSheet sheet = sheet_of(outcome, 0);
  EXPECT_EQ(sheet.read_bytes, 4294967296.0);
  EXPECT_EQ(sheet.written_bytes, 4294967296.0);
  EXPECT_EQ(sheet.launches[0].function, "row_carry");
  EXPECT_NEAR(sheet.launches[0].waves, 32768.0 / outcome.device.chip.multiprocessors, 1e-9);
  EXPECT_EQ(sheet.launches[0].stalls.front(), (StallShare{"long_scoreboard", 0.43}));
  EXPECT_GT(sheet.bytes_needed_per_sm, 0);
  ASSERT_THAT(sheet.explanations, Not(IsEmpty()));
  EXPECT_FALSE(sheet.explanations.front().sentence.empty());
}

TEST(Sheet, AddsUpNothingWhereALaunchWasNotCounted) {
  Outcome outcome = one_launch(resources(128, 0, 512, 32768, 1));
  Profile& profile = *outcome.records[0].profile;
  profile.launches.push_back(profile.launches[0]);
  EXPECT_EQ(sheet_of(outcome, 0).read_bytes, 2 * 4294967296.0);
  profile.launches[1].metrics[1].value.reset();
  EXPECT_EQ(sheet_of(outcome, 0).read_bytes, std::nullopt);
}

BestEntry entry(double ratio, const std::string& chip) {
  BestEntry e;
  e.workload.shape = *make_shape({4096, 4096}, 1);
  e.chip = *reference_chip(90);
  e.chip.name = chip;
  Contender winner;
  winner.variant = *parse_variant("row_carry tile=8192 warps=16 stages=2");
  winner.time_ns = {1e6 / ratio, 1e6 / ratio, 1e6 / ratio};
  winner.ratio_to_copy = {ratio, ratio, ratio};
  e.contenders = {winner};
  for (int i = 0; i < 20; ++i) {
    const double copy_ns = 1e6 * (1 + 0.001 * (i % 5));
    e.rounds.push_back({Phase::final, {{kCopy, copy_ns}, {0, copy_ns / (ratio * (1 + 0.0005 * (i % 3 - 1)))}}});
  }
  return e;
}

TEST(Compare, HoldsResultsOfTwoRunsByTheirRatiosToTheCopy) {
  const SideBySide faster = compare(entry(0.99, "A"), "a.json", entry(0.90, "B"), "b.json");
  EXPECT_EQ(faster.paired_rounds, 0);
  EXPECT_NEAR(faster.speedup.median, 1.1, 1e-6);
  EXPECT_LT(faster.speedup.low, 1.1);
  EXPECT_GT(faster.speedup.high, 1.1);
  EXPECT_EQ(faster.standoff, Standoff::faster);
  EXPECT_EQ(faster.a.source, "a.json");
  EXPECT_EQ(compare(entry(0.99, "A"), "", entry(0.99, "A"), "").standoff, Standoff::equivalent);
  EXPECT_EQ(compare(entry(0.90, "A"), "", entry(0.99, "A"), "").standoff, Standoff::slower);
}

TEST(Compare, MatchesEntriesOfTheSameWorkloadAndOfTheSameChipWhereThereIsOne) {
  BestEntry other = entry(0.9, "A");
  other.workload.dtype = DType::f16;
  const std::vector<BestEntry> a = {other, entry(0.9, "A")};
  const std::vector<BestEntry> b = {entry(0.8, "B"), entry(0.7, "A")};
  const auto found = matches(a, b);
  ASSERT_THAT(found, SizeIs(1));
  EXPECT_EQ(found[0].a, &a[1]);
  EXPECT_EQ(found[0].b, &b[1]);
  EXPECT_THAT(matches(a, {b[0]}), SizeIs(1));
}

}  // namespace
}  // namespace scantune::profile
