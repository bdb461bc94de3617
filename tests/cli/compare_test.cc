#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <nlohmann/json.hpp>

#include "sandbox.h"

namespace scantune::cli {
namespace {

using nlohmann::json;
using testing::ContainsRegex;
using testing::HasSubstr;
using testing::StartsWith;

// Two variants of one family that this CPU admits.
std::vector<std::string> two_variants(Sandbox& sandbox) {
  const std::string out =
      sandbox.run({"list", "variants", "--device", "cpu", "--shape", "64x4096", "--kernels", "cpu_row_carry"}).out;
  const size_t first = out.find('\n');
  return {out.substr(0, first), out.substr(first + 1, out.find('\n', first + 1) - first - 1)};
}

TEST(Compare, MeasuresTwoVariantsInTheSameRounds) {
  Sandbox sandbox;
  const auto variants = two_variants(sandbox);
  std::vector<std::string> arguments = {"compare", variants[0], variants[1], "--device",  "cpu", "--shape",
                                        "64x4096", "--rounds",  "8",         "--metrics", "core"};
  const Finished run = sandbox.run(arguments);
  ASSERT_EQ(run.code, 0) << run.err;
  EXPECT_THAT(run.out, HasSubstr("\nA         " + variants[0] + "\n"));
  EXPECT_THAT(run.out, HasSubstr("\nB         " + variants[1] + "\n"));
  EXPECT_THAT(run.out, ContainsRegex("times as fast · 95% interval, paired over 8 rounds"));
  EXPECT_THAT(run.out, HasSubstr("\nChanged "));
  arguments.insert(arguments.end(), {"--format", "json"});
  const json document = json::parse(sandbox.run(arguments).out);
  EXPECT_EQ(document["format"], "scantune-compare");
  const json& comparison = document["comparisons"][0];
  EXPECT_EQ(comparison["paired_rounds"], 8);
  EXPECT_LE(comparison["speedup"]["low"], comparison["speedup"]["median"]);
  EXPECT_LE(comparison["speedup"]["median"], comparison["speedup"]["high"]);
  EXPECT_EQ(document["samples"]["rounds"].size(), 8U);
  EXPECT_EQ(document["samples"]["subjects"].size(), 3U);
}

TEST(Compare, HoldsResultsOfTwoRunsAgainstEachOther) {
  Sandbox sandbox;
  const auto variants = two_variants(sandbox);
  const auto tune = [&](const std::string& out, const std::string& budget) {
    return sandbox.run({"--device", "cpu", "--shape", "64x4096", "--kernels", "cpu_row_carry", "--budget", budget,
                        "--metrics", "none", "--out", out, "--fresh", "--format", "json"});
  };
  const Finished a = tune("a.json", "1");
  ASSERT_EQ(a.code, 0) << a.err;
  const Finished b = tune("b.json", "2");
  ASSERT_EQ(b.code, 0) << b.err;
  sandbox.write("run.json", b.out);  // what --format json printed
  for (const char* other : {"b.json", "run.json"}) {
    const Finished run = sandbox.run({"compare", "a.json", other});
    ASSERT_EQ(run.code, 0) << run.err;
    EXPECT_THAT(run.out, StartsWith("64x4096 f32"));
    EXPECT_THAT(run.out, HasSubstr("by their ratios to the copy"));
    EXPECT_THAT(run.out, HasSubstr(other));
  }
  const json itself = json::parse(sandbox.run({"compare", "b.json", "run.json", "--format", "json"}).out);
  EXPECT_EQ(itself["comparisons"][0]["speedup"]["median"], 1.0);
  EXPECT_EQ(itself["comparisons"][0]["paired_rounds"], 0);
  EXPECT_EQ(itself["samples"], nullptr);
}

// Nothing is measured: what was recorded of the two, and how much of it had to be drawn again, is said.
TEST(Compare, HoldsRecordedVariantsAgainstEachOther) {
  if (!std::filesystem::exists(SCANTUNE_SWEEPS)) {
    GTEST_SKIP() << "zstd is missing, which unpacks results/h200-sweeps.jsonl.zst";
  }
  Sandbox sandbox;
  const std::string fast = "row_carry tile=32768 warps=8 stages=1 storage=registers";
  const std::string slow = "row_carry tile=8192 warps=8 stages=1 storage=registers";
  const std::string device = std::string("replay:") + SCANTUNE_SWEEPS;
  const Finished run = sandbox.run({"compare", fast, slow, "--device", device, "--shape", "32768x32768"});
  ASSERT_EQ(run.code, 0) << run.err;
  EXPECT_THAT(run.out, ContainsRegex("Speed +A is 4\\.[0-9]% faster than B"));
  EXPECT_THAT(run.out, ContainsRegex("smsp__inst_executed.sum .*instructions .*\\+34\\.[0-9]% +100%"));
  EXPECT_THAT(run.out, ContainsRegex("Replay +nothing was measured"));
  EXPECT_THAT(run.out, ContainsRegex("[0-9]+ of 60 samples are recorded ones drawn again"));
}

struct Case {
  const char* name;
  std::vector<std::string> arguments;
  std::vector<std::string> said;
};

class CompareBadInput : public testing::TestWithParam<Case> {};

TEST_P(CompareBadInput, GetsOneLine) {
  Sandbox sandbox;
  sandbox.write("other.json", R"({"some": "thing"})");
  const Finished run = sandbox.run(GetParam().arguments);
  EXPECT_EQ(run.code, 2);
  EXPECT_EQ(run.out, "");
  EXPECT_EQ(line_count(run.err), 1U) << run.err;
  for (const std::string& part : GetParam().said) {
    EXPECT_THAT(run.err, HasSubstr(part));
  }
}

INSTANTIATE_TEST_SUITE_P(
    All, CompareBadInput,
    testing::Values(
        Case{"One",
             {"compare", "row_carry tile=8"},
             {"two variants or two files, not 1", "stages=2 storage=registers'"}},
        Case{"None", {"compare"}, {"not 0"}},
        Case{"AFileAndAVariant", {"compare", "other.json", "row_carry tile=8"}, {"one is a file"}},
        Case{"NoShape", {"compare", "a tile=1", "b tile=1", "--device", "cpu"}, {"--shape"}},
        Case{"UnknownKernel",
             {"compare", "cpu_row_cary tile=1", "cpu_row_carry tile=1", "--device", "cpu", "--shape", "64x64"},
             {"compare 'cpu_row_cary tile=1'", "cpu_row_carry"}},
        Case{"AForeignFile", {"compare", "other.json", "other.json"}, {"other.json", "neither a best file"}},
        Case{"AMissingFile", {"compare", "nowhere.json", "other.json"}, {"nowhere.json"}},
        Case{"OptionsOfMeasuringOnFiles", {"compare", "other.json", "other.json", "--rounds", "3"}, {"--rounds"}}),
    [](const testing::TestParamInfo<Case>& of) { return of.param.name; });

}  // namespace
}  // namespace scantune::cli
