#include "store/journal.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "../wire/journal_example.h"
#include "sandbox.h"
#include "wire/journal_json.h"

namespace scantune::cli {
namespace {

namespace example = testing_example;
using nlohmann::json;
using testing::ContainsRegex;
using testing::HasSubstr;

std::string line(const JournalWhat& what, int64_t n = 32768) { return wire::to_line({example::context_id(n), what}); }

std::string every_kind() {
  std::string text;
  for (const JournalWhat& what : example::every_kind()) {
    text += line(what);
  }
  return text;
}

std::string torn() { return line(example::round_taken()).substr(0, 90); }

TEST(JournalShow, PrintsALineAnEvent) {
  Sandbox sandbox;
  sandbox.write("j", every_kind() + torn());
  const Finished run = sandbox.run({"journal", "show", "j"});
  EXPECT_EQ(run.code, 0);
  EXPECT_EQ(line_count(run.out), example::every_kind().size());
  const std::string id = example::context_id().substr(0, 8);
  EXPECT_THAT(run.out, HasSubstr("1  " + id + "  run_began  32768x32768 f32 dim 1 on NVIDIA H200, driver 580.159"));
  EXPECT_THAT(run.out, HasSubstr("compiled   row_carry tile=8192 warps=16 stages=3 load=vector: from the cache"));
  EXPECT_THAT(run.out, HasSubstr("round      screen, 4 samples of 2 variants\n"));
  EXPECT_THAT(run.out, HasSubstr("does not count: the clock changed"));
  EXPECT_THAT(run.out, HasSubstr("wrong_result: element 7 is 1, expected \"2\" second line"));
  EXPECT_THAT(run.out, HasSubstr("run_ended  complete after 0.0 s, winner: none"));
  EXPECT_EQ(run.err, "scantune: j: line 18 is skipped: torn: its end is missing\n");
}

TEST(JournalShow, TakesTheDefaultJournalAndFilters) {
  Sandbox sandbox;
  std::filesystem::create_directory(sandbox.work() / "results");
  sandbox.write("results/journal.jsonl", every_kind() + line(example::round_taken(), 7));
  EXPECT_EQ(line_count(sandbox.run({"journal", "show", "--kind", "round"}).out), 3U);
  EXPECT_EQ(line_count(sandbox.run({"journal", "show", "--kind", "round", "--tail", "2"}).out), 2U);
  EXPECT_EQ(line_count(sandbox.run({"journal", "show", "--variant", "cpu_two_pass"}).out), 1U);
  EXPECT_EQ(line_count(sandbox.run({"journal", "show", "--context", example::context_id(7).substr(0, 8)}).out), 1U);
  EXPECT_EQ(sandbox.run({"journal", "show", "--variant", "nope"}).out, "");
}

TEST(JournalShow, AsJsonHasTheEventsAsTheyAre) {
  Sandbox sandbox;
  sandbox.write("j", every_kind() + torn());
  const auto document = json::parse(sandbox.run({"journal", "show", "j", "--format", "json"}).out);
  EXPECT_EQ(document["format"], "scantune-journal-events");
  ASSERT_EQ(document["events"].size(), example::every_kind().size());
  EXPECT_EQ(document["events"][5]["line"], 6);
  EXPECT_EQ(document["events"][5]["event"], json::parse(line(example::round_taken()))["event"]);
  EXPECT_EQ(document["damaged"][0]["line"], 18);
  const auto none = json::parse(sandbox.run({"journal", "show", "j", "--tail", "0", "--format", "json"}).out);
  EXPECT_TRUE(none["events"].empty());
}

TEST(JournalStats, SaysWhatThereIs) {
  Sandbox sandbox;
  sandbox.write("j", every_kind() + torn());
  const Finished run = sandbox.run({"journal", "stats", "j"});
  EXPECT_EQ(run.code, 0);
  EXPECT_THAT(run.out, HasSubstr("18 lines"));
  EXPECT_THAT(run.out, ContainsRegex("\nround +2\n"));
  EXPECT_THAT(run.out, ContainsRegex("\ndamaged lines +1\n"));
  EXPECT_THAT(run.out,
              ContainsRegex("\n" + example::context_id().substr(0, 8) + "  32768x32768 f32 dim 1 +NVIDIA H200"));
  EXPECT_THAT(run.err, HasSubstr("line 18 is skipped"));
  const auto document = json::parse(sandbox.run({"journal", "stats", "j", "--format", "json"}).out);
  EXPECT_EQ(document["events"]["round"], 2);
  EXPECT_EQ(document["contexts"][0]["chip"]["name"], "NVIDIA H200");
  EXPECT_EQ(document["contexts"][0]["samples"], 8);
  EXPECT_EQ(document["contexts"][0]["history_events"], 1);
}

TEST(JournalVerify, ExitsWith1WhereALineIsDamaged) {
  Sandbox sandbox;
  sandbox.write("good", every_kind());
  sandbox.write("bad", torn() + "\n" + every_kind());
  const Finished good = sandbox.run({"journal", "verify", "good"});
  EXPECT_EQ(good.code, 0);
  EXPECT_THAT(good.out, ContainsRegex("^good: 17 lines, .*, all whole\n$"));
  EXPECT_EQ(good.err, "");
  const Finished bad = sandbox.run({"journal", "verify", "bad"});
  EXPECT_EQ(bad.code, 1);
  EXPECT_THAT(bad.out, HasSubstr("18 lines"));
  EXPECT_EQ(bad.err, "scantune: bad: line 1 is skipped: torn: its end is missing\n");
  const Finished as_json = sandbox.run({"journal", "verify", "bad", "--format", "json"});
  EXPECT_EQ(as_json.code, 1);
  EXPECT_EQ(json::parse(as_json.out)["clean"], false);
  EXPECT_EQ(json::parse(as_json.out)["damaged"][0]["bytes"], 90);
}

TEST(JournalCompact, SaysWhatWent) {
  Sandbox sandbox;
  sandbox.write("j", every_kind() + torn());
  const Finished run = sandbox.run({"journal", "compact", "j"});
  EXPECT_EQ(run.code, 0);
  EXPECT_THAT(run.out, HasSubstr("j: 16 of 18 lines kept"));
  EXPECT_THAT(run.out, HasSubstr("dropped: 1 from before a fresh start, 0 said again later, 1 damaged\n"));
  EXPECT_EQ(read_text(sandbox.work() / "j"), every_kind().substr(line(example::began()).size()));
  EXPECT_EQ(sandbox.run({"journal", "compact", "j"}).out, "j: nothing to drop in 16 lines\n");
}

TEST(JournalMerge, WritesANewJournalAndSaysWhatIsInIt) {
  Sandbox sandbox;
  sandbox.write("a", line(example::began()) + line(example::round_taken(1)));
  sandbox.write("b", line(example::round_taken(1)) + line(example::round_taken(2)) + torn());
  const Finished run = sandbox.run({"journal", "merge", "a", "b", "--out", "new/c"});
  EXPECT_EQ(run.code, 0);
  EXPECT_THAT(run.out, HasSubstr("b: 3 lines, 1 identical to one before, 1 damaged and left out\n"));
  EXPECT_THAT(run.out, HasSubstr("new/c: 3 lines, 1 context, "));
  EXPECT_EQ(run.err, "scantune: b: line 3 is skipped: torn: its end is missing\n");
  EXPECT_EQ(read_text(sandbox.work() / "new/c"),
            line(example::began()) + line(example::round_taken(1)) + line(example::round_taken(2)));
  const Finished again = sandbox.run({"journal", "merge", "a", "b", "--out", "a"});
  EXPECT_EQ(again.code, 2);
  EXPECT_EQ(line_count(again.err), 1U);
  EXPECT_THAT(again.err, HasSubstr("scantune: a: it is one of the journals to merge"));
}

TEST(Journal, InUseIsReadAndNotCompacted) {
  Sandbox sandbox;
  const auto journal = store::Journal::open(sandbox.work() / "j");
  ASSERT_TRUE(journal);
  std::ofstream(sandbox.work() / "j") << every_kind();
  EXPECT_EQ(sandbox.run({"journal", "show", "j"}).code, 0);
  const Finished run = sandbox.run({"journal", "compact", "j"});
  EXPECT_EQ(run.code, 2);
  EXPECT_EQ(line_count(run.err), 1U);
  EXPECT_THAT(run.err, HasSubstr(fmt::format("j is in use by process {}; wait for it to end", getpid())));
  EXPECT_EQ(read_text(sandbox.work() / "j"), every_kind());
}

}  // namespace
}  // namespace scantune::cli
