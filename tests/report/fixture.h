// Outcomes built by hand, as a run on an H200 would end.
#pragma once

#include <string>
#include <vector>

#include "core/outcome.h"

namespace scantune::report {

inline constexpr const char* kDuration = "gpu__time_duration.sum";
inline constexpr const char* kDramThroughput = "dram__throughput.avg.pct_of_peak_sustained_elapsed";
inline constexpr const char* kDramRead = "dram__bytes_read.sum";
inline constexpr const char* kOldStall = "smsp__warp_issue_stalled_memory_dependency_per_warp_active.pct";
inline constexpr const char* kNewStall = "smsp__warp_issue_stalled_long_scoreboard_per_warp_active.pct";

inline Workload headline() { return {.shape = {{32768, 32768}, 1}}; }

inline DeviceInfo h200() {
  DeviceInfo info;
  info.chip = *reference_chip(90);
  info.id = "cuda:0";
  info.driver = "580.159";
  info.compiler = "NVRTC 13.0";
  return info;
}

inline Variant variant(const std::string& text) { return *parse_variant(text); }

inline Record measured_record(const std::string& text) {
  Record record;
  record.variant = variant(text);
  record.compiled = true;
  record.verified = true;
  return record;
}

inline Record failed_record(const std::string& text, FailureKind kind, const std::string& what) {
  Record record;
  record.variant = variant(text);
  record.failure = Failure{kind, what};
  return record;
}

inline MetricValue counter(const std::string& name, double value, const std::string& unit) {
  return {name, name, value, unit, ""};
}

// Four measured variants (0: the winner, 1: as fast, 2: slower, 3: the baseline), one ruled out, one
// that gave wrong results. The baseline takes 1.5 times the winner's time in every round.
inline Outcome finished_run() {
  Outcome outcome;
  outcome.workload = headline();
  outcome.device = h200();
  outcome.records = {
      measured_record("row_carry tile=8192 warps=16 stages=2"),
      measured_record("row_carry tile=16384 warps=16 stages=2"),
      measured_record("row_carry tile=4096 warps=8 stages=1"),
      measured_record("three_pass tile=4096 warps=8 stages=1"),
      failed_record("row_carry tile=1024 warps=32 stages=3", FailureKind::constraint, "a tile is one access a thread"),
      failed_record("row_carry tile=8192 warps=32 stages=3", FailureKind::wrong_result, "element 7 is 3, expected 4"),
  };
  for (int i = 0; i < 9; ++i) {
    const double drift = 1 + 0.001 * i;
    for (const Phase phase : {Phase::screen, Phase::final}) {
      outcome.rounds.push_back({phase,
                                {{kCopy, 2.0e6 * drift},
                                 {0, 2.02e6 * drift},
                                 {1, 2.021e6 * drift},
                                 {2, 2.2e6 * drift},
                                 {3, 3.03e6 * drift}}});
    }
  }
  outcome.ranking = {
      {0, Phase::final, {2.02e6, 2.018e6, 2.022e6}, {0.990, 0.989, 0.991}},
      {1, Phase::final, {2.021e6, 2.019e6, 2.023e6}, {0.9895, 0.988, 0.991}},
      {2, Phase::final, {2.2e6, 2.19e6, 2.21e6}, {0.909, 0.905, 0.912}},
      {3, Phase::final, {3.03e6, 3.02e6, 3.04e6}, {0.660, 0.658, 0.662}},
  };
  outcome.winner = 0;
  outcome.equivalents = {1};
  outcome.baseline = 3;
  outcome.copy_time_ns = {2.0e6, 1.999e6, 2.001e6};
  outcome.spent = {.compile_s = 20,
                   .open_s = 0.4,
                   .verify_s = 1.5,
                   .measure_s = 2.5,
                   .profile_s = 0.5,
                   .idle_s = 1.2,
                   .total_s = 6.1,
                   .ready_s = 5};
  outcome.records[0].profile = Profile{{{"row_carry",
                                         {counter(kDuration, 2.1e6, "ns"), counter(kDramThroughput, 88.94, "%"),
                                          counter(kDramRead, 4294967296.0, "bytes")}}}};
  outcome.records[3].profile = Profile{
      {{"block_sums",
        {counter(kDuration, 1e6, "ns"), counter(kDramThroughput, 90, "%"), counter(kDramRead, 4e9, "bytes")}},
       {"scan_sums",
        {counter(kDuration, 1e6, "ns"), counter(kDramThroughput, 10, "%"), counter(kDramRead, 1e9, "bytes")}},
       {"scan", {counter(kDuration, 2e6, "ns"), counter(kDramThroughput, 80, "%"), counter(kDramRead, 4e9, "bytes")}}}};
  return outcome;
}

}  // namespace scantune::report
