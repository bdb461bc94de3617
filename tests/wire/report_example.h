// A report with something of everything its JSON can hold.
#pragma once

#include "../stats/timeline_example.h"
#include "example.h"
#include "wire/report_json.h"

namespace scantune::testing_example {

inline wire::ReportHistory history() {
  wire::ReportHistory told;
  told.source = 1;
  told.title = "32768x32768 f32 dim 1";
  told.key = "NVIDIA H200|32768x32768x1|f32|f32|cold|any";
  told.chip = "NVIDIA H200";
  HistoryLine line;
  line.time = "2026-11-23T01:00:00Z";
  line.commit = "0123abc";
  line.key = told.key;
  line.variant = to_string(row_carry(8192, 3));
  line.verdict = CheckVerdict::pass;
  line.threshold = 0.02;
  line.confidence = 0.99;
  line.slowdown = {0, -0.001, 0.001};
  line.ratio_to_copy = {0.99, 0.98, 1.0};
  line.time_ns = line.copy_time_ns = {2e6, 1.9e6, 2.1e6};
  line.rounds = 10;
  told.runs = {line};
  told.change = LevelChange{20, 12, "2026-11-23T01:00:00Z", "0123abc", 0.95, 0.94, 0.001};
  told.noise = Noise{.key = told.key, .variant = line.variant, .sessions = 8, .rounds = 20, .round_sd = 0.001};
  return told;
}

inline wire::ReportDocument report() {
  const Outcome run = outcome();
  wire::ReportOutcome told;
  told.title = "32768x32768 f32 dim 1";
  told.workload = run.workload;
  told.device = run.device;
  told.protocol = run.protocol;
  told.provenance = run.provenance;
  told.stopped = StopReason::complete;
  told.spent = run.spent;
  told.copy_time_ns = {2e6, 1.9e6, 2.1e6};
  told.copy_bytes_per_s = 4.2e12;
  told.adds = 1000;
  told.adds_per_byte = 0.125;
  told.families = {{"row_carry", {"tile", "stages"}, 2, 1, 1, 0, 0}};
  told.metrics = {{"dram__bytes_read.sum", "bytes", ""},
                  {"smsp__warp_issue_stalled_wait_per_warp_active.pct", "%", "wait"}};
  wire::ReportRecord measured;
  measured.variant = row_carry(8192, 3);
  measured.status = wire::RecordStatus::measured;
  measured.phase = Phase::final;
  measured.time_ns = {2.02e6, 2.01e6, 2.03e6};
  measured.ratio_to_copy = {0.99, 0.98, 1.0};
  measured.bytes_per_s = 4.25e12;
  measured.launches = 1;
  measured.registers_per_thread = 40;
  measured.shared_bytes_per_block = 80;
  measured.block_threads = 512;
  measured.grid_blocks = 32768;
  measured.occupancy_percent = 50;
  measured.bytes_in_flight_per_sm = 65536;
  measured.limit = "too few bytes in flight";
  measured.counters = {4.3e9, std::nullopt};
  measured.adds_per_byte = 0.12;
  measured.adds_per_s = 5e11;
  wire::ReportRecord failed;
  failed.variant = row_carry(1024, 1);
  failed.status = wire::RecordStatus::failed;
  failed.failure = Failure{FailureKind::compile, "does not fit"};
  told.records = {measured, failed};
  told.winner = 0;
  told.equivalents = {0};
  told.baseline = 0;
  told.speedup = Interval{1.5, 1.4, 1.6};
  told.speedup_paired = true;
  told.decided_by = Phase::final;
  told.samples = {{kCopy, {1}, {2e6}, {}}, {0, {1}, {2.02e6}, {0.99}}};
  told.findings = {{"too few bytes in flight", "a sentence", {"stages up: more loads"}}};
  told.steps = {{1,
                 std::nullopt,
                 "",
                 {},
                 "starts with the middle",
                 row_carry(1024, 1),
                 std::nullopt,
                 std::nullopt,
                 "does not fit",
                 false},
                {2,
                 row_carry(1024, 1),
                 "bytes_in_flight",
                 {{"dram__throughput", 40, "%"}},
                 "more stages",
                 row_carry(8192, 3),
                 0.95,
                 0.99,
                 "",
                 true}};
  told.peers = {{"triton", "Triton", "one pass", "measured", "", "rows=1", Interval{2.2e6, 2.1e6, 2.3e6},
                 Interval{0.91, 0.90, 0.92}, Interval{1.08, 1.07, 1.09}},
                {"seed", "seed", "", "failed", "too large", "", {}, {}, {}}};
  told.timelines = {{0, "profile.json", sampled()}, {std::nullopt, "profile.json", sampled(), 0}};
  wire::ReportRecord untried = measured;
  untried.variant = row_carry(2048, 2);
  told.profiles = {{2,
                    std::nullopt,
                    untried,
                    told.metrics,
                    {{"unknown", "no rule fits", {}, "no advice: compare"}},
                    run.provenance}};
  return {"0.1.0",
          "2026-11-23T01:00:00Z",
          {{"results/journal.jsonl", "journal", 1, "1 line skipped: damaged"},
           {"history.jsonl", "history", 1, ""},
           {"profile.json", "profile", 1, ""}},
          {told},
          {"triton 3.6.0"},
          {history()}};
}

}  // namespace scantune::testing_example
