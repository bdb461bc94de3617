// Recorded A/A checks (results/h200-gate.json, written by scripts/gate_study.py): what the gate's error rates are
// resampled from.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "core/check.h"
#include "core/expected.h"

namespace scantune::wire {

// One check as it was run: its verdicts and the raw ratios of its rounds.
struct StudyRun {
  CheckVerdict verdict = CheckVerdict::inconclusive;
  CheckVerdict planted = CheckVerdict::inconclusive;
  double seconds = 0;                  // of the whole process
  std::vector<double> ratios;          // copy / variant, in the order taken
  std::vector<double> planted_ratios;  // copy / planted variant, of the same rounds
};

struct Study {
  std::string key;
  std::string variant;
  std::string chip;
  std::string driver;
  std::string time;
  double extra_traffic = 0;  // planted
  std::vector<double> then;  // ratios of the baseline's rounds
  int alike = 1;             // variants that the baseline could not tell apart, the winner included
  int asked = 0;             // runs that were to be made
  std::string ended;         // why there are fewer; empty where it did not end early
  std::vector<StudyRun> runs;
};

// Several studies: one a workload. An error (bad_input) names the member at fault.
Expected<std::vector<Study>> parse_studies(std::string_view text);

}  // namespace scantune::wire
