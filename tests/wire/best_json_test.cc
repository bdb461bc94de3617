#include "wire/best_json.h"

#include <gmock/gmock.h>

#include <limits>
#include <nlohmann/json.hpp>

#include "example.h"

namespace scantune::wire {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;
using testing::SizeIs;
using testing_example::cpu_entry;
using testing_example::entry;
using Json = nlohmann::ordered_json;

std::string merged(std::string_view existing, const std::vector<BestEntry>& entries) {
  const auto text = merge_best(existing, entries);
  EXPECT_TRUE(text) << (text ? "" : text.error().message);
  return text.value_or("");
}

std::string merge_refusal(std::string_view existing) {
  const auto text = merge_best(existing, {entry()});
  EXPECT_FALSE(text) << existing;
  return text ? "" : text.error().message;
}

// The message of reading the example with one thing changed.
std::string parse_refusal(const std::function<void(Json& entry)>& spoil) {
  Json document = Json::parse(merged("", {entry(), cpu_entry()}));
  spoil(document["entries"][0]);
  const auto entries = parse_best(document.dump());
  EXPECT_FALSE(entries);
  return entries ? "" : entries.error().message;
}

TEST(BestKey, NamesWhatResultsAreComparedWithin) {
  EXPECT_EQ(best_key(entry().workload, entry().chip), "NVIDIA H200|32768x32768x1|f32|f32|cold|any");
  EXPECT_EQ(best_key(cpu_entry().workload, cpu_entry().chip),
            "AMD EPYC 9755 x 2 cores|3x1000x7|bf16|f32|hot|deterministic");
}

TEST(BestKey, IsThatOfTheGeometryNotOfTheShapeAsWritten) {
  BestEntry reshaped = entry();
  reshaped.workload.shape = *make_shape({256, 128, 32768}, 2);
  EXPECT_EQ(best_key(reshaped.workload, reshaped.chip), best_key(entry().workload, entry().chip));
}

TEST(BestKey, IsTakenApartWhateverTheChipIsCalled) {
  const auto parts = parts_of_best_key("A|chip|32768x32768x1|i32|i64|hot|deterministic");
  ASSERT_TRUE(parts);
  EXPECT_EQ(parts->chip, "A|chip");
  EXPECT_EQ(parts->geometry, "32768x32768x1");
  EXPECT_EQ(parts->dtype, "i32");
  EXPECT_EQ(parts->accumulator, "i64");
  EXPECT_EQ(parts->cache, "hot");
  EXPECT_EQ(parts->order, "deterministic");
  EXPECT_FALSE(parts_of_best_key("f32|f32|cold|any"));
}

TEST(BestFile, ReadsBackEveryMemberOfWhatWasWritten) {
  const auto entries = parse_best(merged("", {entry(), cpu_entry()}));
  ASSERT_TRUE(entries) << entries.error().message;
  ASSERT_THAT(*entries, SizeIs(2));
  // Member by member first, so that a failure says which.
  const BestEntry expected = entry();
  const BestEntry& actual = entries->front();
  EXPECT_EQ(actual.workload, expected.workload);
  EXPECT_EQ(actual.chip, expected.chip);
  EXPECT_EQ(actual.protocol, expected.protocol);
  EXPECT_EQ(actual.provenance, expected.provenance);
  EXPECT_EQ(actual.seed, expected.seed);
  ASSERT_EQ(actual.contenders.size(), expected.contenders.size());
  for (size_t i = 0; i < expected.contenders.size(); ++i) {
    EXPECT_EQ(actual.contenders[i].variant, expected.contenders[i].variant);
    EXPECT_EQ(actual.contenders[i].time_ns, expected.contenders[i].time_ns);
    EXPECT_EQ(actual.contenders[i].resources, expected.contenders[i].resources);
    EXPECT_EQ(actual.contenders[i].profile, expected.contenders[i].profile);
    EXPECT_EQ(actual.contenders[i], expected.contenders[i]);
  }
  EXPECT_EQ(actual.equivalents, expected.equivalents);
  EXPECT_EQ(actual.baseline, expected.baseline);
  EXPECT_EQ(actual.copy_time_ns, expected.copy_time_ns);
  EXPECT_EQ(actual.rounds, expected.rounds);
  EXPECT_EQ(actual, expected);
  EXPECT_EQ(entries->back(), cpu_entry());
}

TEST(BestFile, ReadsBackAProtocolUnlikeTheDefault) {
  BestEntry changed = entry();
  changed.protocol = {3, 3, 4, 5, 6.5, 7.5, 8, 0.25, {9, 11}, 0.125, 10, 12.5, 13, 14, 15.5, 16, 0.2, 0.3, 0.99, 0.25};
  EXPECT_EQ(parse_best(merged("", {changed}))->front().protocol, changed.protocol);
}

TEST(BestFile, KeepsEveryBitOfASample) {
  BestEntry precise = entry();
  precise.rounds[0].samples[0].time_ns = 2018432.1250000002;
  precise.rounds[0].samples[1].time_ns = 0.1;
  precise.rounds[0].samples[2].time_ns = 1.7976931348623157e308;
  precise.rounds[0].runs = 125;
  EXPECT_EQ(parse_best(merged("", {precise}))->front().rounds, precise.rounds);
}

TEST(BestFile, AnswersPlainQuestionsByPlainPaths) {
  const Json document = Json::parse(merged("", {entry()}));
  const Json& stored = document["entries"][0];
  EXPECT_EQ(stored["key"], "NVIDIA H200|32768x32768x1|f32|f32|cold|any");
  EXPECT_EQ(stored["winner"]["variant"], "row_carry tile=8192 warps=16 stages=3 load=vector");
  EXPECT_EQ(stored["winner"]["kernel"], "row_carry");
  EXPECT_EQ(stored["winner"]["params"], Json::parse(R"({"tile": 8192, "warps": 16, "stages": 3, "load": "vector"})"));
  EXPECT_EQ(stored["winner"]["time_ns"]["median"], 2018432.125);
  EXPECT_EQ(stored["baseline"]["variant"], "three_pass tile=4096 warps=8 stages=1");
  EXPECT_EQ(stored["baseline"]["time_ns"]["median"], 3080128);
  EXPECT_EQ(stored["equivalents"], Json::parse(R"(["row_carry tile=16384 warps=16 stages=2 load=vector"])"));
  EXPECT_EQ(stored["workload"]["shape"], Json::parse("[32768, 32768]"));
  EXPECT_EQ(stored["workload"]["bytes_read"], int64_t{4} << 30);
}

TEST(BestFile, WritesWhatIsMissingAsNullWithAReason) {
  const Json document = Json::parse(merged("", {entry(), cpu_entry()}));
  const Json& denied = document["entries"][0]["winner"]["counters"][0]["metrics"][3];
  EXPECT_TRUE(denied["value"].is_null());
  EXPECT_THAT(denied["reason"].get<std::string>(), HasSubstr("not permitted"));
  EXPECT_FALSE(document["entries"][0]["winner"]["counters"][0]["metrics"][0].contains("reason"));
  const Json& cpu = document["entries"][1];
  EXPECT_TRUE(cpu["chip"]["compute_capability"].is_null());
  EXPECT_TRUE(cpu["chip"]["dram_bytes_per_s"].is_null());
  EXPECT_TRUE(cpu["provenance"]["uuid"].is_null());
  EXPECT_TRUE(cpu["winner"]["bytes_in_flight_per_sm"].is_null());
  EXPECT_TRUE(cpu["winner"]["counters"].is_null());
  EXPECT_THAT(cpu["winner"]["counters_reason"].get<std::string>(), Not(IsEmpty()));
}

TEST(BestFile, NeverHoldsNaNOrInfinity) {
  constexpr double kNaN = std::numeric_limits<double>::quiet_NaN();
  constexpr double kInfinity = std::numeric_limits<double>::infinity();
  BestEntry broken = entry();
  broken.chip.dram_bytes_per_s = kInfinity;
  broken.contenders[0].time_ns.high = kInfinity;
  broken.contenders[0].profile->launches[0].metrics[0].value = kNaN;
  broken.copy_time_ns = {};
  broken.rounds[0].samples[0].time_ns = kNaN;
  const std::string text = merged("", {broken});
  const Json stored = Json::parse(text)["entries"][0];  // throws on NaN and Infinity, which are no JSON
  EXPECT_TRUE(stored["chip"]["dram_bytes_per_s"].is_null());
  EXPECT_TRUE(stored["winner"]["time_ns"]["median"].is_null());
  EXPECT_EQ(stored["winner"]["time_ns"]["reason"], "the estimate is no finite number");
  EXPECT_EQ(stored["winner"]["counters"][0]["metrics"][0]["reason"], "what was read is no finite number");
  EXPECT_EQ(stored["copy"]["time_ns"]["reason"], "not measured");
  EXPECT_TRUE(stored["samples"]["rounds"][0]["time_ns"][0].is_null());
  EXPECT_TRUE(parse_best(text));
}

TEST(Merge, ReplacesTheEntryOfTheSameKeyInItsPlace) {
  BestEntry other = entry();
  other.workload.dtype = DType::f64;
  BestEntry newer = entry();
  newer.seed = 99;
  const auto entries = parse_best(merged(merged("", {entry(), other}), {newer}));
  ASSERT_THAT(entries.value(), SizeIs(2));
  EXPECT_EQ((*entries)[0], newer);
  EXPECT_EQ((*entries)[1], other);
}

TEST(Merge, EachPartOfTheKeySeparatesEntries) {
  std::vector<BestEntry> entries(7, entry());
  entries[1].chip.name = "NVIDIA H100";
  entries[2].workload.shape = *make_shape({32768, 32768}, 0);
  entries[3].workload.dtype = DType::f16;
  entries[4].workload.accumulator = DType::f64;
  entries[5].workload.cache = CacheState::hot;
  entries[6].workload.deterministic = true;
  EXPECT_EQ(parse_best(merged("", entries)).value(), entries);
}

TEST(Merge, KeepsWhatItDoesNotKnowAsItIs) {
  Json document = Json::parse(merged("", {entry(), cpu_entry()}));
  document["entries"][0]["later_member"] = {{"b", 1}, {"a", Json::array({1.5, nullptr, "x\u00e9\n"})}};
  document["entries"][0]["winner"]["later_member"] = {{"of", "a newer version"}, {"z", 1e-300}};
  document["entries"][0]["samples"]["rounds"][0]["later_member"] = false;
  document["comment"] = "by hand";
  const Json after = Json::parse(merged(document.dump(), {cpu_entry()}));
  EXPECT_EQ(after, document);
  EXPECT_EQ(after.dump(), document.dump()) << "the order of members changed";
}

TEST(Merge, ReplacesAnEntryWholly) {
  Json document = Json::parse(merged("", {entry()}));
  document["entries"][0]["stale_note"] = "was faster before";
  EXPECT_THAT(merged(document.dump(), {entry()}), Not(HasSubstr("stale_note")));
}

TEST(Merge, LeavesOneEntryWhereAKeyStoodTwice) {
  Json document = Json::parse(merged("", {entry(), cpu_entry()}));
  document["entries"].push_back(document["entries"][0]);
  EXPECT_THAT(parse_best(merged(document.dump(), {entry()})).value(), ElementsAre(entry(), cpu_entry()));
}

TEST(Merge, OfNothingChangesNothing) {
  const std::string text = merged("", {entry(), cpu_entry()});
  EXPECT_EQ(merged(text, {}), text);
  EXPECT_EQ(merged(text, {entry(), cpu_entry()}), text);
}

TEST(Merge, AnEmptyFileBecomesABestFile) {
  EXPECT_EQ(merged("\n", {}), merged("", {}));
  EXPECT_EQ(merged("", {}), "{\n  \"format\": \"scantune-best\",\n  \"version\": 1,\n  \"entries\": []\n}\n");
}

TEST(Merge, RefusesWhatIsNotJsonAndSaysWhere) {
  EXPECT_THAT(merge_refusal("hello"), HasSubstr("not JSON at line 1, column 1"));
  EXPECT_THAT(merge_refusal("{\n  \"format\": \"scantune-best\",\n  oops"), HasSubstr("not JSON at line 3, column 3"));
  EXPECT_THAT(merge_refusal("{\"a\": \"\xff\"}"), HasSubstr("not JSON at line 1, column 8"));
  const std::string torn = merged("", {entry()});
  EXPECT_THAT(merge_refusal(torn.substr(0, torn.size() / 2)), HasSubstr("not JSON at line"));
  EXPECT_THAT(merge_refusal(std::string(100000, '[')), HasSubstr("nested deeper than"));
  EXPECT_THAT(merge_refusal("{\"a\": 1e999}"), HasSubstr("number overflow"));
}

TEST(Merge, RefusesJsonThatIsNotABestFile) {
  for (const char* text : {"{}", "[]", "null", "3", R"({"entries": []})"}) {
    EXPECT_THAT(merge_refusal(text), HasSubstr("not a scantune best file: it lacks \"format\"")) << text;
  }
  EXPECT_THAT(merge_refusal(R"({"format": "scantune-run", "version": 1})"),
              HasSubstr("its \"format\" is \"scantune-run\", not \"scantune-best\""));
  EXPECT_THAT(merge_refusal(R"({"format": 7})"), HasSubstr("its \"format\" is 7"));
  EXPECT_THAT(merge_refusal(R"({"format": "scantune-best", "version": 1})"), HasSubstr("\"entries\" must be an array"));
  EXPECT_THAT(merge_refusal(R"({"format": "scantune-best", "version": 1, "entries": {}})"), HasSubstr("\"entries\""));
}

TEST(Merge, RefusesANewerVersion) {
  EXPECT_THAT(merge_refusal(R"({"format": "scantune-best", "version": 2, "entries": []})"),
              HasSubstr("written by a newer scantune: version 2, this one reads 1"));
  for (const char* version : {"0", "-1", "1.5", "\"1\"", "null"}) {
    EXPECT_THAT(merge_refusal(fmt::format(R"({{"format": "scantune-best", "version": {}, "entries": []}})", version)),
                HasSubstr("\"version\" must be an integer, 1 or more"));
  }
}

TEST(Merge, RefusesWhatCannotBeReadBackWhicheverEntryItIs) {
  const auto refusals = [](const std::function<void(Json & document)>& spoil) {
    Json document = Json::parse(merged("", {entry(), cpu_entry()}));
    spoil(document);
    const std::string text = document.dump();
    const auto read = parse_best(text);
    EXPECT_FALSE(read) << text;
    std::string why = read ? "" : read.error().message;
    EXPECT_EQ(merge_refusal(text), why) << "the entry of its own key, replaced or not, is no exception";
    const auto checked = check_best(text);
    EXPECT_EQ(checked ? "" : checked.error().message, why);
    const auto checked_origin = check_best(text, false);
    EXPECT_EQ(checked_origin ? "" : checked_origin.error().message, why);
    const auto picked = pick_best({{"a", text}}, [](const auto&, const auto&, std::string&) { return 0; });
    EXPECT_EQ(picked ? "" : picked.error().message, "a: " + why);
    return why;
  };
  EXPECT_THAT(refusals([](Json& d) {
                d["entries"] = Json::array({nullptr, 5});
              }),
              HasSubstr("entry 1 of 2: expected an object, found null"));
  EXPECT_THAT(refusals([](Json& d) { d["entries"].push_back("not even an object"); }),
              HasSubstr("entry 3 of 3: expected an object, found \"not even an object\""));
  EXPECT_THAT(refusals([](Json& d) { d["entries"][0].erase("winner"); }),
              HasSubstr("entry 1 of 2: the member \"winner\" is missing"));
  EXPECT_THAT(refusals([](Json& d) { d["entries"][0]["workload"] = "4x4"; }),
              HasSubstr("entry 1 of 2: workload: expected an object, found \"4x4\""));
  EXPECT_THAT(refusals([](Json& d) { d["entries"][0]["samples"] = 7; }),
              HasSubstr("entry 1 of 2: samples: expected an object, found 7"));
  EXPECT_THAT(refusals([](Json& d) { d["entries"][1].erase("samples"); }),
              HasSubstr("entry 2 of 2: the member \"samples\" is missing"));
}

TEST(Check, TakesWhatIsMergedIntoAndNoOther) {
  EXPECT_TRUE(check_best(""));
  EXPECT_TRUE(check_best(" \n", true));
  EXPECT_TRUE(check_best(merged("", {entry(), cpu_entry()}), false));
  BestEntry replayed = entry();
  replayed.provenance.device = "replay:old.jsonl";
  EXPECT_TRUE(check_best(merged("", {replayed}), true));
  EXPECT_THAT(check_best(merged("", {replayed}), false).error().message, HasSubstr("results of a replay"));
  EXPECT_THAT(check_best(merged("", {entry()}), true).error().message, HasSubstr("measured on a device"));
  EXPECT_FALSE(merge_best(merged("", {replayed}), {entry()}));
}

TEST(BestFile, AnErrorNamesTheEntryAndTheMember) {
  EXPECT_THAT(parse_refusal([](Json& e) { e["winner"].erase("time_ns"); }),
              HasSubstr("entry 1 of 2: winner: the member \"time_ns\" is missing"));
  EXPECT_THAT(parse_refusal([](Json& e) { e["winner"]["time_ns"]["low"] = "fast"; }),
              HasSubstr("entry 1 of 2: winner: time_ns: low: expected a number, found \"fast\""));
  EXPECT_THAT(parse_refusal([](Json& e) { e["workload"]["dtype"] = "f31"; }), HasSubstr("dtype: unknown dtype 'f31'"));
  EXPECT_THAT(parse_refusal([](Json& e) { e["workload"]["shape"][0] = 0; }), HasSubstr("shape: the tensor 0x32768"));
  EXPECT_THAT(parse_refusal([](Json& e) { e["workload"]["shape"][1] = 1.5; }),
              HasSubstr("shape[1]: expected an integer of 64 bits, found 1.5"));
  EXPECT_THAT(parse_refusal([](Json& e) { e["workload"]["dim"] = 4294967297; }), HasSubstr("integer of 32 bits"));
  EXPECT_THAT(parse_refusal([](Json& e) { e["chip"]["backend"] = "tpu"; }), HasSubstr("\"cuda\" or \"cpu\""));
  EXPECT_THAT(parse_refusal([](Json& e) { e["seed"] = -1; }), HasSubstr("seed: expected an integer"));
  EXPECT_THAT(parse_refusal([](Json& e) { e["runners_up"] = nullptr; }), HasSubstr("expected an array, found null"));
  EXPECT_THAT(parse_refusal([](Json& e) { e = 3; }), HasSubstr("entry 1 of 2: expected an object, found 3"));
}

TEST(BestFile, RefusesPartsThatContradictEachOther) {
  EXPECT_THAT(parse_refusal([](Json& e) { e["winner"]["params"]["tile"] = 1; }),
              HasSubstr("\"kernel\" and \"params\" do not say the same as \"variant\""));
  EXPECT_THAT(parse_refusal([](Json& e) { e["baseline"]["variant"] = "k tile=1"; }),
              HasSubstr("'k tile=1' is neither the winner nor a runner-up"));
  EXPECT_THAT(parse_refusal([](Json& e) { e["equivalents"].push_back("k"); }), HasSubstr("'k' is neither the winner"));
  EXPECT_THAT(parse_refusal([](Json& e) { e["samples"]["subjects"][1] = "k"; }), HasSubstr("'k' is neither \"copy\""));
  EXPECT_THAT(parse_refusal([](Json& e) { e["samples"]["rounds"][0]["order"].push_back(0); }),
              HasSubstr("\"order\" has 6 elements, \"time_ns\" has 5"));
  EXPECT_THAT(parse_refusal([](Json& e) { e["samples"]["rounds"][0]["order"][0] = 4; }), HasSubstr("4 is no index"));
  EXPECT_THAT(parse_refusal([](Json& e) { e["samples"]["rounds"][1]["phase"] = "last"; }),
              HasSubstr("rounds[1]: phase: expected \"screen\" or \"final\""));
  EXPECT_THAT(parse_refusal([](Json& e) { e["winner"]["counters"][0]["metrics"][3].erase("reason"); }),
              HasSubstr("a value of null needs a \"reason\""));
}

TEST(BestFile, IsReadWhateverTheOrderOfMembers) {
  // nlohmann::json sorts members, as jq -S does.
  const nlohmann::json sorted = nlohmann::json::parse(merged("", {entry()}));
  EXPECT_THAT(parse_best(sorted.dump()).value(), ElementsAre(entry()));
}

TEST(BestFile, AnEmptyOneIsNoBestFileToRead) {
  EXPECT_THAT(parse_best("").error().message, HasSubstr("empty"));
  EXPECT_THAT(parse_best(merged("", {})).value(), IsEmpty());
}

}  // namespace
}  // namespace scantune::wire
