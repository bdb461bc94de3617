// --space and --no-prune, on the command line; and the examples and the schema that go with them.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>
#include <set>

#include "catalog/catalog.h"
#include "catalog/given_space.h"
#include "sandbox.h"

namespace scantune::cli {
namespace {

using nlohmann::json;
using testing::HasSubstr;
using testing::Not;

std::string config(const std::string& name) { return SCANTUNE_SOURCE_DIR "/configs/" + name; }

std::set<std::string> lines_of(const std::string& text) {
  std::set<std::string> lines;
  std::istringstream stream(text);
  for (std::string line; std::getline(stream, line);) {
    lines.insert(line);
  }
  return lines;
}

TEST(SpaceOption, ListsTheVariantsOfTheSpaceAlone) {
  Sandbox sandbox;
  sandbox.write(
      "mine.json",
      R"({"kernels": {"row_carry": {"tile": [12288], "warps": [6, 8], "stages": [1, 2], "storage": ["registers"]}}})");
  const std::vector<std::string> arguments = {"list",    "variants",    "--chip",  "GH100",
                                              "--shape", "32768x32768", "--space", "mine.json"};
  const Finished run = sandbox.run(arguments);
  ASSERT_EQ(run.code, 0) << run.err;
  EXPECT_EQ(run.out,
            "row_carry tile=12288 warps=8 stages=1 storage=registers\n"
            "row_carry tile=12288 warps=8 stages=2 storage=registers\n");
  std::vector<std::string> more = arguments;
  more.insert(more.end(), {"--all", "--set", "stages=2"});
  EXPECT_EQ(sandbox.run(more).out,
            "row_carry tile=12288 warps=6 stages=2 storage=registers  # ruled out: warps are a power of two up to 32\n"
            "row_carry tile=12288 warps=8 stages=2 storage=registers\n");
}

TEST(SpaceOption, IsWhatIsTunedOnTheCpu) {
  Sandbox sandbox;
  sandbox.write("mine.json", R"({"kernels": {"cpu_two_pass": {"tile": [8192], "threads": [1], "unroll": [2, 4]},
                                             "cpu_row_carry": {"tile": [3072], "threads": [1], "unroll": [8],
                                                               "prefetch": ["falling"]}}})");
  const Finished run = sandbox.run(
      {"--device", "cpu", "--shape", "64x10000", "--space", "mine.json", "--set", "store=cached", "--format", "json"});
  ASSERT_EQ(run.code, 0) << run.err;
  std::set<std::string> variants;
  const json result = json::parse(run.out);  // named: it has to outlive the loop over a part of it
  for (const json& record : result["outcomes"][0]["records"]) {
    variants.insert(record["variant"]);
    EXPECT_TRUE(record["failure"].is_null()) << record;
  }
  EXPECT_THAT(variants, testing::UnorderedElementsAre(
                            "cpu_two_pass tile=8192 threads=1 unroll=2 store=cached",
                            "cpu_two_pass tile=8192 threads=1 unroll=4 store=cached",
                            "cpu_row_carry tile=3072 prefetch=falling threads=1 unroll=8 store=cached"));
}

TEST(SpaceOption, NeedsSomethingThatIsNotRuledOut) {
  Sandbox sandbox;
  sandbox.write("mine.json", R"({"kernels": {"cpu_row_carry": {"tile": [1000]}}})");
  const Finished run = sandbox.run({"--device", "cpu", "--shape", "64x10000", "--space", "mine.json"});
  EXPECT_EQ(run.code, 2);
  EXPECT_EQ(line_count(run.err), 1U) << run.err;
  EXPECT_THAT(run.err, HasSubstr("nothing is left to try"));
  EXPECT_THAT(run.err, HasSubstr("a tile is a multiple of 16 elements"));
}

TEST(SpaceExamples, AreTunedOnTheCpuOrSayThatTheyAreForAGpu) {
  Sandbox sandbox;
  const Finished quick =
      sandbox.run({"--device", "cpu", "--shape", "256x1000", "--space", config("spaces/quick.json")});
  EXPECT_EQ(quick.code, 0) << quick.err;
  EXPECT_THAT(quick.out, HasSubstr("\nBest "));
  const Finished columns =
      sandbox.run({"--device", "cpu", "--shape", "256x1000", "--dim", "0", "--space", config("spaces/quick.json")});
  EXPECT_EQ(columns.code, 0) << columns.err;
  const Finished fine =
      sandbox.run({"--device", "cpu", "--shape", "256x1000", "--space", config("spaces/row_carry-fine.json")});
  EXPECT_EQ(fine.code, 2);
  EXPECT_THAT(fine.err, HasSubstr("no kernel of the space is one of this device, a CPU; it names row_carry"));
}

TEST(SpaceExamples, AreOfTheSizeTheyClaimOnGpus) {
  Sandbox sandbox;
  const auto listed = [&](const std::string& space, const std::string& chip, const std::string& shape) {
    const Finished run =
        sandbox.run({"list", "variants", "--chip", chip, "--shape", shape, "--space", config("spaces/" + space)});
    EXPECT_EQ(run.code, 0) << run.err;
    return lines_of(run.out);
  };
  for (const char* chip : {"GH100", "AD102"}) {
    for (const char* shape : {"32768x32768", "1x2^28", "1048576x256"}) {
      EXPECT_LE(listed("quick.json", chip, shape).size(), 14U);
      EXPECT_GE(listed("quick.json", chip, shape).size(), 3U);
      EXPECT_GE(listed("sm_89.json", chip, shape).size(), 6U);
    }
  }
  EXPECT_THAT(listed("row_carry-fine.json", "GH100", "32768x32768"),
              testing::Contains("row_carry tile=32768 warps=8 stages=1 storage=registers"));
  EXPECT_GE(listed("row_carry-fine.json", "GH100", "32768x32768").size(), 40U);
}

// What the schema says there is, the catalog has, and the other way round.
TEST(SpaceSchema, NamesEveryKernelParameterAndWord) {
  const json schema = json::parse(read_text(config("schema/space.schema.json")));
  const json& families = schema["properties"]["kernels"]["properties"];
  EXPECT_EQ(families.size(), kernels().size());
  for (const Kernel& kernel : kernels()) {
    ASSERT_TRUE(families.contains(kernel.name)) << kernel.name;
    const json& params = families[kernel.name]["properties"];
    const Space space = all_params(kernel);
    EXPECT_EQ(params.size(), space.params.size() + 1) << kernel.name << ": its parameters and a note";
    for (const Param& param : space.params) {
      ASSERT_TRUE(params.contains(param.name)) << kernel.name << " " << param.name;
      json values = params[param.name];
      if (values.contains("$ref")) {
        values = schema[json::json_pointer(values["$ref"].get<std::string>().substr(1))];
      }
      EXPECT_EQ(values["items"].value("enum", json::array()), json(param.words)) << kernel.name << " " << param.name;
    }
  }
}

TEST(NoPruneOption, TriesAlsoWhatCannotBeBest) {
  Sandbox sandbox;
  const std::vector<std::string> arguments = {"list", "variants", "--chip", "GH100", "--shape", "32768x32768"};
  std::vector<std::string> more = arguments;
  more.emplace_back("--no-prune");
  const auto pruned = lines_of(sandbox.run(arguments).out);
  const auto all = lines_of(sandbox.run(more).out);
  EXPECT_LE(pruned.size(), 75U);
  EXPECT_GE(all.size(), 140U);
  EXPECT_TRUE(std::ranges::includes(all, pruned));
  std::vector<std::string> explained = arguments;
  explained.emplace_back("--all");
  EXPECT_THAT(sandbox.run(explained).out, HasSubstr("(--no-prune tries it)"));
  explained.emplace_back("--no-prune");
  EXPECT_THAT(sandbox.run(explained).out, Not(HasSubstr("(--no-prune tries it)")));
}

TEST(NoPruneOption, ChangesNothingOnTheCpu) {
  Sandbox sandbox;
  const std::vector<std::string> arguments = {"list", "variants", "--device", "cpu", "--shape", "1024x1024"};
  std::vector<std::string> more = arguments;
  more.emplace_back("--no-prune");
  EXPECT_EQ(sandbox.run(arguments).out, sandbox.run(more).out);
  EXPECT_EQ(sandbox.run({"--device", "cpu", "--shape", "64x100", "--budget", "2", "--no-prune"}).code, 0);
}

}  // namespace
}  // namespace scantune::cli
