// Files in, the data of a report out.
#include "report/sources.h"

#include <gmock/gmock.h>

#include <fstream>

#include "../stats/timeline_example.h"
#include "../store/scratch.h"
#include "../wire/journal_example.h"
#include "fixture.h"
#include "report/markdown.h"
#include "report/page_data.h"
#include "wire/best_json.h"
#include "wire/journal_json.h"
#include "wire/outcome_json.h"
#include "wire/profile_json.h"

namespace scantune::report {
namespace {

using store::Scratch;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::Not;
using wire::RecordStatus;

std::string peers_json(const std::string& gpu) {
  return R"({"format": "scantune-peers", "version": 1, "provenance": {"gpu": ")" + gpu + R"(", "triton": "3.6.0"},
    "peers": [{"id": "scantune", "title": "scantune"}, {"id": "triton", "title": "Triton"}, {"id": "seed", "title": "seed"}],
    "workloads": [{"shape": [32768, 32768], "dim": -1, "dtype": "f32", "cells": {
       "triton": {"status": "measured", "settings": "rows=1", "time_ns": {"median": 2.2e6, "low": 2.1e6, "high": 2.3e6},
                  "ratio_to_copy": {"median": 0.91, "low": 0.9, "high": 0.92}},
       "seed": {"status": "failed", "reason": {"short": "too large", "detail": "grid.y"}}}},
     {"shape": [7, 7], "dim": 1, "dtype": "f32", "cells": {}}]})";
}

class SourcesTest : public testing::Test {
 protected:
  std::filesystem::path file(const std::string& name, const std::string& text) {
    std::ofstream(scratch / name) << text;
    return scratch / name;
  }
  std::filesystem::path run_file() { return file("run.json", wire::run_json({finished_run()})); }
  std::filesystem::path best_file() {
    Outcome run = finished_run();
    run.provenance.driver = run.device.driver;  // as tune() fills it in
    return file("best.json", wire::merge_best("", {best_entry(run)}).value());
  }

  // A profile of the run's winner, or of another variant, with a timeline.
  std::filesystem::path profile_file(const std::string& spelled = "row_carry tile=8192 warps=16 stages=2",
                                     bool replayed = false) {
    Outcome outcome = finished_run();
    if (replayed) {
      outcome.provenance.device = "replay:old.jsonl";
      outcome.device.driver += ", replayed";
    }
    outcome.protocol.final_rounds = 12;
    outcome.records = {measured_record(spelled)};
    outcome.rounds = {{Phase::final, {{kCopy, 2.0e6}, {0, 2.02e6}}}};
    outcome.ranking = {{0, Phase::final, {2.02e6, 2.02e6, 2.02e6}, {0.99, 0.99, 0.99}}};
    outcome.equivalents.clear();
    ProfileSheet sheet;
    sheet.variant = variant(spelled);
    sheet.time_ns = outcome.ranking[0].time_ns;
    sheet.ratio_to_copy = outcome.ranking[0].ratio_to_copy;
    sheet.timeline = testing_example::sampled();
    return file("profile.json", wire::profile_json(outcome, sheet, 0));
  }

  static wire::ReportDocument read(const std::vector<std::filesystem::path>& files) {
    return gather(files, "0.1.0", "now").value();
  }
  static std::string fault(const std::vector<std::filesystem::path>& files) {
    const auto document = gather(files, "0.1.0", "now");
    return document ? "none" : document.error().message;
  }

  Scratch scratch;
};

TEST_F(SourcesTest, ARunTellsEveryVariant) {
  const wire::ReportOutcome outcome = read({run_file()}).outcomes.at(0);
  ASSERT_EQ(outcome.records.size(), 6U);
  EXPECT_EQ(outcome.winner, 0);
  EXPECT_THAT(outcome.equivalents, ElementsAre(1));
  EXPECT_EQ(outcome.baseline, 3);
  EXPECT_EQ(outcome.records[4].status, RecordStatus::ruled_out);
  EXPECT_EQ(outcome.records[5].status, RecordStatus::failed);
  EXPECT_EQ(outcome.stopped, StopReason::complete);
  ASSERT_TRUE(outcome.speedup);
  EXPECT_TRUE(outcome.speedup_paired);
  EXPECT_NEAR(outcome.speedup->median, 1.5, 1e-9);
  EXPECT_NEAR(outcome.records[0].bytes_per_s, 2.0 * 4294967296 / 2.02e-3, 1);
  ASSERT_EQ(outcome.families.size(), 2U);
  EXPECT_THAT(outcome.families[0].params, ElementsAre("tile", "warps", "stages"));
  EXPECT_EQ(outcome.families[0].ruled_out, 1);
  EXPECT_EQ(outcome.families[1].best, 3);
}

TEST_F(SourcesTest, SamplesAreThoseOfThePhaseThatDecided) {
  const wire::ReportOutcome outcome = read({run_file()}).outcomes.at(0);
  ASSERT_EQ(outcome.samples.size(), 5U);
  EXPECT_EQ(outcome.samples[0].record, kCopy);
  EXPECT_EQ(outcome.samples[1].record, 0);
  EXPECT_EQ(outcome.samples[1].time_ns.size(), 9U) << "the screen's nine are not among them";
  EXPECT_EQ(outcome.samples[1].round.back(), 9);
  EXPECT_NEAR(outcome.samples[1].ratio[0], 2.0 / 2.02, 1e-12);
}

TEST_F(SourcesTest, CountersOfSeveralLaunchesAreTakenTogether) {
  const wire::ReportOutcome outcome = read({run_file()}).outcomes.at(0);
  ASSERT_EQ(outcome.metrics.size(), 3U);
  const auto& counters = outcome.records[3].counters;  // three launches
  EXPECT_EQ(counters[0], 4e6);
  EXPECT_EQ(counters[1], (90 * 1e6 + 10 * 1e6 + 80 * 2e6) / 4e6);
  EXPECT_EQ(counters[2], 9e9);
  EXPECT_EQ(outcome.records[0].adds_per_byte, std::nullopt) << "bytes written were not counted";
}

TEST_F(SourcesTest, TheRooflineCountsTheBytesThatCrossedDram) {
  Outcome run = finished_run();
  run.records[0].profile->launches[0].metrics.push_back(counter("dram__bytes_op_write.sum", 4294967296.0, "bytes"));
  run.records[0].profile->launches[0].metrics.push_back(
      counter("smsp__warp_issue_stalled_wait_per_warp_active.pct", 12, "%"));
  const wire::ReportOutcome outcome = page_outcome(run, 0);
  EXPECT_EQ(outcome.adds, int64_t{32768} * 32767);
  EXPECT_DOUBLE_EQ(outcome.records[0].adds_per_byte.value(), 32768.0 * 32767 / 8589934592);
  EXPECT_DOUBLE_EQ(outcome.records[0].adds_per_s.value(), 32768.0 * 32767 / 2.02e-3);
  EXPECT_EQ(outcome.metrics.back().stall, "wait");
  EXPECT_FALSE(outcome.records[0].limit.empty());
  EXPECT_FALSE(outcome.findings.empty());
}

TEST_F(SourcesTest, OccupancyIsThatOfTheLaunchWithTheLeast) {
  Outcome run = finished_run();
  run.records[0].resources = {{"a", 40, 64, 1024, 0, 256, 100, 8}, {"b", 90, 0, 0, 16, 512, 200, 1}};
  const wire::ReportRecord record = page_outcome(run, 0).records[0];
  EXPECT_EQ(record.launches, 2);
  EXPECT_EQ(record.registers_per_thread, 90);
  EXPECT_EQ(record.shared_bytes_per_block, 1088);
  EXPECT_EQ(record.spill_bytes_per_thread, 16);
  EXPECT_EQ(record.occupancy_percent, 25);
}

TEST_F(SourcesTest, ABestFileTellsTheWinnerAndItsRivals) {
  const wire::ReportDocument document = read({best_file()});
  const wire::ReportOutcome& outcome = document.outcomes.at(0);
  EXPECT_EQ(outcome.records.size(), 4U);
  EXPECT_EQ(outcome.stopped, std::nullopt);
  EXPECT_FALSE(outcome.spent);
  EXPECT_NEAR(outcome.speedup->median, 1.5, 1e-9);
  EXPECT_EQ(document.sources[0].kind, "best");
  EXPECT_EQ(document.sources[0].outcomes, 1U);
}

TEST_F(SourcesTest, ABestFileGivesWayToTheRunItIsOf) {
  const wire::ReportDocument document = read({best_file(), run_file()});
  ASSERT_EQ(document.outcomes.size(), 1U);
  EXPECT_EQ(document.outcomes[0].records.size(), 6U);
  EXPECT_EQ(document.sources[0].outcomes, 0U);
  EXPECT_THAT(document.sources[0].note, HasSubstr("1 workload shown as another of these files tells it"));
}

TEST_F(SourcesTest, AProfileTellsItsVariantOverTime) {
  const auto profile = profile_file();
  const wire::ReportDocument document = read({profile});
  ASSERT_EQ(document.outcomes.size(), 1U);
  const wire::ReportOutcome& outcome = document.outcomes[0];
  EXPECT_EQ(document.sources[0].kind, "profile");
  EXPECT_EQ(document.sources[0].outcomes, 1U);
  EXPECT_EQ(outcome.records.at(0).time_ns.median, 2.02e6);
  EXPECT_FALSE(outcome.spent) << "a profile does not tell where its time went";
  ASSERT_EQ(outcome.timelines.size(), 1U);
  EXPECT_EQ(outcome.timelines[0].record, 0);
  EXPECT_EQ(outcome.timelines[0].sampled, testing_example::sampled());
  EXPECT_THAT(outcome.timelines[0].file, HasSubstr("profile.json"));
}

TEST_F(SourcesTest, ATimelineIsShownWhereverItsVariantIs) {
  const wire::ReportDocument document = read({run_file(), profile_file("row_carry tile=4096 warps=8 stages=1")});
  ASSERT_EQ(document.outcomes.size(), 1U);
  ASSERT_EQ(document.outcomes[0].timelines.size(), 1U);
  EXPECT_EQ(document.outcomes[0].timelines[0].record, 2);
  const wire::ReportDocument untried = read({run_file(), profile_file("row_carry tile=64 warps=8 stages=1")});
  ASSERT_EQ(untried.outcomes.size(), 1U);
  ASSERT_EQ(untried.outcomes[0].timelines.size(), 1U);
  EXPECT_EQ(untried.outcomes[0].timelines[0].record, std::nullopt);
  EXPECT_EQ(untried.outcomes[0].timelines[0].profile, 0);
  EXPECT_THAT(page_markdown(untried), HasSubstr("- Over time: `row_carry tile=64 warps=8 stages=1`"));
  Outcome older = finished_run();
  older.device.driver = "550.1";
  const auto other = file("older.json", wire::run_json({older}));
  EXPECT_TRUE(read({other, profile_file()}).outcomes[0].timelines.empty()) << "another driver";
}

TEST_F(SourcesTest, ABestFileDoesNotGiveWayToAProfile) {
  const wire::ReportDocument document = read({best_file(), profile_file()});
  ASSERT_EQ(document.outcomes.size(), 1U);
  EXPECT_EQ(document.outcomes[0].records.size(), 4U);
  EXPECT_EQ(document.outcomes[0].timelines.size(), 1U);
}

// A workload with a profile is one workload, whichever file comes first; a replay is of the driver of its recording.
TEST_F(SourcesTest, AProfileStandsInTheSectionOfItsWorkload) {
  const auto run = run_file();
  for (const bool replayed : {false, true}) {
    const wire::ReportDocument document = read({profile_file("row_carry tile=4096 warps=8 stages=1", replayed), run});
    ASSERT_EQ(document.outcomes.size(), 1U);
    EXPECT_EQ(document.outcomes[0].title, "32768x32768 f32 dim 1");
    EXPECT_EQ(document.sources[0].outcomes, 1U) << "it is shown";
    ASSERT_EQ(document.outcomes[0].profiles.size(), 1U);
    const wire::ReportProfile& profile = document.outcomes[0].profiles[0];
    EXPECT_EQ(profile.source, 0);
    EXPECT_EQ(profile.record, 2);
    EXPECT_EQ(profile.told.time_ns.median, 2.02e6);
    EXPECT_EQ(document.outcomes[0].records.at(2).time_ns.median, 2.2e6) << "what the run measured stays";
    EXPECT_FALSE(profile.findings.empty());
    const std::string text = page_markdown(document);
    EXPECT_THAT(text, HasSubstr("- Profiled: `row_carry tile=4096 warps=8 stages=1`, 2.020 ms"));
    EXPECT_EQ(text.find("old.jsonl") != std::string::npos, replayed);
  }
}

TEST_F(SourcesTest, AProfileOfAnotherDriverOrWorkloadStandsAlone) {
  Outcome other = finished_run();
  other.device.driver = "550.1";
  wire::ReportDocument document = read({profile_file(), file("older.json", wire::run_json({other}))});
  ASSERT_EQ(document.outcomes.size(), 2U);
  EXPECT_THAT(document.outcomes[0].title, HasSubstr("driver 580.159"));
  EXPECT_TRUE(document.outcomes[1].profiles.empty());
  other = finished_run();
  other.workload.cache = CacheState::hot;
  document = read({profile_file(), file("hot.json", wire::run_json({other}))});
  ASSERT_EQ(document.outcomes.size(), 2U);
  EXPECT_TRUE(document.outcomes[1].profiles.empty());
}

// A rule that leads nowhere is not said to be the end of what can be tried, whatever the output.
TEST_F(SourcesTest, AProfileWithoutAdviceSaysSo) {
  Outcome outcome = finished_run();
  outcome.device.chip = {};
  outcome.device.chip.backend = Backend::cpu;
  outcome.records = {measured_record("cpu_row_carry tile=1024 prefetch=falling threads=2 unroll=2 store=cached")};
  outcome.ranking = {{0, Phase::final, {2.7e6, 2.7e6, 2.7e6}, {0.73, 0.73, 0.73}}};
  outcome.rounds.clear();
  outcome.equivalents.clear();
  outcome.baseline.reset();
  const wire::ReportOutcome page = page_profile(outcome, 0);
  ASSERT_EQ(page.findings.size(), 1U);
  EXPECT_TRUE(page.findings[0].advice.empty());
  EXPECT_THAT(page.findings[0].no_advice, HasSubstr("no advice: no rule fits what was read"));
  EXPECT_TRUE(page_outcome(outcome, 0).findings.empty()) << "a run on a CPU tells no rule at all";
  wire::ReportDocument document = read({run_file()});
  document.outcomes = {page};
  const std::string text = page_markdown(document);
  EXPECT_THAT(text, HasSubstr("  - no advice: no rule fits what was read"));
  EXPECT_THAT(text, Not(HasSubstr("nothing is left")));
}

TEST_F(SourcesTest, PeersStandBesideTheOutcomesOfTheirGpuAndShape) {
  const auto run = run_file();
  const wire::ReportDocument document = read({run, file("peers.json", peers_json("NVIDIA H200"))});
  const auto& peers = document.outcomes.at(0).peers;
  ASSERT_EQ(peers.size(), 3U);
  EXPECT_EQ(peers[0].status, "not_measured");
  EXPECT_EQ(peers[1].ratio_to_copy->median, 0.91);
  EXPECT_EQ(peers[2].reason, "too large");
  EXPECT_THAT(document.sources[1].note, HasSubstr("1 workload without a result of scantune"));
  EXPECT_THAT(document.peer_versions, ElementsAre("triton 3.6.0"));
  EXPECT_TRUE(read({run, file("peers.json", peers_json("NVIDIA L4"))}).outcomes.at(0).peers.empty());
}

TEST_F(SourcesTest, AJournalTellsItsContextsAndWhatIsDamaged) {
  namespace example = testing_example;
  std::string text;
  for (const JournalWhat& what : example::every_kind()) {
    text += wire::to_line({example::context_id(), what});
  }
  text += wire::to_line({example::context_id(7), example::round_taken()});  // of a run whose start is not there
  const wire::ReportDocument document = read({file("j", text + text.substr(0, 90) + "\n")});
  ASSERT_EQ(document.outcomes.size(), 1U);
  EXPECT_EQ(document.sources[0].kind, "journal");
  EXPECT_THAT(document.sources[0].note, HasSubstr("1 context without the start of a run left out; 1 line skipped"));
}

TEST_F(SourcesTest, TheSameWorkloadTwiceIsToldApart) {
  Outcome older = finished_run();
  older.device.driver = "550.1";
  const auto document = read({file("two.json", wire::run_json({finished_run(), older})), run_file()});
  ASSERT_EQ(document.outcomes.size(), 3U);
  EXPECT_THAT(document.outcomes[1].title, HasSubstr("driver 550.1"));
  EXPECT_THAT(document.outcomes[0].title, HasSubstr("two.json"));
  EXPECT_THAT(document.outcomes[2].title, HasSubstr("run.json"));
}

TEST_F(SourcesTest, RefusesWhatItCannotShow) {
  EXPECT_THAT(fault({scratch / "none"}), HasSubstr("none"));
  EXPECT_THAT(fault({file("text", "hello")}), HasSubstr("text: expected a best file, a journal"));
  EXPECT_THAT(fault({file("other", R"({"format": "scantune-suite"})")}),
              HasSubstr("its format is scantune-suite; expected"));
  EXPECT_THAT(fault({file("j.zst", "\x28\xb5\x2f\xfd rest")}), HasSubstr("unpack it first: zstd -d"));
  EXPECT_THAT(fault({file("broken", R"({"format": "scantune-run", "version": 1, "outcomes": [{}]})")}),
              HasSubstr("broken: outcome 1 of 1: the member \"workload\" is missing"));
  EXPECT_THAT(fault({file("peers.json", peers_json("NVIDIA H200"))}), HasSubstr("nothing to report"));
}

TEST_F(SourcesTest, MarkdownHasATableOfAllAndTheDetailsOfEach) {
  const std::string text = page_markdown(read({run_file(), file("peers.json", peers_json("NVIDIA H200"))}));
  EXPECT_THAT(text, HasSubstr("| workload | of copy | time | rate | over baseline | Triton | seed |\n"));
  EXPECT_THAT(text,
              HasSubstr("| 32768x32768 f32 dim 1 | **0.990** | 2.020 ms | 4252 GB/s | 1.50x | 0.910 | too large |\n"));
  EXPECT_THAT(text, HasSubstr("- Best: `row_carry tile=8192 warps=16 stages=2`, 2.020 ms"));
  EXPECT_THAT(text, HasSubstr("- As fast: `row_carry tile=16384 warps=16 stages=2`"));
  EXPECT_THAT(text, HasSubstr("- `row_carry`: 5 variants, 3 measured, 1 failed, 1 ruled out; best 0.990 of copy"));
  EXPECT_THAT(text, HasSubstr("1 workload without a result of scantune"));
}

TEST_F(SourcesTest, MarkdownSaysHowARunWentOverTime) {
  EXPECT_THAT(
      page_markdown(read({profile_file()})),
      HasSubstr("- Over time: `row_carry tile=8192 warps=16 stages=2`; steady: 80.0 % of DRAM's peak, reads and "
                "writes together; start: 90% of that after 6.00 us; tail: below it for the last 8.00 us; "));
}

TEST_F(SourcesTest, MarkdownTakesHostileNamesForText) {
  wire::ReportDocument document = read({run_file()});
  document.outcomes[0].title = "<b>|*x*\n# head";
  document.outcomes[0].records[0].variant.kernel = "a`|b";
  const std::string text = page_markdown(document);
  EXPECT_THAT(text, HasSubstr("| \\<b\\>\\|\\*x\\* \\# head |"));
  EXPECT_THAT(text, HasSubstr("`a''b tile=8192"));
  EXPECT_THAT(text, Not(HasSubstr("<b>")));
}

}  // namespace
}  // namespace scantune::report
