// Runs that go on where another ended, however it ended.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>
#include <random>

#include "processes.h"
#include "sandbox.h"

namespace scantune::cli {
namespace {

using nlohmann::json;
using testing::AnyOf;
using testing::ContainsRegex;
using testing::HasSubstr;
using testing::Not;

// A dozen variants of little work: about a second.
std::vector<std::string> a_run(std::vector<std::string> more = {}) {
  std::vector<std::string> arguments = {"--device",    "cpu",   "--shape",  "64x4096", "--set",
                                        "threads=1,2", "--set", "unroll=4", "--out",   "best.json"};
  arguments.insert(arguments.end(), more.begin(), more.end());
  return arguments;
}

json stats_of(Sandbox& sandbox) {
  const Finished run = sandbox.run({"journal", "stats", "journal.jsonl", "--format", "json"});
  return run.code == 0 ? json::parse(run.out) : json();
}

std::string winner_in(const Sandbox& sandbox) {
  return json::parse(read_text(sandbox.work() / "best.json"))["entries"][0]["winner"]["variant"];
}

TEST(Resume, ACompleteJournalIsTheAnswer) {
  Sandbox sandbox;
  const Finished first = sandbox.run(a_run());
  ASSERT_EQ(first.code, 0) << first.err;
  EXPECT_THAT(first.out, Not(HasSubstr("from the journal")));
  const std::string best = read_text(sandbox.work() / "best.json");
  const std::string journal = read_text(sandbox.work() / "journal.jsonl");
  const Finished second = sandbox.run(a_run());
  ASSERT_EQ(second.code, 0) << second.err;
  EXPECT_THAT(second.out, HasSubstr("; all are from the journal, of 20"));
  EXPECT_EQ(read_text(sandbox.work() / "best.json"), best);
  EXPECT_EQ(read_text(sandbox.work() / "journal.jsonl"), journal);
}

TEST(Resume, FreshMeasuresAllAnew) {
  Sandbox sandbox;
  ASSERT_EQ(sandbox.run(a_run()).code, 0);
  const json before = stats_of(sandbox);
  const Finished second = sandbox.run(a_run({"--fresh"}));
  ASSERT_EQ(second.code, 0) << second.err;
  EXPECT_THAT(second.out, Not(HasSubstr("from the journal")));
  const json after = stats_of(sandbox);
  EXPECT_EQ(after["contexts"][0]["history_events"], before["lines"]);
  EXPECT_EQ(after["contexts"][0]["runs"], 2);
}

TEST(Resume, AWiderRunMeasuresOnlyWhatIsNew) {
  Sandbox sandbox;
  ASSERT_EQ(sandbox.run(a_run({"--kernels", "cpu_two_pass"})).code, 0);
  const json before = stats_of(sandbox);
  const Finished second = sandbox.run(a_run());
  ASSERT_EQ(second.code, 0) << second.err;
  EXPECT_THAT(second.out, HasSubstr("; some are from the journal"));
  const json after = stats_of(sandbox);
  EXPECT_GT(after["contexts"][0]["trials"], before["contexts"][0]["trials"]);
  EXPECT_EQ(after["events"]["screened"], after["contexts"][0]["trials"]) << "each was screened once";
}

TEST(Resume, ANarrowRunDoesNotReplaceAFasterWinnerItDidNotMeasure) {
  Sandbox sandbox;
  // Which is faster is not left to this machine's mood: the stored ratio is made out of reach.
  ASSERT_EQ(sandbox.run(a_run()).code, 0);
  json file = json::parse(read_text(sandbox.work() / "best.json"));
  json& winner = file["entries"][0]["winner"];
  winner["ratio_to_copy"] = {{"median", 9.0}, {"low", 8.9}, {"high", 9.1}};
  const std::string kernel = winner["kernel"];
  sandbox.write("best.json", file.dump());
  const std::string other = kernel == "cpu_row_carry" ? "cpu_two_pass" : "cpu_row_carry";
  const Finished run = sandbox.run(a_run({"--kernels", other}));
  EXPECT_EQ(run.code, 0) << run.err;
  EXPECT_THAT(run.err, HasSubstr("best.json keeps its winner, which this run did not measure and which is faster"));
  EXPECT_EQ(read_text(sandbox.work() / "best.json"), file.dump());
}

TEST(Resume, AJournalInUseIsRefused) {
  Sandbox sandbox;
  sandbox.start({"--device", "cpu", "--shape", "4096x4096", "--out", "best.json"});
  ASSERT_TRUE(sandbox.wait_for("measuring: "));
  Sandbox other;
  const Finished second =
      other.run({"--device", "cpu", "--shape", "64x64", "--journal", (sandbox.work() / "journal.jsonl").string()});
  EXPECT_EQ(second.code, 2);
  EXPECT_THAT(second.err, ContainsRegex("journal\\.jsonl is in use by process [0-9]+"));
  EXPECT_EQ(line_count(second.err), 1U) << second.err;
  sandbox.send(SIGINT);
  EXPECT_EQ(sandbox.finish().code, 130);
}

TEST(Resume, ATornLineIsSaidAndSkipped) {
  Sandbox sandbox;
  ASSERT_EQ(sandbox.run(a_run()).code, 0);
  std::string journal = read_text(sandbox.work() / "journal.jsonl");
  const size_t half = journal.find('\n', journal.size() / 2) + 1;
  sandbox.write("journal.jsonl", journal.substr(0, half + 100));
  const Finished second = sandbox.run(a_run());
  EXPECT_EQ(second.code, 0);
  EXPECT_THAT(second.err, ContainsRegex("journal\\.jsonl: line [0-9]+ is skipped: torn"));
  EXPECT_THAT(second.out, HasSubstr("; some are from the journal"));
}

TEST(Resume, ADiskThatIsFullEndsTheRunWithOneLineAndNothingHalfWritten) {
  Sandbox sandbox;
  // A file may grow to 80 KiB and no more, for this process and its children.
  sandbox.limit_file_size(80 << 10);
  const Finished run = sandbox.run(a_run({"--no-progress"}));
  EXPECT_EQ(run.code, 2) << run.out << run.err;
  EXPECT_THAT(run.err, HasSubstr("journal.jsonl"));
  sandbox.limit_file_size(0);
  const Finished check = sandbox.run({"journal", "verify", "journal.jsonl"});
  EXPECT_EQ(check.code, 0) << check.err;
  const Finished again = sandbox.run(a_run());
  EXPECT_EQ(again.code, 0);
  EXPECT_THAT(again.out, HasSubstr("; some are from the journal"));
}

TEST(Resume, NoReportedRoundIsLostToAKillAtAnyOfAHundredMoments) {
  Sandbox sandbox;
  std::mt19937 random(20261122);
  int latest = 400;  // ms; on a busy machine a run takes longer to its first round, and is given more
  const auto moment = [&] { return std::uniform_int_distribution<int>(0, latest)(random); };
  int rounds = 0;
  int completed = 0;
  for (int i = 0; i < 100; ++i) {
    // A run that came to its end leaves nothing to do: the next begins anew.
    sandbox.start(a_run(completed > 0 ? std::vector<std::string>{"--fresh"} : std::vector<std::string>{}));
    std::this_thread::sleep_for(std::chrono::milliseconds(moment()));
    // Every fourth time the worker goes first, and the tool while it gets itself another.
    const pid_t worker = worker_of(sandbox.pid());
    if (i % 4 == 0 && worker > 0) {
      kill(worker, SIGKILL);
      std::this_thread::sleep_for(std::chrono::milliseconds(moment() / 2));
    }
    const pid_t last_worker = worker_of(sandbox.pid());
    sandbox.send(SIGKILL);
    const Finished run = sandbox.finish();
    ASSERT_THAT(run.code, AnyOf(0, 128 + SIGKILL)) << run.err;
    completed = run.code == 0 ? completed + 1 : 0;
    EXPECT_TRUE(last_worker == 0 || within(std::chrono::seconds(5), [&] { return !runs(last_worker); }));
    const Finished check = sandbox.run({"journal", "verify", "journal.jsonl", "--format", "json"});
    latest = rounds == 0 && i % 10 == 9 && latest < 5000 ? 2 * latest : latest;
    if (check.out.empty()) {
      continue;  // killed before it had begun one
    }
    // A kill may end a write between two pages: the line is torn then, and was not reported.
    const json checked = json::parse(check.out);
    for (const json& damaged : checked["damaged"]) {
      EXPECT_THAT(damaged["why"].get<std::string>(), HasSubstr("torn")) << damaged;
    }
    EXPECT_LE(checked["damaged"].size(), static_cast<size_t>(i + 1));
    const json stats = stats_of(sandbox);
    int now = 0;
    for (const json& context : stats["contexts"]) {
      now += context["rounds"].get<int>() + context["discarded_rounds"].get<int>();
    }
    EXPECT_GE(now, rounds);
    rounds = now;
  }
  EXPECT_GT(rounds, 0);
  const Finished last = sandbox.run(a_run());
  ASSERT_EQ(last.code, 0) << last.err;
  const std::string winner = winner_in(sandbox);
  ASSERT_EQ(sandbox.run(a_run()).code, 0);
  EXPECT_EQ(winner_in(sandbox), winner);
}

}  // namespace
}  // namespace scantune::cli
