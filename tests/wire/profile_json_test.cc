// What scantune profile writes is read back as the outcome it was made from.
#include "wire/profile_json.h"

#include <gmock/gmock.h>

#include <nlohmann/json.hpp>

#include "../stats/timeline_example.h"
#include "example.h"

namespace scantune::wire {
namespace {

using nlohmann::json;
using testing::HasSubstr;

// An outcome of one variant, as a profile has.
Outcome measured_one() {
  Outcome outcome = testing_example::outcome();
  outcome.records = {outcome.records[1]};
  outcome.records[0].profile = testing_example::counters();
  outcome.records[0].profile->launches[0].entry = outcome.records[0].resources[0].entry;
  outcome.rounds = {{Phase::final, {{kCopy, 2002048}, {0, 2018304}, {kCopy, 2001920}}}};
  outcome.ranking = {{0, Phase::final, {2018304, 2018304, 2018304}, {0.9919, 0.9919, 0.9919}}};
  outcome.winner = 0;
  outcome.equivalents.clear();
  outcome.baseline.reset();
  outcome.spent = {};
  return outcome;
}

ProfileSheet sheet_of(const Outcome& outcome) {
  const Record& record = outcome.records.front();
  ProfileSheet sheet;
  sheet.variant = record.variant;
  sheet.failure = record.failure;
  sheet.source_digest = record.source_digest;
  if (!outcome.ranking.empty()) {
    sheet.time_ns = outcome.ranking.front().time_ns;
    sheet.ratio_to_copy = outcome.ranking.front().ratio_to_copy;
  }
  sheet.bytes_in_flight_per_sm = record.bytes_in_flight_per_sm;
  for (size_t i = 0; i < record.resources.size(); ++i) {
    LaunchSheet& launch = sheet.launches.emplace_back();
    launch.resources = record.resources[i];
    if (record.profile) {
      launch.counters = record.profile->launches[i];
    }
  }
  sheet.timeline = testing_example::sampled();
  return sheet;
}

TEST(ProfileJson, ReadsTheOutcomeAndTheTimelineBack) {
  const Outcome outcome = measured_one();
  const auto read = parse_profile(profile_json(outcome, sheet_of(outcome), 0));
  ASSERT_TRUE(read) << read.error().message;
  EXPECT_EQ(read->outcome.workload, outcome.workload);
  EXPECT_EQ(read->outcome.device.chip, outcome.device.chip);
  EXPECT_EQ(read->outcome.device.driver, outcome.device.driver);
  EXPECT_EQ(read->outcome.protocol, outcome.protocol);
  EXPECT_EQ(read->outcome.provenance, outcome.provenance);
  EXPECT_EQ(read->outcome.rounds, outcome.rounds);
  ASSERT_EQ(read->outcome.ranking.size(), 1U);
  EXPECT_EQ(read->outcome.ranking[0].time_ns, outcome.ranking[0].time_ns);
  EXPECT_EQ(read->outcome.ranking[0].ratio_to_copy, outcome.ranking[0].ratio_to_copy);
  EXPECT_EQ(read->outcome.winner, 0);
  EXPECT_EQ(read->outcome.copy_time_ns, outcome.copy_time_ns);
  ASSERT_EQ(read->outcome.records.size(), 1U);
  const Record& record = read->outcome.records[0];
  EXPECT_EQ(record.variant, outcome.records[0].variant);
  EXPECT_EQ(record.resources, outcome.records[0].resources);
  EXPECT_EQ(record.profile, outcome.records[0].profile);
  EXPECT_EQ(record.bytes_in_flight_per_sm, outcome.records[0].bytes_in_flight_per_sm);
  EXPECT_EQ(read->timeline, testing_example::sampled());
}

TEST(ProfileJson, ReadsWhyThereIsNoResult) {
  Outcome outcome = measured_one();
  outcome.ranking.clear();
  outcome.winner.reset();
  outcome.records[0].failure = Failure{FailureKind::wrong_result, "element 7 is 3, expected 4"};
  outcome.records[0].profile.reset();
  outcome.copy_time_ns = {};
  ProfileSheet sheet = sheet_of(outcome);
  sheet.timeline = SampledTimeline{.reason = "the variant was not measured"};
  const auto read = parse_profile(profile_json(outcome, sheet, 0));
  ASSERT_TRUE(read) << read.error().message;
  EXPECT_EQ(read->outcome.records[0].failure, outcome.records[0].failure);
  EXPECT_FALSE(read->outcome.winner);
  EXPECT_FALSE(read->outcome.records[0].profile);
  EXPECT_FALSE(read->timeline);
}

TEST(ProfileJson, NamesWhatIsWrongInAFile) {
  json document = json::parse(profile_json(measured_one(), sheet_of(measured_one()), 0));
  document["profile"]["timeline"]["metrics"][1]["values"].erase(0);
  EXPECT_THAT(parse_profile(document.dump()).error().message, HasSubstr("as many numbers as begin_ns has"));
  document["profile"]["timeline"].erase("metrics");
  EXPECT_THAT(parse_profile(document.dump()).error().message, HasSubstr("\"metrics\" is missing"));
  document["profile"].erase("timeline");  // as before there were any
  EXPECT_TRUE(parse_profile(document.dump()));
  EXPECT_FALSE(parse_profile("{}"));
}

TEST(ProfileCsv, HasTheFiguresOfATimeline) {
  const Outcome outcome = measured_one();
  ProfileSheet sheet = sheet_of(outcome);
  EXPECT_THAT(profile_csv(outcome, sheet), HasSubstr("\n,,timeline_rise,6000.0,ns,\n"));
  sheet.timeline = SampledTimeline{.reason = "no permission"};
  EXPECT_THAT(profile_csv(outcome, sheet), HasSubstr("\n,,timeline_tail_cost,,ns,no permission\n"));
  sheet.timeline.reset();
  EXPECT_THAT(profile_csv(outcome, sheet), testing::Not(HasSubstr("timeline")));
}

}  // namespace
}  // namespace scantune::wire
