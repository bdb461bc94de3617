// scantune --device replay:FILE, end to end, with a full sweep that was recorded on an H200.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "sandbox.h"

namespace scantune::cli {
namespace {

using testing::HasSubstr;
using testing::Not;

class ReplayCommand : public testing::Test {
 protected:
  void SetUp() override {
    if (!std::filesystem::exists(SCANTUNE_SWEEPS)) {
      GTEST_SKIP() << "zstd is missing, which unpacks results/h200-sweeps.jsonl.zst";
    }
  }

  Finished replay(std::vector<std::string> arguments) {
    std::vector<std::string> all = {"--device", "replay:" SCANTUNE_SWEEPS, "--shape", "65536x2048"};
    all.insert(all.end(), arguments.begin(), arguments.end());
    return sandbox.run(all);
  }

  Sandbox sandbox;
};

TEST_F(ReplayCommand, FindsWhatWasBestAndSaysThatNothingWasMeasured) {
  const Finished run = replay({"--no-prune"});
  EXPECT_EQ(run.code, 0) << run.err;
  EXPECT_THAT(run.out, HasSubstr("NVIDIA H200"));
  EXPECT_THAT(run.out, HasSubstr("row_carry tile=1024 warps=4 stages=2 storage=registers"));
  EXPECT_THAT(run.out, HasSubstr("nothing was measured: all is from"));
  EXPECT_THAT(run.out, HasSubstr("left out by the search"));
  const std::string best = read_text(sandbox.work() / "results/replay/best.json");
  EXPECT_THAT(best, HasSubstr(R"("device": "replay:)"));
  EXPECT_THAT(best, HasSubstr(", replayed"));
}

TEST_F(ReplayCommand, TheSameAgainTakesAllFromItsOwnJournal) {
  for (const std::string strategy : {"auto", "guided"}) {
    const std::vector<std::string> arguments = {"--strategy", strategy, "--out", strategy + "/best.json"};
    ASSERT_EQ(replay(arguments).code, 0);
    const std::string journal = read_text(sandbox.work() / strategy / "journal.jsonl");
    const Finished again = replay(arguments);
    EXPECT_EQ(again.code, 0) << again.err;
    EXPECT_EQ(read_text(sandbox.work() / strategy / "journal.jsonl"), journal) << strategy << " asked for something";
  }
}

// What tuning prompts quote from ncu: a stall under its old name, and the grid, which is no counter.
TEST_F(ReplayCommand, AnswersTheSeedsNamesFromWhatWasRecordedUnderOthers) {
  const Finished run = sandbox.run(
      {"profile", "--device", std::string("replay:") + SCANTUNE_SWEEPS, "--shape", "65536x2048", "--variant",
       "row_carry tile=1024 warps=4 stages=2 storage=registers", "--metrics",
       "smsp__warp_issue_stalled_memory_dependency_per_warp_active.pct,launch__grid_size", "--format", "csv"});
  EXPECT_EQ(run.code, 0) << run.err;
  EXPECT_THAT(run.out, testing::ContainsRegex("memory_dependency_per_warp_active.pct,[0-9.]+,%"));
  EXPECT_THAT(run.out, HasSubstr("launch__grid_size,65536.0,blocks"));
  EXPECT_THAT(run.out, Not(HasSubstr("not recorded")));
}

TEST_F(ReplayCommand, IsKeptApartFromMeasuredResults) {
  ASSERT_EQ(replay({"--out", "replayed.json"}).code, 0);
  const Finished measured =
      sandbox.run({"--device", "cpu", "--shape", "16x1000", "--budget", "1", "--out", "replayed.json"});
  EXPECT_EQ(measured.code, 2);
  EXPECT_THAT(measured.err, HasSubstr("it holds results of a replay"));
}

TEST_F(ReplayCommand, EveryStrategyEndsWithAWinner) {
  for (const char* strategy : {"auto", "exhaustive", "random", "local", "guided"}) {
    const Finished run =
        replay({"--strategy", strategy, "--out", std::string(strategy) + ".json", "--journal", "none"});
    EXPECT_EQ(run.code, 0) << strategy << run.err;
    EXPECT_THAT(run.out, HasSubstr("Best      row_carry")) << strategy;
  }
}

TEST_F(ReplayCommand, RefusesWhatItHasNotRecordedAndToWriteToItsRecording) {
  const Finished other = sandbox.run({"--device", "replay:" SCANTUNE_SWEEPS, "--shape", "7x7"});
  EXPECT_EQ(other.code, 2);
  EXPECT_THAT(other.err, HasSubstr("7x7 f32 dim 1 is not recorded in"));
  EXPECT_THAT(replay({"--journal", SCANTUNE_SWEEPS}).err, HasSubstr("--device replays that file"));
  EXPECT_THAT(sandbox.run({"--device", "replay:", "--shape", "7x7"}).err, HasSubstr("the file is missing"));
  EXPECT_THAT(replay({"--strategy", "clever"}).err, HasSubstr("unknown strategy; write one of auto, exhaustive"));
  const Finished racing = replay({"--strategy", "racing"});
  EXPECT_EQ(racing.code, 2);
  EXPECT_EQ(line_count(racing.err), 1U) << racing.err;
  EXPECT_THAT(racing.err, HasSubstr("--strategy racing: the variants of every strategy race"));
}

TEST_F(ReplayCommand, ListsWhatIsRecorded) {
  const std::string recording = "replay:" SCANTUNE_SWEEPS;
  const Finished listed =
      sandbox.run({"list", "variants", "--device", recording, "--shape", "65536x2048", "--no-prune"});
  EXPECT_EQ(listed.code, 0) << listed.err;
  EXPECT_THAT(listed.out, HasSubstr("row_carry tile=1024 warps=4 stages=2 storage=registers"));
  EXPECT_THAT(listed.out, Not(HasSubstr("not recorded")));
}

}  // namespace
}  // namespace scantune::cli
