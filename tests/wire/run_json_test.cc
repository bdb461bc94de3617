#include <gmock/gmock.h>

#include <nlohmann/json.hpp>

#include "example.h"
#include "wire/list_json.h"
#include "wire/outcome_json.h"

namespace scantune::wire {
namespace {

using testing::EndsWith;
using testing::HasSubstr;
using Json = nlohmann::ordered_json;

Json run(const std::vector<Outcome>& outcomes) {
  const std::string text = run_json(outcomes);
  EXPECT_THAT(text, EndsWith("}\n"));
  return Json::parse(text);
}

TEST(RunJson, HoldsEveryRecordAndWhatBecameOfIt) {
  const Json document = run({testing_example::outcome()});
  EXPECT_EQ(document["format"], "scantune-run");
  EXPECT_EQ(document["version"], 1);
  const Json& records = document["outcomes"][0]["records"];
  ASSERT_EQ(records.size(), 5U);
  EXPECT_TRUE(records[0]["failure"].is_null());
  EXPECT_EQ(records[1]["counters"][0]["metrics"][1]["value"], 88.93);
  EXPECT_EQ(records[2]["resources"].size(), 3U);
  EXPECT_EQ(records[2]["resources"][0]["registers_per_thread"], 32);
  EXPECT_EQ(records[3]["failure"]["kind"], "compile");
  EXPECT_TRUE(records[3]["compile_s"].is_null());
  EXPECT_EQ(records[4]["failure"]["what"], "a tile is at least one 16-byte access a thread");
}

TEST(RunJson, HoldsEverySampleInTheOrderTaken) {
  const Outcome outcome = testing_example::outcome();
  const Json samples = run({outcome})["outcomes"][0]["samples"];
  ASSERT_EQ(samples["rounds"].size(), outcome.rounds.size());
  for (size_t r = 0; r < outcome.rounds.size(); ++r) {
    const Json& row = samples["rounds"][r];
    EXPECT_EQ(row["phase"], name(outcome.rounds[r].phase));
    ASSERT_EQ(row["order"].size(), outcome.rounds[r].samples.size());
    for (size_t i = 0; i < outcome.rounds[r].samples.size(); ++i) {
      const Sample& sample = outcome.rounds[r].samples[i];
      const std::string subject =
          sample.subject == kCopy ? "copy" : to_string(outcome.records[static_cast<size_t>(sample.subject)].variant);
      EXPECT_EQ(samples["subjects"][row["order"][i].get<size_t>()], subject);
      EXPECT_EQ(row["time_ns"][i], sample.time_ns);
    }
  }
}

TEST(RunJson, NamesWinnerBaselineAndRankingBySpelling) {
  const Json outcome = run({testing_example::outcome()})["outcomes"][0];
  EXPECT_EQ(outcome["winner"]["variant"], "row_carry tile=8192 warps=16 stages=3 load=vector");
  EXPECT_EQ(outcome["winner"], outcome["ranking"][0]);
  EXPECT_EQ(outcome["baseline"]["kernel"], "three_pass");
  EXPECT_EQ(outcome["ranking"].size(), 3U);
  EXPECT_EQ(outcome["equivalents"], Json::parse(R"(["row_carry tile=16384 warps=16 stages=2 load=vector"])"));
  EXPECT_EQ(outcome["stopped"], "complete");
  EXPECT_TRUE(outcome["stop_detail"].is_null());
  EXPECT_EQ(outcome["spent"]["total_s"], 4.5);
}

TEST(RunJson, ARunWithoutAWinnerSaysSoWithNull) {
  Outcome nothing;
  nothing.workload.shape = *make_shape({4}, 0);
  nothing.stopped = StopReason::device_lost;
  nothing.stop_detail = "cuda:0 fell off the bus";
  const Json outcome = run({nothing})["outcomes"][0];
  EXPECT_TRUE(outcome["winner"].is_null());
  EXPECT_TRUE(outcome["baseline"].is_null());
  EXPECT_EQ(outcome["copy"]["time_ns"]["reason"], "not measured");
  EXPECT_EQ(outcome["stopped"], "device_lost");
  EXPECT_EQ(outcome["stop_detail"], "cuda:0 fell off the bus");
}

TEST(ListJson, DTypesHaveTheirSizesAndAccumulators) {
  const Json document = Json::parse(dtypes_json());
  EXPECT_EQ(document["format"], "scantune-dtypes");
  ASSERT_EQ(document["dtypes"].size(), kAllDTypes.size());
  EXPECT_EQ(document["dtypes"][1],
            Json::parse(R"({"name": "bf16", "size_bytes": 2, "floating": true, "accumulator": "f32"})"));
}

TEST(ListJson, DevicesHaveTheirChips) {
  const Json document = Json::parse(devices_json({testing_example::outcome().device, {}}));
  EXPECT_EQ(document["format"], "scantune-devices");
  EXPECT_EQ(document["devices"][0]["id"], "cuda:0");
  EXPECT_EQ(document["devices"][0]["chip"]["code_name"], "GH100");
  EXPECT_TRUE(document["devices"][1]["uuid"].is_null());
}

TEST(ListJson, KernelsHaveTheirSpacesUnlessTheyRefuse) {
  Kernel kernel;
  kernel.name = "row_carry";
  kernel.summary = "one block a row";
  kernel.sources = {{"row_carry.cuh", "text"}};
  kernel.constraints = {{"a tile is even", nullptr}};
  const Space space{{{"tile", "elements", {4096, std::string("row")}}}};
  const Workload workload{.shape = *make_shape({4, 8}, 1)};
  const Json document = Json::parse(kernels_json(
      workload, {{&kernel, *reference_chip(90), "", space}, {&kernel, *reference_chip(80), "only f32", {}}}));
  EXPECT_EQ(document["workload"]["shape"], Json::parse("[4, 8]"));
  const Json& able = document["kernels"][0];
  EXPECT_EQ(able["chip"], "NVIDIA H200");
  EXPECT_EQ(able["points"], 2);
  EXPECT_EQ(able["params"], Json::parse(R"([{"name": "tile", "summary": "elements", "values": [4096, "row"]}])"));
  EXPECT_EQ(able["constraints"], Json::parse(R"(["a tile is even"])"));
  EXPECT_EQ(able["sources"], Json::parse(R"(["row_carry.cuh"])"));
  EXPECT_TRUE(able["refuses"].is_null());
  EXPECT_EQ(document["kernels"][1]["refuses"], "only f32");
  EXPECT_TRUE(document["kernels"][1]["params"].is_null());
}

TEST(ListJson, VariantsSayWhichConstraintTheyBreak) {
  const Workload workload{.shape = *make_shape({4, 8}, 1)};
  const Json document = Json::parse(variants_json(
      workload, *reference_chip(90), {{{"k", {{"tile", 2}}}, ""}, {{"k", {{"tile", 3}}}, "a tile is even"}}));
  EXPECT_EQ(document["variants"][0]["variant"], "k tile=2");
  EXPECT_TRUE(document["variants"][0]["broken"].is_null());
  EXPECT_EQ(document["variants"][1]["broken"], "a tile is even");
}

TEST(ListJson, MetricsHaveTheirPassCount) {
  const std::string text = metrics_json("GH100", {{"a.sum", "bytes", "what it \"is\"", 2}, {"b", "", "", 0}});
  const Json document = Json::parse(text);
  EXPECT_EQ(document["chip"], "GH100");
  EXPECT_EQ(document["metrics"][0]["passes"], 2);
  EXPECT_TRUE(document["metrics"][1]["passes"].is_null());
  EXPECT_THAT(text, HasSubstr("\n    {\"name\": \"a.sum\", "));
}

}  // namespace
}  // namespace scantune::wire
