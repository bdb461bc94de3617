// The JSON of checks, histories and staleness, against its schemas.
#include "wire/check_json.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>
#include <limits>
#include <nlohmann/json.hpp>
#include <sstream>
#include <valijson/adapters/nlohmann_json_adapter.hpp>
#include <valijson/schema.hpp>
#include <valijson/schema_parser.hpp>
#include <valijson/validator.hpp>

#include "example.h"

namespace scantune::wire {
namespace {

using nlohmann::json;
using testing::HasSubstr;

bool valid(const std::string& schema_name, const json& document) {
  std::ifstream file(std::string(SCANTUNE_SOURCE_DIR "/configs/schema/") + schema_name + ".schema.json");
  const json schema_json = json::parse(file);
  valijson::Schema schema;
  valijson::SchemaParser parser(valijson::SchemaParser::kDraft7);
  const valijson::adapters::NlohmannJsonAdapter adapter(schema_json);
  parser.populateSchema(adapter, schema);
  valijson::Validator validator(valijson::Validator::kStrongTypes);
  const valijson::adapters::NlohmannJsonAdapter target(document);
  return validator.validate(schema, target, nullptr);
}

EntryCheck entry() {
  const BestEntry best = testing_example::entry();
  EntryCheck check;
  check.key = "NVIDIA H200|32768x32768x1|f32|f32|cold|any";
  check.workload = best.workload;
  check.variant = best.contenders.front().variant;
  check.verdict = CheckVerdict::regression;
  check.why = "slower than the 2.0% allowed";
  check.slowdown = {0.045, 0.041, 0.049};
  check.rounds_then = 30;
  check.rounds_now = 1;
  check.ratio_then = check.ratio_now = {0.96, 0.95, 0.97};
  check.time_then_ns = check.time_now_ns = check.copy_then_ns = check.copy_now_ns = {2e6, 1.9e6, 2.1e6};
  check.then = best.provenance;
  check.changes = {{"driver", "570", "580", "driver 580, then 570", 0.9}};
  check.source = "06b05ab6733a618578af5f94892f3950";
  check.better = Better{best.contenders.back().variant, {0.99, 0.98, 1}, 1.03};
  check.planted = PlantedCheck{0.02, {0.02, 0.01, 0.03}, {0.021, 0.02, 0.022}, CheckVerdict::regression};
  check.level_change = LevelChange{20, 12, "2026-01-01T00:00:00Z", "abc", 0.95, 0.94, 0.001};
  check.subjects = {"now", "planted"};
  check.rounds = {{Phase::final, {{kCopy, 1}, {0, 2}, {1, 3}}}};
  return check;
}

Check check() {
  Check check;
  check.baseline = "best.json";
  check.device = testing_example::outcome().device;
  check.now = testing_example::outcome().provenance;
  EntryCheck unmeasured;
  unmeasured.key = "k";
  unmeasured.workload = entry().workload;
  unmeasured.variant = entry().variant;
  unmeasured.why = "the baseline is of another chip";
  check.entries = {entry(), unmeasured};
  check.verdict = overall(check.entries);
  check.noise = {{.key = "k", .variant = "v", .sessions = 8, .rounds = 20, .round_sd = 0.001, .draws = 10}};
  check.notes = {"1 of 3 entries are of other chips"};
  return check;
}

TEST(CheckJson, IsWhatItsSchemaSays) {
  const json document = json::parse(check_json(check(), 1));
  EXPECT_TRUE(valid("check", document));
  EXPECT_EQ(document["verdict"], "regression");
  EXPECT_EQ(document["entries"][0]["slowdown"]["median"], 0.045);
  EXPECT_EQ(document["entries"][1]["slowdown"]["median"], nullptr);
  EXPECT_EQ(document["entries"][1]["slowdown"]["reason"], "not measured");
  EXPECT_EQ(document["entries"][0]["samples"]["subjects"], json::array({"copy", "now", "planted"}));
  for (const char* member : {"verdict", "exit_code", "device", "rule", "entries", "noise"}) {
    json without = document;
    without.erase(member);
    EXPECT_FALSE(valid("check", without)) << member;
  }
  for (const auto& [member, value] : document["entries"][0].items()) {
    json without = document;
    without["entries"][0].erase(member);
    EXPECT_FALSE(valid("check", without)) << member;
  }
}

TEST(HistoryJson, ReadsBackWhatItWrites) {
  for (const HistoryLine& line : history_lines(check())) {
    const std::string text = history_line(line);
    EXPECT_EQ(std::count(text.begin(), text.end(), '\n'), 1);
    EXPECT_TRUE(looks_like_history(text));
    EXPECT_TRUE(valid("history", json::parse(text))) << text;
    const auto read = parse_history_line(text);
    ASSERT_TRUE(read) << read.error().message;
    EXPECT_EQ(*read, line);
  }
  EXPECT_EQ(history_lines(check()).size(), 2U) << "the estimate of noise and what was measured, not what was not";
}

TEST(HistoryJson, RefusesWhatIsNoLineOfAHistory) {
  EXPECT_FALSE(parse_history_line("{}"));
  EXPECT_FALSE(parse_history_line("torn"));
  EXPECT_FALSE(looks_like_history("{\"sum\":"));
  json newer = json::parse(history_line(history_lines(check()).front()));
  newer["version"] = 2;
  EXPECT_THAT(parse_history_line(newer.dump()).error().message, HasSubstr("newer scantune"));
}

TEST(VerifyJson, IsWhatItsSchemaSays) {
  const Staleness stale{.key = "k",
                        .workload = entry().workload,
                        .chip = "c",
                        .variant = entry().variant,
                        .time = "",
                        .aspects = {{"driver", AspectState::stale, "1", "2", "driver 1 then, 2 now"},
                                    {"chip", AspectState::unknown, "c", "", "no GPU"}}};
  const json document = json::parse(verify_json("best.json", {stale}));
  EXPECT_TRUE(valid("verify", document));
  EXPECT_EQ(document["entries"][0]["stale"], true);
  EXPECT_EQ(document["entries"][0]["aspects"][1]["now"], nullptr);
}

}  // namespace
}  // namespace scantune::wire
