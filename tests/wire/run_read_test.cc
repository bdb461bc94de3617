// What --format json prints is read back as it was.
#include <gmock/gmock.h>

#include <nlohmann/json.hpp>

#include "example.h"
#include "wire/document.h"
#include "wire/outcome_json.h"

namespace scantune::wire {
namespace {

using nlohmann::json;
using testing::HasSubstr;

TEST(RunRead, GivesBackEveryOutcome) {
  Outcome nothing;
  nothing.workload.shape = *make_shape({4}, 0);
  nothing.stopped = StopReason::device_lost;
  nothing.stop_detail = "gone";
  const std::string text = run_json({testing_example::outcome(), testing_example::cpu_outcome(), nothing});
  const auto outcomes = parse_run(text);
  ASSERT_TRUE(outcomes) << outcomes.error().message;
  ASSERT_EQ(outcomes->size(), 3U);
  EXPECT_EQ(run_json(*outcomes), text);
  EXPECT_EQ((*outcomes)[0].rounds, testing_example::outcome().rounds);
  EXPECT_EQ((*outcomes)[2].stopped, StopReason::device_lost);
}

TEST(RunRead, ARunOfBeforeAnythingWasCompiledAheadOnSuspicionHasNoTimeForThat) {
  json document = json::parse(run_json({testing_example::outcome()}));
  ASSERT_EQ(parse_run(document.dump())->front().spent, testing_example::outcome().spent);
  ASSERT_EQ(document["outcomes"][0]["spent"].erase("unasked_s"), 1U);
  const auto outcomes = parse_run(document.dump());
  ASSERT_TRUE(outcomes) << outcomes.error().message;
  TimeSpent spent = testing_example::outcome().spent;
  spent.unasked_s = 0;
  EXPECT_EQ(outcomes->front().spent, spent);
}

TEST(RunRead, NamesTheMemberAtFault) {
  const auto fault = [](const std::function<void(json&)>& change) {
    json document = json::parse(run_json({testing_example::outcome()}));
    change(document["outcomes"][0]);
    const auto outcomes = parse_run(document.dump());
    return outcomes ? std::string("none") : outcomes.error().message;
  };
  EXPECT_THAT(fault([](json& o) { o.erase("records"); }),
              HasSubstr("outcome 1 of 1: the member \"records\" is missing"));
  EXPECT_THAT(fault([](json& o) { o["winner"]["variant"] = "nobody tile=1"; }),
              HasSubstr("winner: variant: 'nobody tile=1' is none of the records of this outcome"));
  EXPECT_THAT(fault([](json& o) { o["stopped"] = "yes"; }), HasSubstr("expected why a run ended"));
  EXPECT_THAT(fault([](json& o) { o["samples"]["subjects"][1] = "nobody tile=1"; }),
              HasSubstr("'nobody tile=1' is neither"));
}

TEST(RunRead, RefusesOtherDocumentsAndNewerVersions) {
  const auto fault = [](const std::string& text) { return parse_run(text).error().message; };
  EXPECT_THAT(fault("[1]"), HasSubstr("JSON, but it lacks \"format\": \"scantune-run\""));
  EXPECT_THAT(fault(R"({"format": "scantune-best", "version": 1})"), HasSubstr(R"(its "format" is "scantune-best")"));
  EXPECT_THAT(fault(R"({"format": "scantune-run", "version": 9, "outcomes": []})"),
              HasSubstr("version 9, this one reads 1"));
  EXPECT_THAT(fault(R"({"format": "scantune-run", "version": "1"})"), HasSubstr("must be an integer"));
}

TEST(Document, TellsItsFormatWithoutBeingParsed) {
  EXPECT_EQ(format_of(run_json({})), "scantune-run");
  EXPECT_EQ(format_of("{\n \"format\" :\n\"scantune-peers\", and then no JSON"), "scantune-peers");
  for (const char* none : {"", "{}", R"({"format": 1})", R"({"format")", R"({"format":)", R"({"format": ")", "hello"}) {
    EXPECT_EQ(format_of(none), "") << none;
  }
}

}  // namespace
}  // namespace scantune::wire
