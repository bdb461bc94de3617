#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "cuda/cuda.h"
#include "device/cpu.h"
#include "sandbox.h"

namespace scantune::cli {
namespace {

using nlohmann::json;
using testing::ContainsRegex;
using testing::HasSubstr;
using testing::Not;
using testing::StartsWith;

std::vector<std::string> on_cpu(std::vector<std::string> more) {
  std::vector<std::string> arguments = {"profile", "--device", "cpu", "--shape", "64x4096", "--rounds", "3"};
  arguments.insert(arguments.end(), more.begin(), more.end());
  return arguments;
}

TEST(Profile, ShowsTimeCacheAndEveryCounterOnTheCpu) {
  Sandbox sandbox;
  const Finished run = sandbox.run(on_cpu({"--kernel", "cpu_row_carry"}));
  EXPECT_EQ(run.code, 0) << run.err;
  EXPECT_THAT(run.out, HasSubstr("\nVariant   cpu_row_carry "));
  EXPECT_THAT(run.out, ContainsRegex("\nTime      .* of the copy \\("));
  EXPECT_THAT(run.out, HasSubstr("over 3 rounds, each with the copy in it"));
  EXPECT_THAT(run.out, HasSubstr("\nCache     cold: "));
  EXPECT_THAT(run.out, HasSubstr("task-clock"));
  EXPECT_THAT(run.out, ContainsRegex("\nRead      [0-9]+ counters of 1 launch in [0-9]+ ms"));
  EXPECT_THAT(run.err, HasSubstr("cpu_row_carry")) << "which variant was chosen, and why";
}

TEST(Profile, TakesAVariantAsScantunePrintsItAndAnyOrderOfItsParameters) {
  Sandbox sandbox;
  const Finished listed =
      sandbox.run({"list", "variants", "--device", "cpu", "--shape", "64x4096", "--kernels", "cpu_row_carry"});
  const std::string variant = listed.out.substr(0, listed.out.find('\n'));
  const Finished run = sandbox.run(on_cpu({"--variant", variant, "--format", "json", "--metrics", "core"}));
  ASSERT_EQ(run.code, 0) << run.err;
  const json document = json::parse(run.out);
  EXPECT_EQ(document["format"], "scantune-profile");
  const json& profile = document["profile"];
  EXPECT_EQ(profile["variant"], variant);
  EXPECT_EQ(profile["failure"], nullptr);
  EXPECT_GT(profile["time_ns"]["median"], 0);
  EXPECT_EQ(document["samples"]["rounds"].size(), 3U);
  EXPECT_EQ(profile["profile_s"].size(), 1U);
  ASSERT_EQ(profile["launches"].size(), 1U);
  EXPECT_EQ(profile["launches"][0]["geometry"], nullptr) << "a CPU has no grid";
  EXPECT_EQ(profile["launches"][0]["metrics"].size(), cpu::core_metrics().size());
  for (const json& metric : profile["launches"][0]["metrics"]) {
    EXPECT_NE(metric["value"].is_null(), !metric.contains("reason")) << metric;
  }
}

TEST(Profile, ReadsSeveralTimesAndKeepsEachReading) {
  Sandbox sandbox;
  const Finished run = sandbox.run(on_cpu({"--kernel", "cpu_row_carry", "--metrics", "task-clock", "--repeats", "3",
                                           "--warm-runs", "1", "--format", "json"}));
  ASSERT_EQ(run.code, 0) << run.err;
  const json document = json::parse(run.out);
  EXPECT_EQ(document["profile"]["repeats"].size(), 3U);
  EXPECT_EQ(document["profile"]["profile_s"].size(), 3U);
  EXPECT_EQ(document["warm_runs"], 1);
}

TEST(Profile, WritesATableForSpreadsheets) {
  Sandbox sandbox;
  const Finished run = sandbox.run(on_cpu(
      {"--kernel", "cpu_row_carry", "--metrics", "task-clock,page-faults", "--format", "csv", "--cache", "hot"}));
  ASSERT_EQ(run.code, 0) << run.err;
  EXPECT_THAT(run.out, StartsWith("launch,function,name,value,unit,reason\n,,variant,cpu_row_carry "));
  EXPECT_THAT(run.out, HasSubstr("\n,,cache,hot,,\n"));
  EXPECT_THAT(run.out, ContainsRegex("\n1,cpu_row_carry,task-clock,[0-9.e+]*,ns,"));
}

TEST(Profile, FindsTheWinnerThatTuningWrote) {
  Sandbox sandbox;
  ASSERT_EQ(sandbox
                .run({"--device", "cpu", "--shape", "64x4096", "--kernels", "cpu_row_carry", "--budget", "2",
                      "--metrics", "none", "-q"})
                .code,
            0);
  const json best = json::parse(read_text(sandbox.work() / "results/best.json"));
  const std::string winner = best["entries"][0]["winner"]["variant"];
  for (const auto& choice :
       {std::vector<std::string>{"--best"}, {"--best", "results/best.json"}, {"--kernel", "cpu_row_carry"}}) {
    std::vector<std::string> arguments = on_cpu({"--metrics", "none", "--format", "json"});
    arguments.insert(arguments.end(), choice.begin(), choice.end());
    const Finished run = sandbox.run(arguments);
    ASSERT_EQ(run.code, 0) << run.err;
    EXPECT_EQ(json::parse(run.out)["profile"]["variant"], winner);
    EXPECT_THAT(run.err, HasSubstr("results/best.json"));
  }
  EXPECT_EQ(json::parse(read_text(sandbox.work() / "results/best.json")), best) << "profiling writes no results";
}

TEST(Profile, SaysWhyItHasNoTimeline) {
  Sandbox sandbox;
  const Finished run = sandbox.run(on_cpu({"--kernel", "cpu_row_carry", "--metrics", "none", "--timeline"}));
  EXPECT_EQ(run.code, 0) << run.err;
  EXPECT_THAT(run.out,
              HasSubstr("\nTimeline  not available: this device has no counters that can be sampled over time\n"));
  const Finished as_json =
      sandbox.run(on_cpu({"--kernel", "cpu_row_carry", "--metrics", "none", "--timeline", "--format", "json"}));
  ASSERT_EQ(as_json.code, 0) << as_json.err;
  const json profile = json::parse(as_json.out)["profile"];
  EXPECT_EQ(profile["timeline"], nullptr);
  EXPECT_THAT(profile["timeline_reason"].get<std::string>(), HasSubstr("sampled over time"));
  EXPECT_THAT(sandbox.run(on_cpu({"--kernel", "cpu_row_carry", "--metrics", "none"})).out, Not(HasSubstr("Timeline")));
}

// What is recorded holds fewer rounds than are asked for: some samples are drawn again, and how many is said.
TEST(Profile, SaysWhatAReplayDrewAgain) {
  if (!std::filesystem::exists(SCANTUNE_SWEEPS)) {
    GTEST_SKIP() << "zstd is missing, which unpacks results/h200-sweeps.jsonl.zst";
  }
  Sandbox sandbox;
  const std::vector<std::string> arguments = {"profile",
                                              "--device",
                                              std::string("replay:") + SCANTUNE_SWEEPS,
                                              "--shape",
                                              "4096x4096",
                                              "--variant",
                                              "row_carry tile=2048 warps=4 stages=2 storage=async",
                                              "--rounds",
                                              "60"};
  const Finished run = sandbox.run(arguments);
  ASSERT_EQ(run.code, 0) << run.err;
  EXPECT_THAT(run.out, ContainsRegex("\nReplay +nothing was measured: all is from "));
  EXPECT_THAT(run.out, ContainsRegex("\n +[0-9]+ of 60 samples are recorded ones drawn again \\(a bootstrap\\)"));
  EXPECT_THAT(sandbox.run({"profile", "--help"}).out, HasSubstr("replay:JOURNAL"));
}

TEST(Profile, CountsPassesWithoutAGpu) {
  Sandbox sandbox;
  const auto counts = cuda::count_passes_of("core,stalls", "GH100");
  const Finished run = sandbox.run({"profile", "--passes", "--metrics", "core,stalls", "--chip", "GH100"});
  if (!counts) {
    EXPECT_EQ(run.code, 2);
    return;
  }
  EXPECT_EQ(run.code, 0) << run.err;
  EXPECT_THAT(run.out, ContainsRegex("\ncore +11 +2\n"));
  EXPECT_THAT(run.out,
              ContainsRegex(fmt::format("\ntogether +{} +{}\n", counts->together.metrics, counts->together.passes)));
  const json document = json::parse(
      sandbox.run({"profile", "--passes", "--metrics", "lts__t_sectors_op_*", "--chip", "gh100", "--format", "json"})
          .out);
  EXPECT_GT(document["together"]["metrics"], 2);
  EXPECT_GE(document["together"]["passes"], 1);
}

struct Case {
  const char* name;
  std::vector<std::string> arguments;
  std::vector<std::string> said;
};

class ProfileBadInput : public testing::TestWithParam<Case> {};

TEST_P(ProfileBadInput, GetsOneLine) {
  Sandbox sandbox;
  const Finished run = sandbox.run(GetParam().arguments);
  EXPECT_EQ(run.code, 2);
  EXPECT_EQ(run.out, "");
  EXPECT_THAT(run.err, StartsWith("scantune: "));
  EXPECT_EQ(line_count(run.err), 1U) << run.err;
  for (const std::string& part : GetParam().said) {
    EXPECT_THAT(run.err, HasSubstr(part));
  }
  EXPECT_TRUE(sandbox.files().empty());
}

INSTANTIATE_TEST_SUITE_P(
    All, ProfileBadInput,
    testing::Values(
        Case{"NoVariant", on_cpu({}), {"--best", "--kernel", "--variant"}},
        Case{"TwoChoices", on_cpu({"--best", "--kernel", "cpu_row_carry"}), {"--kernel", "--best"}},
        Case{"NoShape", {"profile", "--device", "cpu", "--kernel", "cpu_row_carry"}, {"--shape"}},
        Case{"UnknownKernel", on_cpu({"--kernel", "row_cary"}), {"--kernel row_cary", "cpu_row_carry"}},
        Case{"IncompleteVariant", on_cpu({"--variant", "cpu_row_carry"}), {"not complete", "tile="}},
        Case{"UnknownParameter", on_cpu({"--variant", "cpu_row_carry tiel=8"}), {"no parameter 'tiel'"}},
        Case{"NoBestFile", on_cpu({"--best"}), {"results/best.json", "tune first"}},
        Case{"SetWithoutKernel", on_cpu({"--best", "--set", "tile=8"}), {"--set tile=8", "--kernel"}},
        Case{"SeedMetricsOnTheCpu",
             on_cpu({"--kernel", "cpu_row_carry", "--metrics", "seed"}),
             {"--metrics seed", "counters of a GPU"}},
        Case{"PatternThatMatchesNothing",
             on_cpu({"--kernel", "cpu_row_carry", "--metrics", "xyz*"}),
             {"--metrics xyz*", "no metric of the CPU matches"}},
        Case{"NoRounds", {"profile", "--shape", "64", "--best", "--rounds", "0"}, {"--rounds '0'", "from 1"}},
        Case{"NegativeWarmRuns", {"profile", "--shape", "64", "--best", "--warm-runs", "-1"}, {"--warm-runs"}},
        Case{"UnknownFormat", {"profile", "--shape", "64", "--best", "--format", "xml"}, {"text, json, csv"}},
        Case{"PassesOfTheCpu", {"profile", "--passes", "--device", "cpu"}, {"--chip"}},
        Case{"PassesOfAShape", {"profile", "--passes", "--chip", "GH100", "--shape", "64"}, {"--shape", "--passes"}},
        Case{"PassesOverTime", {"profile", "--passes", "--chip", "GH100", "--timeline"}, {"--timeline", "--passes"}},
        Case{"ChipWithoutPasses", {"profile", "--shape", "64", "--best", "--chip", "GH100"}, {"--chip GH100"}}),
    [](const testing::TestParamInfo<Case>& of) { return of.param.name; });

}  // namespace
}  // namespace scantune::cli
