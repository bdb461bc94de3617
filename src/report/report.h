// Outcomes for people: one screen a workload. All text is UTF-8; ascii() is for terminals that are not.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "core/outcome.h"

namespace scantune::report {

struct TextStyle {
  bool color = false;    // ANSI colours; never the only carrier of meaning
  int width = 100;       // columns
  bool verbose = false;  // time breakdown, resources, every launch's counters, every kind of failure
  bool utf8 = true;      // what the terminal reads; only progress_printer heeds it, see ascii()
};

// "scantune 0.1.0 · cuda:0 NVIDIA H200 (GH100, sm_90, 132 SMs, 4.8 TB/s) · driver 580.159 · NVRTC 13.0"
std::string device_line(const DeviceInfo& info, const std::string& version);

// "32768x32768 f32, dim 1 · outer 32768 x n 32768 x inner 1 · 4.00 GiB in, 4.00 GiB out"
std::string workload_line(const Workload& workload);

// The one screen a workload ends in: winner, time and interval, ratio to copy, GB/s, speed-up over
// the baseline, counters, runners-up, what was tried. Without a winner, why not.
std::string outcome_text(const Outcome& outcome, const TextStyle& style);

// Where a replay's answers come from, and how many samples are recorded ones drawn again; empty where all were
// measured.
std::string replay_text(const Outcome& outcome, const TextStyle& style);

// One more line of that screen, its label in the same column: "Wrote    results/best.json".
std::string labelled_line(std::string_view label, std::string_view text, const TextStyle& style);

// The same text without characters beyond ASCII: "2.018 ms +-0.1% - 0.992 of the copy".
std::string ascii(std::string_view text);

}  // namespace scantune::report
