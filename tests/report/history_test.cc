// Histories of checks in a report.
#include <gmock/gmock.h>

#include <fstream>

#include "../store/scratch.h"
#include "fixture.h"
#include "history_example.h"
#include "report/history_page.h"
#include "report/markdown.h"
#include "report/sources.h"
#include "wire/check_json.h"
#include "wire/outcome_json.h"

namespace scantune::report {
namespace {

using store::Scratch;
using testing::HasSubstr;
using testing::Not;

class HistoryTest : public testing::Test {
 protected:
  std::filesystem::path file(const std::string& name, const std::string& text) {
    std::ofstream(scratch / name) << text;
    return scratch / name;
  }
  std::filesystem::path history_file(const std::string& name = "history.jsonl",
                                     const std::vector<HistoryLine>& lines = fallen_history()) {
    std::string text;
    for (const HistoryLine& line : lines) {
      text += wire::history_line(line);
    }
    return file(name, text);
  }
  static wire::ReportDocument read(const std::vector<std::filesystem::path>& files) {
    return gather(files, "0.1.0", "now").value();
  }

  Scratch scratch;
};

TEST_F(HistoryTest, AloneMakesAReport) {
  const wire::ReportDocument document = read({history_file()});
  EXPECT_TRUE(document.outcomes.empty());
  ASSERT_EQ(document.histories.size(), 2U);
  EXPECT_EQ(document.sources[0].kind, "history");
  EXPECT_EQ(document.sources[0].outcomes, 2U);
  EXPECT_EQ(document.sources[0].note, "");
  const wire::ReportHistory& fallen = document.histories[0];
  EXPECT_EQ(fallen.title, "32768x32768x1 f32");
  EXPECT_EQ(fallen.chip, "NVIDIA H200");
  EXPECT_EQ(fallen.runs.size(), 20U) << "the estimate of noise is no run";
  ASSERT_TRUE(fallen.noise);
  EXPECT_EQ(fallen.noise->session_sd, 0.0005);
  ASSERT_TRUE(fallen.change);
  EXPECT_EQ(fallen.change->at, 12);
  EXPECT_EQ(fallen.change->time, fallen.runs[12].time);
  EXPECT_EQ(fallen.change->commit, fallen.runs[12].commit);
  EXPECT_NEAR(fallen.change->before, 0.99, 1e-3);
  EXPECT_NEAR(fallen.change->after, 0.978, 1e-3);
  EXPECT_EQ(document.histories[1].title, "1x16777216x1 f16 summed in f32 hot deterministic");
  EXPECT_FALSE(document.histories[1].change);
}

TEST_F(HistoryTest, HasTheTitleOfTheOutcomeItIsOf) {
  const auto run = file("run.json", wire::run_json({finished_run()}));
  const wire::ReportDocument document = read({history_file(), run});
  EXPECT_EQ(document.histories[0].title, document.outcomes[0].title);
  EXPECT_EQ(document.histories[0].title, "32768x32768 f32 dim 1");
}

TEST_F(HistoryTest, OfTwoMachinesIsToldApartByTheFile) {
  const wire::ReportDocument document = read({history_file("a.jsonl"), history_file("b.jsonl")});
  ASSERT_EQ(document.histories.size(), 4U);
  EXPECT_THAT(document.histories[0].title, HasSubstr("a.jsonl"));
  EXPECT_THAT(document.histories[2].title, HasSubstr("b.jsonl"));
}

TEST_F(HistoryTest, SaysWhatItLeavesOut) {
  std::vector<HistoryLine> lines = fallen_history();
  lines.back().ratio_to_copy = {};
  const auto torn = history_file("torn.jsonl", lines);
  std::ofstream(torn, std::ios::app) << R"({"format":"scantune-history","ver)";
  EXPECT_EQ(read({torn}).sources[0].note, "1 check without a ratio to the copy left out; 1 line skipped: damaged");
}

TEST_F(HistoryTest, WithoutARunIsNothingToReport) {
  const auto document = gather({history_file("aa.jsonl", {fallen_history().front()})}, "0.1.0", "now");
  ASSERT_FALSE(document);
  EXPECT_THAT(document.error().message, HasSubstr("nothing to report"));
  EXPECT_FALSE(is_history("{"));
  EXPECT_FALSE(is_history(""));
  EXPECT_FALSE(is_history(wire::run_json({finished_run()})));
}

TEST_F(HistoryTest, IsATableOfMarkdownWithTheChangeOfLevelFirst) {
  std::vector<wire::ReportHistory> histories = read({history_file()}).histories;
  std::ranges::reverse(histories);
  const std::string text = history_markdown(histories);
  EXPECT_THAT(text, HasSubstr("| 32768x32768x1 f32 | 20 | 0.978 [0.976, 0.980] | regression | 0.978 to 0.990 | "));
  EXPECT_THAT(text, HasSubstr("**-1.2%** at 2026-11-13T01:00:00Z, commit 000000000000: 0.990 to 0.978, p "));
  EXPECT_THAT(text, HasSubstr("| 1x16777216x1 f16 summed in f32 hot deterministic | 6 | "));
  EXPECT_LT(text.find("| 32768x32768x1"), text.find("| 1x16777216x1")) << "what changed comes first";
  EXPECT_EQ(history_markdown({}), "");
  histories[0].title = "a|b";
  EXPECT_THAT(history_markdown(histories), HasSubstr("| a\\|b |"));
}

TEST_F(HistoryTest, StandsInTheReportBetweenTheSummaryAndTheDetails) {
  const auto run = file("run.json", wire::run_json({finished_run()}));
  const std::string text = page_markdown(read({run, history_file()}));
  EXPECT_LT(text.find("| workload | of copy |"), text.find("### History of checks"));
  EXPECT_LT(text.find("### History of checks"), text.find("\n### 32768x32768 f32 dim 1"));
  const std::string alone = page_markdown(read({history_file()}));
  EXPECT_THAT(alone, HasSubstr("## scantune on NVIDIA H200\n"));
  EXPECT_THAT(alone, Not(HasSubstr("| workload | of copy |")));
}

TEST(Sparkline, GoesFromTheLowestToTheHighest) {
  EXPECT_EQ(sparkline({0.9, 0.96, 1.0}, 10), "▁▅█");
  EXPECT_EQ(sparkline({1, 0.9, 0.9, 0.96}, 2), "▁▅") << "the last ones, on the scale of all";
  EXPECT_EQ(sparkline({0.9, 0.9}, 10), "▅▅") << "what does not move has no bottom";
  EXPECT_EQ(sparkline({}, 10), "");
}

}  // namespace
}  // namespace scantune::report
