#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "../report/history_example.h"
#include "../wire/example.h"
#include "sandbox.h"
#include "wire/check_json.h"
#include "wire/outcome_json.h"

namespace scantune::cli {
namespace {

using nlohmann::json;
using testing::Contains;
using testing::HasSubstr;
using testing::MatchesRegex;
using testing::Not;
using testing::StartsWith;

std::string run_text() { return wire::run_json({testing_example::outcome(), testing_example::cpu_outcome()}); }

TEST(Report, WritesAPageThatNeedsNothingElse) {
  Sandbox sandbox;
  sandbox.write("run.json", run_text());
  const Finished run = sandbox.run({"report", "run.json", "--out", "pages/r.html"});
  EXPECT_EQ(run.code, 0);
  EXPECT_EQ(run.err, "");
  EXPECT_THAT(run.out, MatchesRegex("Wrote +pages/r.html: [0-9]+ variants of 2 workloads, .*\n"));
  const std::string page = read_text(sandbox.work() / "pages/r.html");
  EXPECT_THAT(page, StartsWith("<!doctype html>"));
  EXPECT_THAT(page, HasSubstr("default-src 'none'"));
  EXPECT_THAT(page, HasSubstr("Chart.js v3"));
  for (const char* outside : {"src=\"", "href=\"http", "@import", "url(", "fetch("}) {
    EXPECT_THAT(page, Not(HasSubstr(outside))) << "it would ask for something";
  }
  size_t ends = 0;
  for (size_t at = 0; (at = page.find("</script", at)) != std::string::npos; ++at) {
    ++ends;
  }
  EXPECT_EQ(ends, 3U);
}

TEST(Report, TakesTheBestFileAndWritesReportHtmlUnlessTold) {
  Sandbox sandbox;
  const Finished none = sandbox.run({"report"});
  EXPECT_EQ(none.code, 2);
  EXPECT_THAT(none.err, HasSubstr("results/best.json"));
  ASSERT_EQ(sandbox.run({"--shape", "64x64", "--device", "cpu", "--budget", "2", "--quiet"}).code, 0);
  EXPECT_EQ(sandbox.run({"report"}).code, 0);
  EXPECT_THAT(sandbox.files(), Contains("report.html"));
  const Finished journal = sandbox.run({"report", "results/journal.jsonl", "--format", "json"});
  const Finished best = sandbox.run({"report", "results/best.json", "--format", "json"});
  const json told = json::parse(journal.out)["outcomes"][0];
  const json kept = json::parse(best.out)["outcomes"][0];
  EXPECT_EQ(told["records"][0]["variant"], kept["records"][0]["variant"]);
  EXPECT_EQ(told["records"][0]["ratio_to_copy"], kept["records"][0]["ratio_to_copy"]);
  EXPECT_EQ(told["speedup"], kept["speedup"]);
}

TEST(Report, PrintsMarkdownAndJson) {
  Sandbox sandbox;
  sandbox.write("run.json", run_text());
  const Finished markdown = sandbox.run({"report", "run.json", "--format", "markdown"});
  EXPECT_EQ(markdown.code, 0);
  EXPECT_THAT(markdown.out, HasSubstr("| workload | of copy |"));
  const Finished data = sandbox.run({"report", "run.json", "--format", "json"});
  EXPECT_EQ(json::parse(data.out)["format"], "scantune-report");
  EXPECT_EQ(json::parse(data.out)["sources"][0]["file"], "run.json");
  EXPECT_EQ(sandbox.run({"report", "run.json", "--format", "markdown", "--out", "r.md"}).code, 0);
  EXPECT_EQ(read_text(sandbox.work() / "r.md"), markdown.out);
  const Finished page = sandbox.run({"report", "run.json", "--out", "-"});
  EXPECT_THAT(page.out, StartsWith("<!doctype html>"));
}

TEST(Report, TakesAHistoryOfChecksAloneOrBesideResults) {
  Sandbox sandbox;
  std::string history;
  for (const HistoryLine& line : report::fallen_history()) {
    history += wire::history_line(line);
  }
  sandbox.write("history.jsonl", history);
  sandbox.write("run.json", run_text());
  Finished run = sandbox.run({"report", "history.jsonl"});
  EXPECT_EQ(run.code, 0) << run.err;
  EXPECT_THAT(run.out, MatchesRegex("Wrote +report.html: 26 checks of 2 workloads, .*\n"));
  run = sandbox.run({"report", "run.json", "history.jsonl", "--out", "r.html"});
  EXPECT_THAT(run.out, MatchesRegex("Wrote +r.html: [0-9]+ variants of 2 workloads, 26 checks of 2 workloads, .*\n"));
  const json document = json::parse(sandbox.run({"report", "history.jsonl", "--format", "json"}).out);
  EXPECT_EQ(document["histories"][0]["level_change"]["at"], 12);
  EXPECT_THAT(sandbox.run({"report", "history.jsonl", "--format", "markdown"}).out,
              HasSubstr("**-1.2%** at 2026-11-13"));
}

TEST(Report, TakesWhatAProfilePrinted) {
  Sandbox sandbox;
  const Finished profile = sandbox.run({"profile", "--device", "cpu", "--shape", "64x4096", "--kernel", "cpu_row_carry",
                                        "--rounds", "3", "--metrics", "task-clock", "--format", "json"});
  ASSERT_EQ(profile.code, 0) << profile.err;
  sandbox.write("profile.json", profile.out);
  const Finished run = sandbox.run({"report", "profile.json", "--format", "json"});
  ASSERT_EQ(run.code, 0) << run.err;
  const json document = json::parse(run.out);
  EXPECT_EQ(document["sources"][0]["kind"], "profile");
  const json& outcome = document["outcomes"][0];
  EXPECT_EQ(outcome["records"][0]["variant"], json::parse(profile.out)["profile"]["variant"]);
  EXPECT_EQ(outcome["records"][0]["time_ns"], json::parse(profile.out)["profile"]["time_ns"]);
  EXPECT_EQ(outcome["timelines"], json::array()) << "the CPU has none";
  sandbox.write("broken.json", profile.out.substr(0, profile.out.size() / 2));
  EXPECT_EQ(sandbox.run({"report", "broken.json"}).code, 2);
}

TEST(Report, SetsAProfileBesideTheResultsOfItsWorkload) {
  if (!std::filesystem::exists(SCANTUNE_SWEEPS)) {
    GTEST_SKIP() << "zstd is missing, which unpacks results/h200-sweeps.jsonl.zst";
  }
  Sandbox sandbox;
  const std::string variant = "row_carry tile=2048 warps=4 stages=2 storage=async";
  const Finished profile = sandbox.run({"profile", "--device", std::string("replay:") + SCANTUNE_SWEEPS, "--shape",
                                        "4096x4096", "--variant", variant, "--format", "json"});
  ASSERT_EQ(profile.code, 0) << profile.err;
  sandbox.write("profile.json", profile.out);
  const Finished run = sandbox.run({"report", "profile.json", SCANTUNE_SWEEPS, "--format", "json"});
  ASSERT_EQ(run.code, 0) << run.err;
  const json page = json::parse(run.out);
  int of_workload = 0;
  for (const json& outcome : page["outcomes"]) {
    if (outcome["title"].get<std::string>().find("4096x4096 f32") == 0) {
      ++of_workload;
      ASSERT_EQ(outcome["profiles"].size(), 1U);
      const json& told = outcome["profiles"][0];
      EXPECT_EQ(told["variant"], variant);
      EXPECT_EQ(outcome["records"][told["record"].get<size_t>()]["variant"], variant);
    }
  }
  EXPECT_EQ(of_workload, 1);
}

TEST(Report, NeverWritesOverWhatItReports) {
  Sandbox sandbox;
  sandbox.write("run.json", run_text());
  const Finished run = sandbox.run({"report", "run.json", "--out", "./run.json"});
  EXPECT_EQ(run.code, 2);
  EXPECT_EQ(run.err, "scantune: --out ./run.json: it is one of the files to report; name another\n");
  EXPECT_EQ(read_text(sandbox.work() / "run.json"), run_text());
}

TEST(Report, SaysInOneLineWhatIsWrong) {
  Sandbox sandbox;
  sandbox.write("run.json", run_text());
  sandbox.write("text", "hello");
  const auto fault = [&](std::vector<std::string> arguments) {
    arguments.insert(arguments.begin(), "report");
    const Finished run = sandbox.run(std::move(arguments));
    EXPECT_EQ(run.code, 2);
    EXPECT_EQ(line_count(run.err), 1U);
    return run.err;
  };
  EXPECT_THAT(fault({"none.json"}), HasSubstr("none.json"));
  EXPECT_THAT(fault({"text"}), HasSubstr("text: expected a best file"));
  EXPECT_EQ(fault({"run.json", "--format", "pdf"}), "scantune: --format pdf: choose html, markdown or json\n");
  EXPECT_THAT(fault({"run.json", "--out", "text/r.html"}), HasSubstr("text"));
}

}  // namespace
}  // namespace scantune::cli
