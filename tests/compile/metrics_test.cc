// Metric names, resolved and planned by CUPTI's host API for chips that are not here.
#include "cuda/metrics.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <optional>
#include <string>
#include <vector>

#include "core/stall.h"
#include "cuda/counters.h"
#include "cuda/cuda.h"
#include "cuda/cupti_host.h"

namespace scantune::cuda {
namespace {

using testing::Contains;
using testing::ElementsAre;
using testing::Field;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::IsSupersetOf;
using testing::Not;

const std::vector<std::string> kChips = {"AD102", "GA100", "GH100", "GB100", "GB202"};

const std::string kOldStall = "smsp__warp_issue_stalled_memory_dependency_per_warp_active.pct";
const std::string kNewStall = "smsp__warp_issue_stalled_long_scoreboard_per_warp_active.pct";

class HostApi : public testing::Test {
 protected:
  void SetUp() override {
    if (const auto chips = metric_chips(); !chips) {
      GTEST_SKIP() << chips.error().message;
    }
  }

  static ResolvedMetric resolve(const std::string& chip, const std::string& name) {
    const auto host = MetricHost::open(chip).value();
    return resolve_metric(name, [&](const std::string& term) { return host->properties(term); });
  }

  // The passes of a list of requested names, as a profile would collect them.
  static int passes(const std::string& chip, const std::vector<std::string>& requested) {
    std::vector<std::string> terms;
    for (const std::string& name : requested) {
      const auto more = resolve(chip, name).terms;
      terms.insert(terms.end(), more.begin(), more.end());
    }
    return count_passes(chip, terms).value();
  }

  static std::string error_of(const std::string& text, const std::string& chip) {
    const auto names = resolve_metrics(text, chip);
    EXPECT_FALSE(names.has_value());
    EXPECT_EQ(names.error().kind, ErrorKind::bad_input);
    EXPECT_EQ(names.error().message.find('\n'), std::string::npos);
    return names.error().message;
  }
};

TEST(MetricRequests, ExpandSetsAndKeepEachNameOnce) {
  const auto requests = parse_metrics("core, sm__cycles_elapsed.max,lts__t_sectors.sum").value();
  ASSERT_EQ(requests.size(), core_metrics().size() + 1);
  EXPECT_EQ(requests.front(), (MetricRequest{"gpu__time_duration.sum", true}));
  EXPECT_EQ(requests.back(), (MetricRequest{"lts__t_sectors.sum", false}));
  EXPECT_THAT(requests, Contains(MetricRequest{"sm__cycles_elapsed.max", false}));
  EXPECT_THAT(parse_metrics("none").value(), IsEmpty());
}

TEST(MetricRequests, RefuseEmptyItemsAndNoneAmongOthers) {
  for (const char* text : {"", "core,", ",core", "core,,seed", "none,core"}) {
    const auto requests = parse_metrics(text);
    ASSERT_FALSE(requests.has_value()) << text;
    EXPECT_EQ(requests.error().kind, ErrorKind::bad_input);
    EXPECT_THAT(requests.error().message, HasSubstr("none"));
  }
}

TEST(Units, AreWrittenAsPeopleReadThem) {
  EXPECT_EQ(unit_of("percent"), "%");
  EXPECT_EQ(unit_of("nanosecond"), "ns");
  EXPECT_EQ(unit_of("byte"), "bytes");
  EXPECT_EQ(unit_of("byte/second"), "bytes/s");
  EXPECT_EQ(unit_of("gpc_cycle"), "cycles");
  EXPECT_EQ(unit_of("gpc_cycle/second"), "cycles/s");
  EXPECT_EQ(unit_of("l2_sector"), "sectors");
  EXPECT_EQ(unit_of("byte/l2_sector"), "byte/l2_sector");
  EXPECT_EQ(unit_of(""), "");
}

TEST(LaunchMetrics, AreAnsweredFromTheLaunch) {
  const EntryResources launch{.entry = "kernel",
                              .registers_per_thread = 40,
                              .static_shared_bytes = 128,
                              .dynamic_shared_bytes = 65536,
                              .spill_bytes = 0,
                              .block_threads = 256,
                              .grid_blocks = 1 << 20,
                              .blocks_per_sm = 2};
  EXPECT_EQ(launch_value("launch__grid_size", launch), 1 << 20);
  EXPECT_EQ(launch_value("launch__block_size", launch), 256);
  EXPECT_EQ(launch_value("launch__thread_count", launch), 1 << 28);
  EXPECT_EQ(launch_value("launch__registers_per_thread", launch), 40);
  EXPECT_EQ(launch_value("launch__shared_mem_per_block_static", launch), 128);
  EXPECT_EQ(launch_value("launch__shared_mem_per_block_dynamic", launch), 65536);
  EXPECT_EQ(launch_value("sm__cycles_elapsed.max", launch), std::nullopt);
  EXPECT_EQ(launch_value("launch__grid_size", EntryResources{}), std::nullopt);
}

TEST(Profiler, GivesEveryMetricAReasonWhereNoCounterCanBeRead) {
  // A null context: CUPTI refuses it where there is a GPU, and itself where there is none.
  const auto profiler = make_profiler(nullptr, 0);
  ProfiledLaunch launch{"kernel", [] { return Expected<void>{}; }, {}};
  launch.resources.block_threads = 256;
  launch.resources.grid_blocks = 7;
  const auto nothing = [] { return Expected<void>{}; };
  for (int repeat = 0; repeat < 2; ++repeat) {
    const auto profile = profiler->profile({launch, launch}, {"dram__bytes_read.sum", "launch__grid_size"},
                                           {.before = nothing, .lead = {}, .synchronize = nothing});
    ASSERT_TRUE(profile.has_value());
    ASSERT_EQ(profile->launches.size(), 2U);
    for (const LaunchProfile& row : profile->launches) {
      EXPECT_EQ(row.entry, "kernel");
      ASSERT_EQ(row.metrics.size(), 2U);
      EXPECT_EQ(row.metrics[0].requested, "dram__bytes_read.sum");
      EXPECT_EQ(row.metrics[0].value, std::nullopt);
      EXPECT_THAT(row.metrics[0].reason, Not(IsEmpty()));
      EXPECT_EQ(row.metrics[1].value, 7);
      EXPECT_THAT(row.metrics[1].reason, IsEmpty());
    }
  }
}

TEST_F(HostApi, KnowsTheChipsScantuneTargets) { EXPECT_THAT(metric_chips().value(), IsSupersetOf(kChips)); }

TEST_F(HostApi, CountsThePassesOfSingleMetrics) {
  struct Row {
    const char* name;
    std::vector<std::optional<int>> passes;  // on kChips; nothing: the chip does not have it
  };
  const std::vector<Row> rows = {
      {"dram__throughput.avg.pct_of_peak_sustained_elapsed", {1, 1, 1, 1, 1}},
      {"lts__t_sector_hit_rate.pct", {2, 2, 2, 2, 2}},
      {"smsp__warp_issue_stalled_long_scoreboard_per_warp_active.pct", {1, 1, 1, 1, 2}},
      {"sm__throughput.avg.pct_of_peak_sustained_elapsed", {6, 5, 8, 8, 8}},
      {"sm__warps_active.avg.pct_of_peak_sustained_active", {1, 1, 1, 1, 1}},
      {"gpu__time_duration.sum", {1, 1, 1, 1, 1}},
      {"dram__bytes_read.sum", {1, 1, 1, 1, {}}},
      {"dram__bytes_op_read.sum", {{}, {}, {}, {}, 1}},
      {"smsp__warp_issue_stalled_gmma_per_warp_active.pct", {{}, {}, 1, {}, {}}},
      {"smsp__warp_issue_stalled_memory_dependency_per_warp_active.pct", {{}, {}, {}, {}, {}}},
      {"launch__grid_size", {{}, {}, {}, {}, {}}},
  };
  for (const Row& row : rows) {
    for (size_t i = 0; i < kChips.size(); ++i) {
      const auto counted = count_passes(kChips[i], {row.name});
      EXPECT_EQ(counted ? std::optional(*counted) : std::nullopt, row.passes[i]) << row.name << " on " << kChips[i];
      EXPECT_EQ(MetricHost::open(kChips[i]).value()->properties(row.name).has_value(), row.passes[i].has_value());
    }
  }
}

TEST_F(HostApi, CollectsTheCoreSetInTwoPassesEverywhere) {
  for (const std::string& chip : kChips) {
    EXPECT_EQ(passes(chip, core_metrics()), 2) << chip;
    EXPECT_EQ(resolve_metrics("core", chip).value(), core_metrics()) << chip;
    for (const std::string& name : core_metrics()) {
      EXPECT_TRUE(resolve(chip, name).known) << name << " on " << chip;
    }
  }
}

TEST_F(HostApi, ReadsEveryMetricOfTheSeedUnderItsOwnName) {
  for (const std::string& chip : kChips) {
    EXPECT_EQ(resolve_metrics("seed", chip).value(), seed_metrics());
    for (const std::string& name : seed_metrics()) {
      const ResolvedMetric metric = resolve(chip, name);
      EXPECT_TRUE(metric.known) << name << " on " << chip;
      EXPECT_EQ(metric.requested, name);
      EXPECT_EQ(metric.read_as, name == kOldStall ? kNewStall : name);
      const bool counts_blocks = name == "launch__grid_size";
      EXPECT_EQ(metric.unit, counts_blocks ? "blocks" : name == "gpu__time_duration.sum" ? "ns" : "%");
    }
  }
}

TEST_F(HostApi, ReadsOldNamesUnderNewOnes) {
  const ResolvedMetric throttle = resolve("GH100", "smsp__warp_issue_stalled_memory_throttle_per_warp_active.pct");
  EXPECT_THAT(throttle.terms, ElementsAre("smsp__warp_issue_stalled_lg_throttle_per_warp_active.pct",
                                          "smsp__warp_issue_stalled_drain_per_warp_active.pct"));
  EXPECT_EQ(throttle.read_as,
            "smsp__warp_issue_stalled_lg_throttle_per_warp_active.pct + "
            "smsp__warp_issue_stalled_drain_per_warp_active.pct");
  EXPECT_EQ(throttle.unit, "%");
  EXPECT_THAT(resolve("GB202", "dram__bytes_read.sum").terms, ElementsAre("dram__bytes_op_read.sum"));
  EXPECT_THAT(resolve("GB202", "dram__bytes_write.sum.per_second").terms,
              ElementsAre("dram__bytes_op_write.sum.per_second"));
  EXPECT_THAT(resolve("GH100", "dram__bytes_read.sum").terms, ElementsAre("dram__bytes_read.sum"));
  EXPECT_FALSE(resolve("GH100", "smsp__warp_issue_stalled_memory_dependency_per_warp_active.nonsense").known);
}

TEST_F(HostApi, KeepsTheNamesOfASetThatAChipLacks) {
  // GB10B shares its memory with a CPU and counts no DRAM traffic.
  EXPECT_EQ(resolve_metrics("core", "GB10B").value(), core_metrics());
  EXPECT_FALSE(resolve("GB10B", "dram__bytes_read.sum").known);
  EXPECT_THAT(error_of("dram__bytes_read.sum", "GB10B"), HasSubstr("unknown metric 'dram__bytes_read.sum' on GB10B"));
}

TEST_F(HostApi, RefusesUnknownNamesWithTheClosestOnes) {
  EXPECT_EQ(error_of("core,dram__byte_read.sum", "GH100"),
            "unknown metric 'dram__byte_read.sum' on GH100; closest: dram__bytes_read.sum, dram__bytes.sum, "
            "dram__bytes_write.sum; see 'scantune list metrics'");
  EXPECT_THAT(error_of("dram__bytes_read", "GH100"), HasSubstr("closest: dram__bytes_read.sum;"));
  EXPECT_THAT(error_of("lts__t_sector_hit_rate.pc", "GH100"), HasSubstr("closest: lts__t_sector_hit_rate.pct"));
  EXPECT_THAT(error_of("launch__gridsize", "GH100"), HasSubstr("closest: launch__grid_size"));
  EXPECT_EQ(error_of("xyz", "GH100"), "unknown metric 'xyz' on GH100; see 'scantune list metrics'");
  EXPECT_THAT(error_of("core", "GH999"), HasSubstr("GH100"));
}

TEST_F(HostApi, ReadsEveryStallReasonAChipHasAndKnowsWhatItMeans) {
  for (const std::string& chip : kChips) {
    const auto names = resolve_metrics("stalls", chip).value();
    std::vector<std::string> on_chip;
    for (const BaseMetric& base : MetricHost::open(chip).value()->base_metrics()) {
      if (base.name.starts_with("smsp__warp_issue_stalled_")) {
        on_chip.push_back(base.name + ".pct");
      }
    }
    EXPECT_GE(on_chip.size(), 17U) << chip;
    EXPECT_THAT(names, IsSupersetOf(on_chip)) << chip;
    for (const std::string& name : on_chip) {
      const auto reason = stall_reason_of(name);
      ASSERT_TRUE(reason) << name;
      EXPECT_NE(find_stall_reason(*reason), nullptr) << *reason << " of " << chip << " has no sentence";
    }
  }
}

TEST_F(HostApi, ExpandsPatternsToWhatTheChipHas) {
  EXPECT_THAT(resolve_metrics("lts__t_sectors_op_re*", "GH100").value(),
              IsSupersetOf({std::string("lts__t_sectors_op_read.sum"), std::string("lts__t_sectors_op_red.sum")}));
  EXPECT_THAT(resolve_metrics("lts__t_sectors_op_read.a??", "GH100").value(),
              ElementsAre("lts__t_sectors_op_read.avg"));
  EXPECT_THAT(resolve_metrics("launch__*_size", "GH100").value(),
              ElementsAre("launch__grid_size", "launch__block_size"));
  EXPECT_THAT(error_of("core,xyz__*", "GH100"), HasSubstr("no metric of GH100 matches 'xyz__*'"));
}

TEST_F(HostApi, APatternLeavesOutWhatIsCountedApartFromKernels) {
  const auto names = resolve_metrics("*bytes*", "GH100").value();
  EXPECT_THAT(names, Contains("dram__bytes.sum"));
  EXPECT_THAT(names, Not(Contains(testing::StartsWith("ctc__"))));
  EXPECT_TRUE(count_passes_of("*bytes*", "GH100").has_value());
  EXPECT_THAT(resolve_metrics("ctc__*bytes", "GH100").value(), Contains("ctc__rx_bytes.sum"));
  EXPECT_THAT(count_passes_of("ctc__*bytes,dram__bytes.sum", "GH100").error().message,
              HasSubstr("does not count metrics of all these units together: ctc, dram"));
}

TEST_F(HostApi, CountsThePassesOfSetsAloneAndTogether) {
  for (const std::string& chip : kChips) {
    const auto counts = count_passes_of("core,stalls,memory", chip).value();
    ASSERT_EQ(counts.items.size(), 3U);
    EXPECT_EQ(counts.items[0].passes, 2) << chip;
    int most = 0;
    int sum = 0;
    for (const PassCount& item : counts.items) {
      most = std::max(most, item.passes);
      sum += item.passes;
    }
    EXPECT_GE(counts.together.passes, most) << chip;
    EXPECT_LE(counts.together.passes, sum) << chip;
    EXPECT_THAT(counts.together.missing, IsEmpty()) << chip;
    EXPECT_THAT(count_passes_of("full", chip).value().together.missing, IsEmpty()) << chip;
  }
  EXPECT_FALSE(count_passes_of("core", "GH999").has_value());
  EXPECT_FALSE(count_passes_of("dram__byte_read.sum", "GH100").has_value());
}

TEST(MetricRequests, GiveNamesOfTheSetsWhereNoChipCanBeAsked) {
  const auto names = without_chip(parse_metrics("stalls,xyz__*").value());
  EXPECT_THAT(names, Contains(kNewStall));
  EXPECT_THAT(names, Contains("xyz__*")) << "reported as missing, with the reason";
  EXPECT_EQ(without_chip(parse_metrics("core").value()), core_metrics());
}

TEST_F(HostApi, AsksNothingOfAChipForNoMetrics) { EXPECT_THAT(resolve_metrics("none", "").value(), IsEmpty()); }

TEST_F(HostApi, ListsTheSetsWithUnitsAndPasses) {
  const auto list = list_metrics("GB202", false).value();
  const auto find = [&](const std::string& name) {
    const auto found = std::find_if(list.begin(), list.end(), [&](const MetricInfo& m) { return m.name == name; });
    return found == list.end() ? MetricInfo{} : *found;
  };
  EXPECT_EQ(find("gpu__time_duration.sum").unit, "ns");
  EXPECT_EQ(find("lts__t_sector_hit_rate.pct").passes, 2);
  EXPECT_EQ(find("dram__bytes_read.sum").unit, "bytes");
  EXPECT_THAT(find("dram__bytes_read.sum").description, HasSubstr("read as dram__bytes_op_read.sum"));
  EXPECT_EQ(find(kOldStall).passes, 2);
  EXPECT_EQ(find("launch__grid_size").passes, 0);
  EXPECT_THAT(list_metrics("GB10B", false).value(), Not(Contains(Field(&MetricInfo::name, "dram__bytes_read.sum"))));
  EXPECT_FALSE(list_metrics("GH999", false).has_value());
}

TEST_F(HostApi, ListsAllMetricsUnderNamesThatCanBeAskedFor) {
  const auto list = list_metrics("TU102", true).value();  // the smallest list: each pass count takes its time
  EXPECT_GT(list.size(), 1500U);
  for (size_t i = 0; i < list.size(); i += 97) {
    EXPECT_TRUE(resolve_metrics(list[i].name, "TU102").has_value()) << list[i].name;
    EXPECT_GE(list[i].passes, list[i].name.starts_with("launch__") ? 0 : 1) << list[i].name;
  }
}

}  // namespace
}  // namespace scantune::cuda
