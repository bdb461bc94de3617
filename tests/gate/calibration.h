// How often the gate errs, on recorded samples of real GPUs: for the test and for the table of docs/ci.md.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "gate/check.h"
#include "gate/noise.h"
#include "store/best_file.h"
#include "store/file.h"
#include "wire/study_json.h"

namespace scantune::gate {

struct Calibration {
  std::string workload;
  Sessions sessions;  // of the variant, unchanged
  Sessions planted;   // of the variant with planted traffic; empty where nothing was planted
  int rounds_then = 30;
  Allowance allowance;
};

// The rounds of every winner of a best file: one session each, so that nothing is known of others.
inline std::vector<Calibration> of_best_file(const std::filesystem::path& path) {
  std::vector<Calibration> all;
  const std::vector<BestEntry> entries = store::read_best_file(path).value();
  for (const BestEntry& entry : entries) {
    const std::vector<double> ratios = ratios_of_winner(entry);
    const double round_sd = spread_of({ratios}).round_sd;
    all.push_back({.workload = to_string(entry.workload),
                   .sessions = {ratios},
                   .planted = {},
                   .rounds_then = static_cast<int>(ratios.size()),
                   .allowance = {kAssumedSessionSd, selection_of(1 + static_cast<int>(entry.equivalents.size()),
                                                                 static_cast<int>(ratios.size()), round_sd)}});
  }
  return all;
}

// The fresh checks of a study: sessions in processes of their own, with a kernel that was made slower beside.
inline Calibration of_study(const wire::Study& study) {
  Calibration calibration{.workload = study.key, .sessions = {}, .planted = {}, .rounds_then = 0, .allowance = {}};
  for (const wire::StudyRun& run : study.runs) {
    calibration.sessions.push_back(run.ratios);
    if (!run.planted_ratios.empty()) {
      calibration.planted.push_back(run.planted_ratios);
    }
  }
  calibration.rounds_then = static_cast<int>(study.then.size());
  calibration.allowance = {spread_of(calibration.sessions).session_sd,
                           selection_of(study.alike, calibration.rounds_then, spread_of({study.then}).round_sd)};
  return calibration;
}

struct ErrorRates {
  Resampled same;     // nothing changed
  Resampled slower;   // every time 2% longer
  Resampled planted;  // the planted kernel's own samples; no draws where there is none
};

inline ErrorRates error_rates(const Calibration& of, int draws) {
  const CheckRule rule;
  const auto draw = [&](const Sessions& now, double slowdown, uint64_t seed) {
    return resample(of.sessions, now, slowdown, rule, of.allowance, of.rounds_then, draws, seed);
  };
  return {draw(of.sessions, 0, 1), draw(of.sessions, rule.threshold, 2),
          of.planted.empty() ? Resampled{} : draw(of.planted, 0, 3)};
}

}  // namespace scantune::gate
