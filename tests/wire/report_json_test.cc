#include "wire/report_json.h"

#include <gmock/gmock.h>

#include <limits>
#include <nlohmann/json.hpp>

#include "report_example.h"

namespace scantune::wire {
namespace {

using nlohmann::json;
using testing::HasSubstr;
using testing::Not;

TEST(ReportJson, WritesWhatIsMissingAsNull) {
  ReportDocument document = testing_example::report();
  document.outcomes[0].records[0].counters[0] = std::numeric_limits<double>::quiet_NaN();
  document.outcomes[0].samples[0].time_ns[0] = std::numeric_limits<double>::infinity();
  document.outcomes[0].stopped.reset();
  document.outcomes[0].spent.reset();
  const json outcome = json::parse(report_json(document))["outcomes"][0];
  EXPECT_EQ(outcome["records"][0]["counters"], (json{nullptr, nullptr}));
  EXPECT_EQ(outcome["records"][1]["counters"], nullptr);
  EXPECT_EQ(outcome["records"][1]["time_ns"], nullptr);
  EXPECT_EQ(outcome["records"][1]["shared_bytes_per_block"], nullptr);
  EXPECT_EQ(outcome["samples"][0]["time_ns"][0], nullptr);
  EXPECT_EQ(outcome["stopped"], nullptr);
  EXPECT_EQ(outcome["spent"], nullptr);
  EXPECT_EQ(outcome["metrics"][0]["stall"], nullptr);
  EXPECT_EQ(outcome["peers"][1]["ratio_to_copy"], nullptr);
}

TEST(ReportJson, HasProfilesAndTheTimelinesOfVariantsThatOnlyTheyHave) {
  const json outcome = json::parse(report_json(testing_example::report()))["outcomes"][0];
  const json& profile = outcome["profiles"][0];
  EXPECT_EQ(profile["record"], nullptr);
  EXPECT_EQ(profile["source"], 2);
  EXPECT_EQ(profile["kernel"], "row_carry");
  EXPECT_EQ(profile["findings"][0]["no_advice"], "no advice: compare");
  EXPECT_EQ(profile["counters"].size(), profile["metrics"].size());
  EXPECT_EQ(outcome["findings"][0]["no_advice"], nullptr);
  EXPECT_EQ(outcome["timelines"][0]["record"], 0);
  EXPECT_EQ(outcome["timelines"][0]["profile"], nullptr);
  EXPECT_EQ(outcome["timelines"][1]["record"], nullptr);
  EXPECT_EQ(outcome["timelines"][1]["profile"], 0);
}

TEST(ReportJson, CanStandInAPageWhateverItsTextsSay) {
  ReportDocument document = testing_example::report();
  const std::string hostile = "</script><!--<script>\xff\"\\";
  document.outcomes[0].title = hostile;
  document.outcomes[0].records[1].failure->what = hostile;
  const std::string text = report_json(document);
  EXPECT_THAT(text, Not(HasSubstr("<")));
  EXPECT_EQ(json::parse(text)["outcomes"][0]["title"], "</script><!--<script>\xEF\xBF\xBD\"\\");
}

}  // namespace
}  // namespace scantune::wire
