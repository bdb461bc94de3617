// The main job on the CPU device, from the command line to the file.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "core/outcome.h"
#include "device/cpu.h"
#include "sandbox.h"
#include "wire/best_json.h"

namespace scantune::cli {
namespace {

using testing::ContainsRegex;
using testing::HasSubstr;
using testing::Not;
using testing::StartsWith;

std::vector<std::string> on_cpu(const std::string& shape, std::vector<std::string> more = {}) {
  std::vector<std::string> arguments = {"--device", "cpu", "--shape", shape, "--budget", "6", "--out", "out/best.json"};
  arguments.insert(arguments.end(), more.begin(), more.end());
  return arguments;
}

std::vector<BestEntry> best_of(const Sandbox& sandbox) {
  const auto entries = wire::parse_best(read_text(sandbox.work() / "out/best.json"));
  EXPECT_TRUE(entries) << entries.error().message;
  return entries ? *entries : std::vector<BestEntry>{};
}

TEST(Tune, EndsInAScreenAndAFile) {
  Sandbox sandbox;
  const Finished run = sandbox.run(on_cpu("256x1000"));
  ASSERT_EQ(run.code, 0) << run.err;
  EXPECT_THAT(run.out, StartsWith("scantune "));
  EXPECT_THAT(run.out, HasSubstr(cpu::info().chip.name));
  EXPECT_THAT(run.out, HasSubstr("256x1000 f32, dim 1 · outer 256 x n 1000 x inner 1"));
  EXPECT_THAT(run.out, ContainsRegex("\nBest +cpu_[a-z_]+ "));
  EXPECT_THAT(run.out, ContainsRegex("[0-9.]+ [um]s ± [0-9.]+% · [0-9.]+ \\[[0-9.]+, [0-9.]+\\] of the copy"));
  EXPECT_THAT(run.out, HasSubstr("verified before any timing, every element"));
  EXPECT_THAT(run.out, HasSubstr("\nWrote     out/best.json · journal out/journal.jsonl\n"));
  const auto entries = best_of(sandbox);
  ASSERT_EQ(entries.size(), 1U);
  EXPECT_EQ(to_string(entries[0].workload.shape), "256x1000");
  // The winner of the file is the winner of the screen.
  EXPECT_THAT(run.out, HasSubstr(to_string(entries[0].contenders[0].variant)));
  EXPECT_EQ(entries[0].provenance.device, "cpu");
  EXPECT_THAT(entries[0].provenance.time, testing::MatchesRegex("20[0-9-]+T[0-9:]+Z"));
  EXPECT_THAT(entries[0].provenance.host, Not(testing::IsEmpty()));
}

TEST(Tune, DoesEveryTypeAlongEveryDimension) {
  struct Case {
    std::vector<std::string> options;
    std::string line;
  };
  for (const Case& c : std::vector<Case>{
           {{"--dtype", "f16"}, "64x1000 f16, dim 1 · outer 64 x n 1000 x inner 1 · 125.00 KiB in, 125.00 KiB out"},
           {{"--dtype", "bf16", "--dim", "0"}, "64x1000 bf16, dim 0 · outer 1 x n 64 x inner 1000"},
           {{"--dtype", "f64", "--dim", "-2"}, "64x1000 f64, dim 0"},
           {{"--dtype", "i64"}, "64x1000 i64, dim 1"},
           {{"--dtype", "i32", "--dim", "0"}, "64x1000 i32, dim 0"},
           {{"--dtype", "i32", "--accumulate", "i64"},
            "64x1000 i32, dim 1 · outer 64 x n 1000 x inner 1 · 250.00 KiB in, 500.00 KiB out · sums in i64"}}) {
    Sandbox sandbox;
    const Finished run = sandbox.run(on_cpu("64x1000", c.options));
    EXPECT_EQ(run.code, 0) << run.err;
    EXPECT_THAT(run.out, HasSubstr(c.line));
    EXPECT_THAT(run.out, ContainsRegex("\nBest +cpu_[a-z_]+ "));
    EXPECT_THAT(run.out, HasSubstr("verified before any timing, every element"));
    EXPECT_EQ(best_of(sandbox).size(), 1U);
  }
}

TEST(Tune, WritesPlainProgressToAPipe) {
  Sandbox sandbox;
  const Finished run = sandbox.run(on_cpu("256x1000"));
  EXPECT_THAT(run.err, ContainsRegex("measuring: [0-9]+ of [0-9]+ variants done"));
  EXPECT_THAT(run.err, Not(HasSubstr("\033")));
  EXPECT_THAT(run.out, Not(HasSubstr("\033")));
}

TEST(Tune, IsSilentOnStandardErrorWhenQuiet) {
  Sandbox sandbox;
  const Finished run = sandbox.run(on_cpu("256x1000", {"-q"}));
  EXPECT_EQ(run.code, 0);
  EXPECT_EQ(run.err, "");
  EXPECT_THAT(run.out, HasSubstr("Best "));
  EXPECT_EQ(sandbox.run(on_cpu("256x1000", {"--no-progress"})).err, "");
}

TEST(Tune, BreaksItsTimeDownWhenVerbose) {
  Sandbox sandbox;
  const Finished run = sandbox.run(on_cpu("256x1000", {"-v"}));
  EXPECT_THAT(run.out, ContainsRegex("\nTime +[0-9.]+ s in all: open "));
  EXPECT_THAT(run.err, HasSubstr(": verified\n"));
}

TEST(Tune, PrintsJsonAlone) {
  Sandbox sandbox;
  const Finished run = sandbox.run(on_cpu("256x1000", {"--format", "json"}));
  ASSERT_EQ(run.code, 0) << run.err;
  const auto json = nlohmann::json::parse(run.out);
  ASSERT_EQ(json["outcomes"].size(), 1U);
  EXPECT_TRUE(json["outcomes"][0].contains("winner"));
  EXPECT_FALSE(json["outcomes"][0]["winner"].is_null());
  EXPECT_EQ(best_of(sandbox).size(), 1U) << "the file is written all the same";
}

TEST(Tune, PrintsTheBestFileWhereThatIsStandardOutput) {
  Sandbox sandbox;
  const Finished run = sandbox.run({"--device", "cpu", "--shape", "256x1000", "--budget", "4", "--out", "-"});
  ASSERT_EQ(run.code, 0) << run.err;
  const auto entries = wire::parse_best(run.out);
  ASSERT_TRUE(entries) << entries.error().message;
  EXPECT_EQ(entries->size(), 1U);
  EXPECT_THAT(run.err, HasSubstr("Best ")) << "the screen is on standard error then";
  EXPECT_THAT(sandbox.files(), testing::IsEmpty());
}

TEST(Tune, DoesOneShapeAfterTheOther) {
  Sandbox sandbox;
  const Finished run = sandbox.run(on_cpu("256x1000", {"--shape", "128x512"}));
  ASSERT_EQ(run.code, 0) << run.err;
  EXPECT_EQ(best_of(sandbox).size(), 2U);
  EXPECT_LT(run.out.find("256x1000 f32"), run.out.find("128x512 f32"));
  EXPECT_NE(run.out.find("Wrote"), run.out.rfind("Wrote")) << "each is merged when it is done";
}

TEST(Tune, DoesASuiteAndSaysWhatItSkips) {
  Sandbox sandbox;
  sandbox.write("suite.json", R"({"name": "s", "workloads": [
      {"shape": [64, 1000], "dim": 1, "dtype": "f32"},
      {"shape": [1125899906842624], "dim": 0, "dtype": "f32"}]})");
  const Finished run =
      sandbox.run({"--device", "cpu", "--suite", "suite.json", "--budget", "3", "--out", "out/best.json"});
  EXPECT_EQ(run.code, 2) << "not everything that was asked for was done";
  EXPECT_THAT(run.err, HasSubstr("scantune: skipped: 1125899906842624 f32 dim 0 needs"));
  EXPECT_EQ(best_of(sandbox).size(), 1U);
}

TEST(Tune, KeepsTheEntriesOfOthersInTheFile) {
  Sandbox sandbox;
  ASSERT_EQ(sandbox.run(on_cpu("128x512")).code, 0);
  auto before = nlohmann::json::parse(read_text(sandbox.work() / "out/best.json"));
  // As another version would have written it, with a member this one does not know.
  before["note"] = "kept";
  sandbox.write("out/best.json", before.dump());
  ASSERT_EQ(sandbox.run(on_cpu("256x1000")).code, 0);
  const auto after = nlohmann::json::parse(read_text(sandbox.work() / "out/best.json"));
  EXPECT_EQ(after["note"], "kept");
  EXPECT_EQ(best_of(sandbox).size(), 2U);
  // Tuned again, a shape replaces its own entry and no other.
  ASSERT_EQ(sandbox.run(on_cpu("256x1000")).code, 0);
  EXPECT_EQ(best_of(sandbox).size(), 2U);
}

TEST(Tune, WorksWithoutChildProcesses) {
  Sandbox sandbox;
  EXPECT_EQ(sandbox.run(on_cpu("256x1000", {"--in-process"})).code, 0);
}

TEST(Tune, KeepsToTheBudgetOfVariants) {
  Sandbox sandbox;
  const Finished run = sandbox.run(
      {"--device", "cpu", "--shape", "256x1000", "--budget", "3", "--out", "out/best.json", "--metrics", "none"});
  ASSERT_EQ(run.code, 0) << run.err;
  EXPECT_THAT(run.out, ContainsRegex("Tried +[0-9]+ variants in [0-9.]+ s: 3 measured"));
  EXPECT_THAT(run.out, HasSubstr("Stopped   by the budget"));
  EXPECT_THAT(run.out, Not(HasSubstr("Counters")));
}

TEST(Tune, NarrowsTheSpaceToWhatIsSet) {
  Sandbox sandbox;
  const Finished listed = sandbox.run({"list", "variants", "--device", "cpu", "--shape", "256x1000"});
  const Variant first = *parse_variant(listed.out.substr(0, listed.out.find('\n')));
  std::vector<std::string> arguments = {"--device", "cpu",           "--shape",   "256x1000",
                                        "--out",    "out/best.json", "--kernels", first.kernel};
  for (const Setting& setting : first.settings) {
    arguments.insert(arguments.end(), {"--set", setting.name + "=" + to_string(setting.value)});
  }
  const Finished run = sandbox.run(arguments);
  ASSERT_EQ(run.code, 0) << run.err;
  EXPECT_THAT(run.out, HasSubstr("Best      " + to_string(first)));
  EXPECT_THAT(run.out, ContainsRegex("Tried +1 variant in "));
}

TEST(Tune, TakesTheCpuWhereThereIsNoGpuAndSaysSo) {
  Sandbox sandbox;
  const Finished run = sandbox.run({"--shape", "64x1000", "--budget", "2", "--out", "out/best.json", "--no-progress"});
  ASSERT_EQ(run.code, 0) << run.err;
  EXPECT_EQ(line_count(run.err), 1U) << run.err;
  EXPECT_THAT(run.err, StartsWith("scantune: using the CPU: "));
  EXPECT_EQ(best_of(sandbox)[0].provenance.device, "cpu");
}

TEST(Tune, IsAsciiWhereTheLocaleIs) {
  Sandbox sandbox;
  const Finished run = sandbox.run(on_cpu("64x1000"), {"LC_ALL=C"});
  ASSERT_EQ(run.code, 0);
  EXPECT_TRUE(std::ranges::all_of(run.out, [](char c) { return static_cast<unsigned char>(c) < 0x80; }));
  EXPECT_THAT(run.out, HasSubstr(" +-"));
}

// 64 MiB in rounds of a dozen variants: long enough to be interrupted in.
const std::vector<std::string> kLongRun = {"--device", "cpu", "--shape", "2048x8192", "--out", "out/best.json"};

TEST(Interrupt, WritesWhatIsKnownAndExits130) {
  for (const int signal : {SIGINT, SIGTERM}) {
    Sandbox sandbox;
    sandbox.start(kLongRun);
    ASSERT_TRUE(sandbox.wait_for("measuring: "));
    const auto begin = std::chrono::steady_clock::now();
    sandbox.send(signal);
    const Finished run = sandbox.finish();
    EXPECT_LT(std::chrono::steady_clock::now() - begin, std::chrono::seconds(10));
    EXPECT_EQ(run.code, 130) << run.err;
    EXPECT_THAT(run.err, HasSubstr("scantune: stopping after this round; Ctrl-C again ends at once"));
    EXPECT_THAT(run.err, HasSubstr("scantune: interrupted: what is known was written to out/best.json"));
    EXPECT_THAT(run.out, HasSubstr("Stopped   by an interrupt"));
    EXPECT_EQ(best_of(sandbox).size(), 1U);
  }
}

TEST(Interrupt, LeavesFilesAloneWhereNothingIsKnown) {
  Sandbox sandbox;
  sandbox.start({"--device", "cpu", "--shape", "4096x8192", "--shape", "64x64", "--out", "best.json", "-v"});
  // The first variant is verified: none is measured yet.
  ASSERT_TRUE(sandbox.wait_for(": verified"));
  sandbox.send(SIGINT);
  const Finished run = sandbox.finish();
  EXPECT_EQ(run.code, 130);
  EXPECT_THAT(run.err, HasSubstr("interrupted before any variant was measured: nothing was written to best.json; "
                                 "1 of 2 workloads were not tuned"));
  EXPECT_THAT(sandbox.files(), testing::UnorderedElementsAre("journal.jsonl", "journal.jsonl.index"))
      << "what is verified need not be verified again";
}

TEST(Interrupt, EndsAtOnceTheSecondTime) {
  Sandbox sandbox;
  sandbox.start(kLongRun);
  ASSERT_TRUE(sandbox.wait_for("compiling: "));
  sandbox.send(SIGINT);
  ASSERT_TRUE(sandbox.wait_for("Ctrl-C again"));
  sandbox.send(SIGINT);
  EXPECT_EQ(sandbox.finish().code, 130);
}

}  // namespace
}  // namespace scantune::cli
