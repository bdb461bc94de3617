// What scantune writes and reads agrees with the schemas it publishes in configs/schema.
#include <gmock/gmock.h>

#include <filesystem>
#include <fstream>
#include <iterator>
#include <limits>
#include <nlohmann/json.hpp>
#include <valijson/adapters/nlohmann_json_adapter.hpp>
#include <valijson/schema.hpp>
#include <valijson/schema_parser.hpp>
#include <valijson/validator.hpp>

#include "journal_example.h"
#include "report_example.h"
#include "wire/best_json.h"
#include "wire/compare_json.h"
#include "wire/doctor_json.h"
#include "wire/journal_json.h"
#include "wire/outcome_json.h"
#include "wire/profile_json.h"
#include "wire/report_json.h"
#include "wire/space_json.h"
#include "wire/suite_json.h"

namespace scantune::wire {
namespace {

using nlohmann::json;
using testing::IsEmpty;

constexpr const char* kSource = SCANTUNE_SOURCE_DIR;

std::string read(const std::filesystem::path& path) {
  std::ifstream file(path);
  EXPECT_TRUE(file) << path;
  return {std::istreambuf_iterator<char>(file), {}};
}

json schema_json(const std::string& name) {
  return json::parse(read(fmt::format("{}/configs/schema/{}.schema.json", kSource, name)));
}

// What is wrong with a document by the schema; empty where nothing is.
std::string fault(const std::string& schema_name, const json& document) {
  const json text = schema_json(schema_name);
  valijson::Schema schema;
  valijson::SchemaParser parser(valijson::SchemaParser::kDraft7);
  parser.populateSchema(valijson::adapters::NlohmannJsonAdapter(text), schema);
  valijson::Validator validator(valijson::Validator::kStrongTypes);
  valijson::ValidationResults results;
  if (validator.validate(schema, valijson::adapters::NlohmannJsonAdapter(document), &results)) {
    return {};
  }
  std::string faults;
  valijson::ValidationResults::Error error;
  while (results.popError(error)) {
    for (const std::string& step : error.context) {
      faults += step;
    }
    faults += ": " + error.description + "\n";
  }
  return faults;
}

json best_document() {
  return json::parse(merge_best("", {testing_example::entry(), testing_example::cpu_entry()}).value());
}

json run_document() {
  Outcome nothing;
  nothing.workload.shape = *make_shape({4}, 0);
  nothing.device.id = "cpu";
  nothing.device.chip.name = "some CPU";
  nothing.stopped = StopReason::device_lost;
  return json::parse(run_json({testing_example::outcome(), testing_example::cpu_outcome(), nothing}));
}

// A sheet of a launch that was counted and one that was not, as src/profile makes them.
ProfileSheet sheet() {
  const Outcome outcome = testing_example::outcome();
  ProfileSheet made;
  made.variant = outcome.records.front().variant;
  made.time_ns = Interval{2e6, 1.9e6, 2.1e6};
  made.ratio_to_copy = Interval{0.99, 0.98, 1.0};
  made.bytes_in_flight_per_sm = 65536;
  made.bytes_needed_per_sm = 45000;
  made.read_bytes = 4294967296.0;
  LaunchSheet counted;
  counted.function = "row_carry";
  counted.resources = outcome.records.front().resources.front();
  counted.counters = testing_example::counters().launches.front();
  counted.occupancy = Occupancy{0.25, 0.245, "registers"};
  counted.stalls = {{"long_scoreboard", 0.43}};
  LaunchSheet uncounted = counted;
  uncounted.occupancy->achieved.reset();
  uncounted.stalls.clear();
  made.launches = {counted, uncounted};
  made.explanations = {{"bytes_in_flight", "too few bytes in flight", "few", {"a: 1"}, {"stages up: more"}},
                       {"unknown", "unknown", "no rule fits", {}, {}, "no advice: compare"}};
  made.profile_s = {0.06, 0.06};
  made.repeats = {testing_example::counters(), testing_example::counters()};
  return made;
}

TEST(Schema, AcceptsAProfile) {
  const json document = json::parse(profile_json(testing_example::outcome(), sheet(), 1));
  EXPECT_THAT(fault("profile", document), IsEmpty());
  EXPECT_EQ(document["profile"]["dram"]["written_bytes"], nullptr) << "missing is missing, not 0";
  EXPECT_EQ(document["profile"]["explanations"][0]["no_advice"], nullptr);
  EXPECT_EQ(document["profile"]["explanations"][1]["no_advice"], "no advice: compare");
  ProfileSheet failed;
  failed.variant = sheet().variant;
  failed.failure = Failure{FailureKind::launch, "too many resources"};
  EXPECT_THAT(fault("profile", json::parse(profile_json(testing_example::outcome(), failed, 0))), IsEmpty());
}

TEST(Schema, AcceptsATimelineAndTheReasonForNone) {
  ProfileSheet made = sheet();
  json document = json::parse(profile_json(testing_example::outcome(), made, 0));
  EXPECT_EQ(document["profile"]["timeline"], nullptr);
  EXPECT_THAT(document["profile"]["timeline_reason"], testing::HasSubstr("--timeline"));
  made.timeline = testing_example::sampled();
  document = json::parse(profile_json(testing_example::outcome(), made, 0));
  EXPECT_THAT(fault("profile", document), IsEmpty());
  EXPECT_EQ(document["profile"]["timeline"]["metrics"][0]["values"].size(), 109U);
  EXPECT_EQ(document["profile"]["timeline"]["phases"]["rise_ns"], 6000);
  made.timeline->phases.reset();
  made.timeline->phases_reason = "too short";
  document = json::parse(profile_json(testing_example::outcome(), made, 0));
  EXPECT_THAT(fault("profile", document), IsEmpty());
  document["profile"]["timeline"].erase("phases_reason");
  EXPECT_FALSE(fault("profile", document).empty()) << "null without a reason";
  made.timeline = SampledTimeline{.reason = "no permission"};
  document = json::parse(profile_json(testing_example::outcome(), made, 0));
  EXPECT_THAT(fault("profile", document), IsEmpty());
  EXPECT_EQ(document["profile"]["timeline_reason"], "no permission");
  document["profile"].erase("timeline_reason");
  EXPECT_FALSE(fault("profile", document).empty()) << "null without a reason";
}

TEST(Schema, RefusesAProfileThatHidesWhyAValueIsMissing) {
  json document = json::parse(profile_json(testing_example::outcome(), sheet(), 0));
  for (json& metric : document["profile"]["launches"][0]["metrics"]) {
    metric.erase("reason");
  }
  EXPECT_FALSE(fault("profile", document).empty());
}

TEST(Schema, AcceptsAComparison) {
  SideBySide pair;
  const Outcome outcome = testing_example::outcome();
  pair.workload = outcome.workload;
  pair.a = {.source = "a.json",
            .variant = outcome.records.front().variant,
            .chip = outcome.device.chip,
            .provenance = outcome.provenance,
            .time_ns = {1, 1, 1},
            .ratio_to_copy = {1, 1, 1}};
  pair.b = pair.a;
  pair.speedup = {1.1, 1.0, 1.2};
  pair.standoff = Standoff::undecided;
  pair.differences = {{"registers_per_thread", "", 0, 32, std::numeric_limits<double>::infinity(), false, 0.5}};
  EXPECT_THAT(fault("compare", json::parse(compare_json({pair}, nullptr))), IsEmpty());
  EXPECT_THAT(fault("compare", json::parse(compare_json({}, &outcome))), IsEmpty());
}

TEST(ProfileCsv, QuotesWhatHoldsACommaAndLeavesMissingValuesEmpty) {
  const std::string text = profile_csv(testing_example::outcome(), sheet());
  EXPECT_THAT(text, testing::HasSubstr("\n1,row_carry,dram__bytes_read.sum,4295032832.0,bytes,\n"));
  EXPECT_THAT(text, testing::HasSubstr("\n1,row_carry,lts__t_sector_hit_rate.pct,,%,\"not permitted: run as root, or"));
  EXPECT_THAT(text, testing::HasSubstr("\n2,row_carry,occupancy_achieved,,%,\n"));
}

TEST(Schema, AcceptsTheBestFileThatIsWritten) {
  EXPECT_THAT(fault("best", best_document()), IsEmpty());
  EXPECT_THAT(fault("best", json::parse(merge_best("", {}).value())), IsEmpty());
}

TEST(Schema, AcceptsWhatCouldNotBeMeasured) {
  BestEntry entry = testing_example::entry();
  entry.copy_time_ns = {};
  entry.baseline = std::nullopt;
  entry.contenders[0].ratio_to_copy.low = -std::numeric_limits<double>::infinity();
  entry.rounds[0].samples[0].time_ns = std::numeric_limits<double>::quiet_NaN();
  EXPECT_THAT(fault("best", json::parse(merge_best("", {entry}).value())), IsEmpty());
}

TEST(Schema, AcceptsMembersOfLaterVersions) {
  json document = best_document();
  document["entries"][0]["later"] = 1;
  EXPECT_THAT(fault("best", document), IsEmpty());
}

TEST(Schema, AcceptsTheRunThatIsWritten) { EXPECT_THAT(fault("run", run_document()), IsEmpty()); }

// Every member that is written must be there: taking away any one of them is noticed, wherever it
// lies. Members that may be absent, or have names of their own, are left alone.
void expect_each_member_required(const std::string& schema, json& document, json& part, const std::string& path) {
  if (part.is_array() && !part.empty()) {
    expect_each_member_required(schema, document, part[0], path + "[0]");
  }
  if (!part.is_object() || path.ends_with(".params")) {
    return;
  }
  const json whole = part;
  for (const auto& [name, value] : whole.items()) {
    part.erase(name);
    EXPECT_FALSE(fault(schema, document).empty()) << path << "." << name << " may be missing";
    part[name] = value;
    expect_each_member_required(schema, document, part[name], std::string(path).append(".").append(name));
  }
}

TEST(Schema, RejectsABestFileThatLacksAnyMember) {
  json document = best_document();
  document["entries"].erase(1);
  expect_each_member_required("best", document, document, "best");
}

TEST(Schema, RejectsARunThatLacksAnyMember) {
  json document = run_document();
  json& outcomes = document["outcomes"];
  outcomes.erase(outcomes.begin() + 1, outcomes.end());
  expect_each_member_required("run", document, document, "run");
}

TEST(Schema, AcceptsTheReportThatIsWritten) {
  EXPECT_THAT(fault("report", json::parse(report_json(testing_example::report()))), IsEmpty());
  ReportDocument document = testing_example::report();
  document.outcomes = {ReportOutcome{}};  // of which nothing is known
  document.outcomes[0].workload.shape = *make_shape({4}, 0);
  document.outcomes[0].device.id = "cpu";
  document.outcomes[0].device.chip.name = "some CPU";
  EXPECT_THAT(fault("report", json::parse(report_json(document))), IsEmpty());
}

TEST(Schema, DescribesWhatTheDoctorSays) {
  json document = json::parse(doctor_json({{"driver", Health::ok, "580.159.04", ""},
                                           {"ECC of cuda:0", Health::broken, "3 uncorrected errors", "replace it"}}));
  EXPECT_THAT(fault("doctor", document), IsEmpty());
  EXPECT_EQ(document["health"], "broken");
  EXPECT_EQ(document["checks"][0]["remedy"], nullptr);
  expect_each_member_required("doctor", document, document, "doctor");
}

TEST(Schema, RejectsAReportThatLacksAnyMember) {
  json document = json::parse(report_json(testing_example::report()));
  expect_each_member_required("report", document, document, "report");
}

TEST(Schema, RejectsAValueOfTheWrongKind) {
  const auto rejects = [](const std::string& pointer, const json& value) {
    json document = best_document();
    document.at(json::json_pointer(pointer)) = value;
    return !fault("best", document).empty();
  };
  EXPECT_TRUE(rejects("/format", "scantune-run"));
  EXPECT_TRUE(rejects("/version", 2));
  EXPECT_TRUE(rejects("/entries", json::object()));
  EXPECT_TRUE(rejects("/entries/0/key", "NVIDIA H200"));
  EXPECT_TRUE(rejects("/entries/0/winner", nullptr));
  EXPECT_TRUE(rejects("/entries/0/winner/time_ns/median", "2 ms"));
  EXPECT_TRUE(rejects("/entries/0/winner/time_ns/median", nullptr)) << "null without a reason";
  EXPECT_TRUE(rejects("/entries/0/winner/params/tile", 1.5));
  EXPECT_TRUE(rejects("/entries/0/winner/counters", nullptr)) << "null without a reason";
  EXPECT_TRUE(rejects("/entries/0/winner/counters/0/metrics/0/value", nullptr)) << "null without a reason";
  EXPECT_TRUE(rejects("/entries/0/chip/multiprocessors", 0)) << "missing is null, not 0";
  EXPECT_TRUE(rejects("/entries/0/workload/dtype", "f31"));
  EXPECT_TRUE(rejects("/entries/0/workload/shape/0", 0));
  EXPECT_TRUE(rejects("/entries/0/samples/rounds/0/time_ns/0", "1"));
  EXPECT_TRUE(rejects("/entries/0/provenance/time_utc", "yesterday"));
  EXPECT_TRUE(rejects("/entries/0/seed", "1"));
}

TEST(Schema, DescribesSharedPartsTheSameInEveryFile) {
  // Each schema stands alone, so that a validator needs one file; the price is this check.
  const json best = schema_json("best").at("definitions");
  for (const auto& [schema, least] : {std::pair{"run", 10}, std::pair{"journal", 8}}) {
    int shared = 0;
    const json definitions = schema_json(schema).at("definitions");
    for (const auto& [name, definition] : definitions.items()) {
      if (best.contains(name)) {
        EXPECT_EQ(definition, best.at(name)) << schema << ": " << name;
        ++shared;
      }
    }
    EXPECT_GE(shared, least);
  }
}

json journal_line(const JournalWhat& what) { return json::parse(to_line({testing_example::context_id(), what})); }

TEST(Schema, AcceptsEveryLineOfAJournal) {
  for (const JournalWhat& what : testing_example::every_kind()) {
    EXPECT_THAT(fault("journal", journal_line(what)), IsEmpty()) << journal_line(what);
  }
  RoundTaken taken = testing_example::round_taken();
  taken.round.samples[0].time_ns = std::numeric_limits<double>::quiet_NaN();
  EXPECT_THAT(fault("journal", journal_line(taken)), IsEmpty());
  json newer = journal_line(RunEnded{});
  newer["event"] = {{"context", testing_example::context_id()}, {"kind", "dreamt"}, {"of", 7}};
  EXPECT_THAT(fault("journal", newer), IsEmpty());
}

TEST(Schema, RejectsALineOfAJournalThatLacksAnyMember) {
  for (const JournalWhat& what : testing_example::every_kind()) {
    json line = journal_line(what);
    expect_each_member_required("journal", line, line, std::string(name(kind_of(what))));
  }
}

TEST(Schema, RejectsAValueOfTheWrongKindInAJournal) {
  const auto rejects = [](const JournalWhat& what, const std::string& pointer, const json& value) {
    json line = journal_line(what);
    line.at(json::json_pointer(pointer)) = value;
    return !fault("journal", line).empty();
  };
  const RoundTaken taken = testing_example::round_taken();
  EXPECT_TRUE(rejects(taken, "/sum", "0123"));
  EXPECT_TRUE(rejects(taken, "/event/context", "abc"));
  EXPECT_TRUE(rejects(taken, "/event/kind", ""));
  EXPECT_TRUE(rejects(taken, "/event/phase", "middle"));
  EXPECT_TRUE(rejects(taken, "/event/samples/0", json::array({0})));
  EXPECT_TRUE(rejects(taken, "/event/samples/0/0", -1));
  EXPECT_TRUE(rejects(taken, "/event/samples/0/1", "1"));
  EXPECT_TRUE(rejects(TrialProfiled{testing_example::trial(), {}}, "/event/counters", nullptr));
  EXPECT_TRUE(rejects(RunEnded{}, "/event/reason", "tired"));
  EXPECT_TRUE(rejects(testing_example::began(), "/event/fresh", 1));
}

TEST(Schema, AcceptsEverySuiteInConfigs) {
  int suites = 0;
  for (const auto& file : std::filesystem::directory_iterator(fmt::format("{}/configs/suites", kSource))) {
    const std::string text = read(file.path());
    EXPECT_THAT(fault("suite", json::parse(text)), IsEmpty()) << file.path();
    EXPECT_TRUE(parse_suite(text)) << file.path();
    ++suites;
  }
  EXPECT_GE(suites, 1);
}

TEST(Schema, RejectsTheSuitesThatTheParserRejects) {
  for (const char* text : {
           R"({"workloads": [{"shape": [2], "dim": 0, "dtype": "f32"}]})",
           R"({"name": "x", "workloads": []})",
           R"({"name": "x", "workloads": [{"shape": [2], "dim": 0, "dtype": "f31"}]})",
           R"({"name": "x", "workloads": [{"shape": [0], "dim": 0, "dtype": "f32"}]})",
           R"({"name": "x", "workloads": [{"shape": [], "dim": 0, "dtype": "f32"}]})",
           R"({"name": "x", "workloads": [{"shape": "2x2", "dim": 0, "dtype": "f32"}]})",
           R"({"name": "x", "workloads": [{"shape": [2], "dtype": "f32"}]})",
           R"({"name": "x", "workloads": [{"shape": [2], "dim": 0, "dtype": "f32", "dtpye": "f32"}]})",
           R"({"name": "x", "workloads": [{"shape": [2], "dim": 0, "dtype": "f32", "cache": "warm"}]})",
       }) {
    EXPECT_FALSE(parse_suite(text)) << text;
    EXPECT_FALSE(fault("suite", json::parse(text)).empty()) << text;
  }
}

TEST(Schema, AcceptsEverySpaceInConfigs) {
  int spaces = 0;
  for (const auto& file : std::filesystem::directory_iterator(fmt::format("{}/configs/spaces", kSource))) {
    const std::string text = read(file.path());
    EXPECT_THAT(fault("space", json::parse(text)), IsEmpty()) << file.path();
    EXPECT_TRUE(parse_space(text)) << file.path();
    ++spaces;
  }
  EXPECT_GE(spaces, 3);
}

TEST(Schema, RejectsTheSpacesThatTheParserRejects) {
  EXPECT_THAT(fault("space", json::parse(R"({"kernels": {"row_carry": {"tile": [12288]}, "short_row": {}}})")),
              IsEmpty());
  for (const char* text : {
           R"([])",
           R"({})",
           R"({"kernels": {}})",
           R"({"kernels": ["row_carry"]})",
           R"({"kernels": {"row_carry": [4096]}})",
           R"({"kernels": {"row_carry": {"tile": 4096}}})",
           R"({"kernels": {"row_carry": {"tile": []}}})",
           R"({"kernels": {"row_carry": {"tile": [4096, 4096]}}})",
           R"({"kernels": {"row_carry": {"tile": [4096.5]}}})",
           R"({"kernels": {"row_carry": {"tile": [null]}}})",
           R"({"kernels": {"row_carry": {"note": 1}}})",
           R"({"kernels": {"row_carry": {}}, "note": ["a"]})",
           R"({"kernels": {"row_carry": {}}, "kernel": {}})",
       }) {
    EXPECT_FALSE(parse_space(text)) << text;
    EXPECT_FALSE(fault("space", json::parse(text)).empty()) << text;
  }
}

TEST(Documentation, ItsExampleIsABestFile) {
  const std::string page = read(fmt::format("{}/docs/results-format.md", kSource));
  const std::string fence = "```json\n";
  const size_t begin = page.find(fence);
  ASSERT_NE(begin, std::string::npos);
  const size_t end = page.find("\n```", begin);
  ASSERT_NE(end, std::string::npos);
  const std::string example = page.substr(begin + fence.size(), end + 1 - begin - fence.size());
  const auto entries = parse_best(example);
  ASSERT_TRUE(entries) << entries.error().message;
  EXPECT_THAT(fault("best", json::parse(example)), IsEmpty());
  EXPECT_EQ(merge_best(example, {}).value(), example) << "the example is not laid out as scantune writes it";
}

}  // namespace
}  // namespace scantune::wire
