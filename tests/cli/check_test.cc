// scantune check, verify, show and merge, end to end on the CPU device: verdicts, exit codes, reports, faults.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <functional>
#include <nlohmann/json.hpp>

#include "device/cpu.h"
#include "sandbox.h"
#include "store/history.h"
#include "wire/best_json.h"

namespace scantune::cli {
namespace {

using nlohmann::json;
using testing::HasSubstr;
using testing::IsEmpty;

// A baseline of this CPU: tuned once, then made faster or slower in the file, so that verdicts are certain on any
// machine.
class CheckCommandTest : public testing::Test {
 protected:
  static void SetUpTestSuite() {
    Sandbox sandbox;
    const Finished run = sandbox.run({"--device", "cpu", "--shape", "64x4096", "--set", "threads=1", "--budget", "3",
                                      "--metrics", "none", "--out", "best.json", "--journal", "none", "--quiet"});
    ASSERT_EQ(run.code, 0) << run.err;
    tuned = read_text(sandbox.work() / "best.json");
  }

  // The baseline with all times of variants multiplied, copies left alone.
  static std::string baseline(
      double factor, const std::function<void(json&)>& edit = [](json&) {}) {
    json document = json::parse(tuned);
    for (json& entry : document["entries"]) {
      for (json& round : entry["samples"]["rounds"]) {
        for (size_t i = 0; i < round["order"].size(); ++i) {
          const double time_ns = round["time_ns"][i];
          round["time_ns"][i] = round["order"][i] == 0 ? time_ns : time_ns * factor;
        }
      }
    }
    edit(document);
    return document.dump();
  }

  // One entry of a GPU that is not here. Not from results/best.json: a run in this checkout writes to it.
  static std::string recorded() {
    json document = json::parse(read_text(SCANTUNE_SOURCE_DIR "/results/h200-standard.json"));
    document["entries"] = json::array({document["entries"][0]});
    return document.dump();
  }

  Finished check(std::vector<std::string> more = {}) {
    std::vector<std::string> arguments = {"check", "--baseline", "best.json", "--device", "cpu", "--threshold", "50%"};
    arguments.insert(arguments.end(), more.begin(), more.end());
    return sandbox.run(arguments);
  }

  inline static std::string tuned;
  Sandbox sandbox;
};

TEST_F(CheckCommandTest, PassesWithExitCodeZero) {
  sandbox.write("best.json", baseline(5));
  const Finished run = check();
  EXPECT_EQ(run.code, 0) << run.out << run.err;
  EXPECT_THAT(run.out, HasSubstr("64x4096 f32 dim 1"));
  EXPECT_THAT(run.out, HasSubstr("   ok\n"));
  EXPECT_THAT(run.out, HasSubstr("none of 1 slower (50% allowed, 99% confidence"));
}

TEST_F(CheckCommandTest, FailsWithExitCodeOneAndTheCause) {
  sandbox.write("best.json", baseline(0.1, [](json& document) {
                  document["entries"][0]["winner"]["source_digest"] = "0123456789abcdef0123456789abcdef";
                }));
  const Finished run = check();
  EXPECT_EQ(run.code, 1) << run.out << run.err;
  EXPECT_THAT(run.out, HasSubstr("slower than the 50.0% allowed"));
  EXPECT_THAT(run.out, HasSubstr("the sources of cpu_"));
  EXPECT_THAT(run.out, HasSubstr("1 of 1 slower"));
}

TEST_F(CheckCommandTest, IsInconclusiveOnAnotherChipAndWithoutARecord) {
  sandbox.write("best.json", baseline(5, [](json& document) { document["entries"][0]["chip"]["name"] = "Some GPU"; }));
  Finished run = check();
  EXPECT_EQ(run.code, 3);
  EXPECT_THAT(run.out, HasSubstr("inconclusive: the baseline is of another chip: Some GPU, and this is"));
  run = check({"--shape", "64x4096"});
  EXPECT_EQ(run.code, 3);
  EXPECT_THAT(run.out, HasSubstr("for another chip only: Some GPU"));
  run = check({"--shape", "7x7"});
  EXPECT_EQ(run.code, 3);
  EXPECT_THAT(run.out, HasSubstr("best.json has no record of it on " + cpu::info().chip.name));
}

TEST_F(CheckCommandTest, WithoutAGpuABaselineOfOneIsInconclusiveAndSaysWhy) {
  sandbox.write("h200.json", recorded());
  const Finished run = sandbox.run({"check", "--baseline", "h200.json"});
  EXPECT_EQ(run.code, 3);
  EXPECT_THAT(run.out, HasSubstr("another chip: NVIDIA H200"));
  EXPECT_THAT(run.out, HasSubstr("using the CPU"));
  const Finished asked = sandbox.run({"check", "--baseline", "h200.json", "--device", "cuda:0"});
  EXPECT_EQ(asked.code, 2) << "what was asked for by name is missing: nothing was checked";
  EXPECT_THAT(asked.err, HasSubstr("--device cuda:0"));
  EXPECT_EQ(line_count(asked.err), 1U);
}

TEST_F(CheckCommandTest, RefusesBaselinesThatAreNone) {
  const auto refused = [&](const std::string& text, const std::string& why) {
    sandbox.write("best.json", text);
    const Finished run = check();
    EXPECT_EQ(run.code, 2) << text;
    EXPECT_EQ(line_count(run.err), 1U) << run.err;
    EXPECT_THAT(run.err, HasSubstr("--baseline"));
    EXPECT_THAT(run.err, HasSubstr(why));
    EXPECT_EQ(run.out, "");
  };
  const std::string good = baseline(5);
  refused(good.substr(0, good.size() / 2), "line 1, column");
  refused(R"({"format": "something-else"})", "not a scantune best file");
  refused("", "empty");
  refused(baseline(5, [](json& document) { document["version"] = 9; }), "written by a newer scantune: version 9");
  refused(baseline(5, [](json& document) { document["entries"].clear(); }), "it holds no entry");
  const Finished missing = sandbox.run({"check", "--baseline", "gone.json"});
  EXPECT_EQ(missing.code, 2);
  EXPECT_THAT(missing.err, HasSubstr("gone.json"));
  EXPECT_THAT(missing.err, HasSubstr("No such file"));
}

TEST_F(CheckCommandTest, RefusesWhatItsOptionsCannotMean) {
  sandbox.write("best.json", baseline(5));
  const auto refused = [&](std::vector<std::string> more, const std::string& why) {
    const Finished run = check(std::move(more));
    EXPECT_EQ(run.code, 2) << why;
    EXPECT_EQ(line_count(run.err), 1U) << run.err;
    EXPECT_THAT(run.err, HasSubstr(why));
  };
  refused({"--threshold", "0.02"}, "--threshold 0.02: not a percentage");
  refused({"--threshold", "-1%"}, "not a percentage");
  refused({"--confidence", "100%"}, "--confidence 100%");
  refused({"--confidence", "10%"}, "out of range");
  refused({"--max-time", "200"}, "--max-time 200: not a time");
  refused({"--sessions", "4"}, "it goes with --aa");
  refused({"--aa", "--retune"}, "--aa: it cannot go with --retune");
  refused({"--dtype", "f16"}, "--dtype: it goes with --shape");
  refused({"--format", "xml"}, "--format xml: unknown format");
  refused({"--format", "juint"}, "did you mean junit?");
  refused({"--format", "json", "--format", "text"}, "two reports on standard output");
  refused({"--out", "a", "--out", "b"}, "there is no --format for it");
  refused({"--out", "/proc/none/x"}, "--out");
  refused({"--plant", "2%"}, "--plant: it needs a GPU");
  refused({"--against", "gone"}, "--against");
  refused({"--suite", "gone.json"}, "--suite");
  const Finished none = sandbox.run({"check"});
  EXPECT_EQ(none.code, 2);
  EXPECT_THAT(none.err, HasSubstr("--baseline is missing"));
}

TEST_F(CheckCommandTest, ATimeLimitThatIsHitIsInconclusiveAndNamed) {
  sandbox.write("best.json", baseline(1));
  const Finished run = check({"--max-time", "0.0001s", "--threshold", "0.01%"});
  EXPECT_EQ(run.code, 3) << run.out << run.err;
  EXPECT_THAT(run.out, HasSubstr("the time limit"));
}

TEST_F(CheckCommandTest, WritesEveryReportInOneRun) {
  sandbox.write("best.json", baseline(0.1));
  const Finished run = check({"--format", "junit", "--out", "check.xml", "--format", "markdown", "--out", "check.md",
                              "--format", "json", "--out", "check.json", "--format", "github"});
  EXPECT_EQ(run.code, 1) << run.err;
  EXPECT_THAT(run.out, HasSubstr("::error title=slower%3A 64x4096 f32 dim 1::"));
  EXPECT_THAT(read_text(sandbox.work() / "check.xml"), HasSubstr("<failure type=\"regression\""));
  EXPECT_THAT(read_text(sandbox.work() / "check.md"), HasSubstr("| 64x4096 f32 dim 1 |"));
  const json document = json::parse(read_text(sandbox.work() / "check.json"));
  EXPECT_EQ(document["format"], "scantune-check");
  EXPECT_EQ(document["exit_code"], 1);
  EXPECT_EQ(document["verdict"], "regression");
  const json& entry = document["entries"][0];
  EXPECT_GT(entry["slowdown"]["low"], 0.5);
  EXPECT_EQ(entry["samples"]["rounds"].size(), entry["now"]["round_count"]);
  EXPECT_EQ(entry["counters"], nullptr) << "a counter that was not read is missing, with a reason";
  EXPECT_THAT(entry["changes_note"].get<std::string>(), HasSubstr("no counters"));
}

TEST_F(CheckCommandTest, PrintsTextBesideAReportInAFile) {
  sandbox.write("best.json", baseline(5));
  const Finished run = check({"--format", "junit", "--out", "check.xml"});
  EXPECT_EQ(run.code, 0);
  EXPECT_THAT(run.out, HasSubstr("   ok\n"));
  EXPECT_THAT(check({"--format", "junit", "--out", "check.xml", "-q"}).out, IsEmpty());
}

TEST_F(CheckCommandTest, AddsToAHistoryAndNeverRewritesIt) {
  sandbox.write("best.json", baseline(5));
  EXPECT_EQ(check({"--history", "h/history.jsonl", "--commit", "abc"}).code, 0);
  const std::string first = read_text(sandbox.work() / "h/history.jsonl");
  EXPECT_EQ(line_count(first), 1U);
  {
    std::ofstream torn(sandbox.work() / "h/history.jsonl", std::ios::app);
    torn << R"({"format":"scantune-history","ver)";
  }
  const Finished again = check({"--history", "h/history.jsonl"});
  EXPECT_EQ(again.code, 0);
  EXPECT_THAT(again.err, HasSubstr("line 2 is skipped: torn"));
  const auto history = store::read_history(sandbox.work() / "h/history.jsonl");
  ASSERT_TRUE(history) << history.error().message;
  EXPECT_EQ(history->lines.size(), 2U);
  EXPECT_EQ(history->lines[0].commit, "abc");
  EXPECT_EQ(read_text(sandbox.work() / "h/history.jsonl").substr(0, first.size()), first);
  sandbox.write("other.txt", "my notes\n");
  const Finished foreign = check({"--history", "other.txt"});
  EXPECT_EQ(foreign.code, 2);
  EXPECT_THAT(foreign.err, HasSubstr("not a history of scantune"));
  EXPECT_EQ(read_text(sandbox.work() / "other.txt"), "my notes\n");
}

TEST_F(CheckCommandTest, AnAaRunEstimatesTheNoiseAndLaterChecksUseIt) {
  sandbox.write("best.json", baseline(5));
  const Finished run = check({"--aa", "--sessions", "3", "--history", "history.jsonl", "--max-time", "20s"});
  EXPECT_TRUE(run.code == 0 || run.code == 3) << run.err;
  EXPECT_THAT(run.out, HasSubstr("noise of a round"));
  EXPECT_THAT(run.out, HasSubstr("checks drawn from these samples"));
  const Finished later = check({"--history", "history.jsonl", "--format", "json"});
  EXPECT_EQ(json::parse(later.out)["entries"][0]["session_sd"]["measured"], true);
}

TEST_F(CheckCommandTest, LooksForAFasterVariantWhenAsked) {
  sandbox.write("best.json", baseline(5));
  const Finished run = check({"--retune", "--max-time", "20s", "--format", "json"});
  EXPECT_EQ(run.code, 0) << run.err;
  const json document = json::parse(run.out);
  EXPECT_TRUE(document["entries"][0].contains("better"));
  EXPECT_THAT(document["notes"], IsEmpty()) << "it was tuned again";
}

TEST_F(CheckCommandTest, VerifyHoldsWhatWasJustTuned) {
  sandbox.write("best.json", baseline(1));
  const Finished run = sandbox.run({"verify", "best.json"});
  EXPECT_EQ(run.code, 0) << run.out << run.err;
  EXPECT_THAT(run.out, HasSubstr("holds\n"));
  EXPECT_THAT(run.out, HasSubstr("0 of 1 stale\n"));
}

TEST_F(CheckCommandTest, VerifyNamesWhatIsStale) {
  sandbox.write("best.json", baseline(1, [](json& document) {
                  document["entries"][0]["winner"]["source_digest"] = "0123456789abcdef0123456789abcdef";
                  document["entries"][0]["provenance"]["driver"] = "2.4.0";
                }));
  const Finished run = sandbox.run({"verify", "best.json"});
  EXPECT_EQ(run.code, 1);
  EXPECT_THAT(run.out, HasSubstr("kernel source: the sources of cpu_"));
  EXPECT_THAT(run.out, HasSubstr("driver: driver 2.4.0 then"));
  const json document = json::parse(sandbox.run({"verify", "best.json", "--format", "json"}).out);
  EXPECT_EQ(document["entries"][0]["stale"], true);
  EXPECT_EQ(sandbox.run({"verify", "gone.json"}).code, 2);
  sandbox.write("best.json", "{}");
  EXPECT_EQ(sandbox.run({"verify", "best.json"}).code, 2);
}

TEST_F(CheckCommandTest, VerifyChecksWhatItCanOfAGpuThatIsNotHere) {
  const Finished run = sandbox.run({"verify", SCANTUNE_SOURCE_DIR "/results/h200-standard.json"});
  EXPECT_TRUE(run.code == 0 || run.code == 1) << run.err;
  EXPECT_THAT(run.out, HasSubstr("not checked: "));
  EXPECT_THAT(run.out, HasSubstr("chip ("));
}

TEST_F(CheckCommandTest, MergeKeepsTheBetterKnownAndTouchesNoInput) {
  const auto width = [](double relative) {
    return [relative](json& document) {
      json& ratio = document["entries"][0]["winner"]["ratio_to_copy"];
      ratio = {{"median", 1.0}, {"low", 1 - relative}, {"high", 1 + relative}};
      document["entries"][0]["later"] = relative;  // a member of a later version is kept
    };
  };
  sandbox.write("wide.json", baseline(1, width(0.1)));
  sandbox.write("tight.json", baseline(1, width(0.01)));
  sandbox.write("stale.json", baseline(1, [&](json& document) {
                  width(0.001)(document);
                  document["entries"][0]["winner"]["source_digest"] = "0123456789abcdef0123456789abcdef";
                }));
  const std::string before = read_text(sandbox.work() / "wide.json");
  sandbox.write("h200.json", recorded());
  const Finished run =
      sandbox.run({"merge", "wide.json", "stale.json", "tight.json", "h200.json", "--out", "out/all.json"});
  ASSERT_EQ(run.code, 0) << run.err;
  EXPECT_THAT(run.out, HasSubstr("from tight.json: known to ±"));
  EXPECT_THAT(run.out, HasSubstr("out/all.json: 2 entries of 4 files"));
  const json merged = json::parse(read_text(sandbox.work() / "out/all.json"));
  ASSERT_EQ(merged["entries"].size(), 2U);
  EXPECT_EQ(merged["entries"][0]["later"], 0.01);
  EXPECT_EQ(read_text(sandbox.work() / "wide.json"), before);
  const Finished onto = sandbox.run({"merge", "wide.json", "tight.json", "--out", "./wide.json"});
  EXPECT_EQ(onto.code, 2);
  EXPECT_THAT(onto.err, HasSubstr("one of the files to merge"));
  EXPECT_EQ(read_text(sandbox.work() / "wide.json"), before);
  EXPECT_EQ(sandbox.run({"merge", "wide.json", "--out", "x.json"}).code, 2);
  EXPECT_EQ(sandbox.run({"merge", "wide.json", "tight.json"}).code, 2);
  sandbox.write("torn.json", before.substr(0, 100));
  const Finished torn = sandbox.run({"merge", "wide.json", "torn.json", "--out", "x.json"});
  EXPECT_EQ(torn.code, 2);
  EXPECT_THAT(torn.err, HasSubstr("torn.json"));
  EXPECT_FALSE(std::filesystem::exists(sandbox.work() / "x.json"));
}

TEST_F(CheckCommandTest, ShowListsWhatAFileHolds) {
  sandbox.write("best.json", baseline(1));
  const Finished run = sandbox.run({"show", "best.json"});
  EXPECT_EQ(run.code, 0);
  EXPECT_THAT(run.out, HasSubstr("64x4096 f32 dim 1"));
  EXPECT_THAT(run.out, HasSubstr(cpu::info().chip.name));
  const json document = json::parse(sandbox.run({"show", "best.json", "--format", "json"}).out);
  EXPECT_EQ(document["format"], "scantune-show");
  EXPECT_EQ(document["entries"].size(), 1U);
  EXPECT_EQ(sandbox.run({"show", "gone.json"}).code, 2);
  EXPECT_EQ(sandbox.run({"show", "best.json", "more.json"}).code, 2);
}

}  // namespace
}  // namespace scantune::cli
