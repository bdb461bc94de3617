#include "report/timeline_text.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "../stats/timeline_example.h"
#include "report/report.h"
#include "report/text.h"

namespace scantune::report {
namespace {

using testing::Each;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::Le;
using testing::ResultOf;
using testing::StartsWith;

TEST(TimelineText, ShowsEachSampleOfAShortRun) {
  SampledTimeline sampled = testing_example::sampled();
  sampled.timeline = testing_example::timeline(9);
  sampled.phases = testing_example::phases(9);
  const auto lines = timeline_lines(sampled, 1, 60);
  ASSERT_EQ(lines.size(), 16U);
  // 18 samples; read and written share a scale to 40%: 80% of the peak together fill it.
  EXPECT_EQ(lines[0], "DRAM read      40 %    ▂█████████▂");
  EXPECT_EQ(lines[1], "                      ▄███████████▄");
  EXPECT_EQ(lines[2], "                0 %  ▆█████████████▆▂");
  EXPECT_THAT(lines[3], StartsWith("DRAM written   40 % "));
  EXPECT_THAT(lines[6], StartsWith("warps active   30 % "));
  EXPECT_EQ(lines[9], "                    0         36.00 us");
  EXPECT_EQ(lines.back(), "18 samples of 2.00 us in a run of its own, taken in 40 ms");
}

TEST(TimelineText, ShowsStartAndTailOfALongRunASampleAColumn) {
  const auto lines = timeline_lines(testing_example::sampled(), 1, 60);  // 40 columns of plot: 13, 12 and 13
  EXPECT_EQ(lines[2], "                0 %  ▆███████████┊████████████┊██████████▆▂") << "109 samples";
  EXPECT_EQ(lines[9], "                    0             26.00 us         218.00 us");
  EXPECT_THAT(lines, Each(ResultOf([](const std::string& line) { return columns(line); }, Le(60U))));
  EXPECT_THAT(timeline_lines(testing_example::sampled(), 1, 40),
              Each(ResultOf([](const std::string& line) { return columns(line); }, Le(40U))));
}

TEST(TimelineText, SaysWhatStartAndTailCost) {
  EXPECT_THAT(phase_sentences(testing_example::phases(), 1),
              ElementsAre("steady: 80.0 % of DRAM's peak, reads and writes together",
                          "start: 90% of that after 6.00 us; tail: below it for the last 8.00 us",
                          "they cost 3.00 us and 4.80 us, 3.6% of the run's 214.00 us, beside a run that is steady "
                          "throughout"));
  EXPECT_THAT(phase_sentences(testing_example::phases(), 3).front(), HasSubstr(", over all 3 launches"));
}

TEST(TimelineText, SaysWhyItIsMissing) {
  EXPECT_THAT(timeline_lines({.reason = "no permission"}, 1, 60), ElementsAre("not available: no permission"));
  SampledTimeline sampled = testing_example::sampled();
  sampled.phases.reset();
  sampled.phases_reason = "too short";
  EXPECT_THAT(timeline_lines(sampled, 1, 60), testing::Contains("no start and tail: too short"));
  sampled.timeline->samples.clear();
  EXPECT_THAT(timeline_lines(sampled, 1, 60), ElementsAre(HasSubstr("saw nothing of the run")));
}

TEST(TimelineText, HasAPlotWithoutUtf8) {
  for (const std::string& line : timeline_lines(testing_example::sampled(), 1, 60)) {
    EXPECT_EQ(ascii(line).find('?'), std::string::npos) << line;
    EXPECT_EQ(ascii(line).size(), columns(line));
  }
}

}  // namespace
}  // namespace scantune::report
