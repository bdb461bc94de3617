// A history of checks whose level fell: built by hand.
#pragma once

#include <fmt/format.h>

#include <cmath>
#include <string>
#include <vector>

#include "core/check.h"

namespace scantune::report {

inline constexpr const char* kHeadlineKey = "NVIDIA H200|32768x32768x1|f32|f32|cold|any";

inline HistoryLine check_line(const std::string& key, int run, double ratio) {
  HistoryLine line;
  line.time = fmt::format("2026-11-{:02}T01:00:00Z", 1 + run);
  line.commit = fmt::format("{:040x}", 0xabc0000 + run);
  line.key = key;
  line.variant = "row_carry tile=8192 warps=16 stages=2";
  line.tool_version = "0.1.0";
  line.host = "ci-1";
  line.driver = "580.159.04";
  line.compiler = "NVRTC 13.0";
  line.verdict = CheckVerdict::pass;
  line.threshold = 0.02;
  line.confidence = 0.99;
  line.slowdown = {0.001, -0.004, 0.006};
  line.ratio_to_copy = {ratio, ratio - 0.002, ratio + 0.002};
  line.time_ns = {2.02e6, 2.01e6, 2.03e6};
  line.copy_time_ns = {2.0e6, 1.99e6, 2.01e6};
  line.rounds = 10;
  return line;
}

// Twenty runs of the headline, whose level falls by 1.2% with the thirteenth, an estimate of noise before them, and six
// runs of another workload that stays as it is.
inline std::vector<HistoryLine> fallen_history() {
  std::vector<HistoryLine> lines = {check_line(kHeadlineKey, 0, 0.99)};
  lines[0].noise = Noise{.key = kHeadlineKey,
                         .variant = lines[0].variant,
                         .sessions = 8,
                         .rounds = 20,
                         .round_sd = 0.001,
                         .session_sd = 0.0005,
                         .rounds_needed = 10,
                         .smallest_threshold = 0.004,
                         .found = 1,
                         .draws = 2000};
  lines[0].ratio_to_copy = {};
  for (int run = 0; run < 20; ++run) {
    lines.push_back(check_line(kHeadlineKey, run, (run < 12 ? 0.99 : 0.978) + 4e-4 * std::cos(run)));
    if (run < 6) {
      lines.push_back(check_line("NVIDIA H200|1x16777216x1|f16|f32|hot|deterministic", run, 0.83));
    }
  }
  lines.back().verdict = CheckVerdict::regression;
  return lines;
}

}  // namespace scantune::report
