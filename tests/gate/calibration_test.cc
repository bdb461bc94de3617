// The gate's error rates on recorded samples: the same study that was run on the GPU (scripts/gate_study.py), without
// one.
#include "calibration.h"

#include <gtest/gtest.h>

#include <fstream>
#include <iostream>

namespace scantune::gate {
namespace {

const std::filesystem::path kResults = std::filesystem::path(SCANTUNE_SOURCE_DIR) / "results";

double share(int count, int of) { return static_cast<double>(count) / of; }

TEST(Calibration, OnTheRoundsOfTheStandardSuiteErrsLessThanOneInAHundred) {
  int draws = 0;
  int flagged = 0;
  int found = 0;
  int inconclusive = 0;
  for (const Calibration& of : of_best_file(kResults / "h200-standard.json")) {
    const ErrorRates rates = error_rates(of, 250);
    std::cout << fmt::format(
        "{:<28} unchanged: {:5.2f}% flagged, {:5.2f}% inconclusive, {:5.1f} rounds; 2% slower: "
        "{:6.2f}% found, {:5.1f} rounds\n",
        of.workload, 100 * rates.same.flagged_share(), 100 * rates.same.inconclusive_share(), rates.same.rounds,
        100 * rates.slower.flagged_share(), rates.slower.rounds);
    draws += rates.same.draws;
    flagged += rates.same.flagged;
    inconclusive += rates.same.inconclusive;
    found += rates.slower.flagged;
    EXPECT_LT(rates.same.flagged_share(), 0.01) << of.workload;
    EXPECT_GT(rates.slower.flagged_share() + rates.slower.inconclusive_share(), 0.99) << of.workload << ": it passes";
    // What 30 rounds of a baseline cannot settle, as they vary by most of a percent themselves, is inconclusive.
    if (spread_of(of.sessions).round_sd < 0.0075) {
      EXPECT_GT(rates.slower.flagged_share(), 0.99) << of.workload;
    }
  }
  ASSERT_GT(draws, 0);
  EXPECT_LT(share(flagged, draws), 0.005);
  EXPECT_LT(share(inconclusive, draws), 0.01);
  EXPECT_GT(share(found, draws), 0.99);
}

TEST(Calibration, OnFreshChecksOfAGpuErrsLessThanOneInAHundred) {
  const auto path = kResults / "h200-gate.json";
  const auto studies = wire::parse_studies(store::read_file(path).value());
  ASSERT_TRUE(studies) << studies.error().message;
  ASSERT_FALSE(studies->empty());
  for (const wire::Study& study : *studies) {
    std::cout << fmt::format("{}: {} of {} checks {}\n", study.key, study.runs.size(), study.asked, study.ended);
    EXPECT_GE(study.asked, 40) << "what docs/ci.md speaks of";
    ASSERT_GE(study.runs.size(), 20U) << "too few to say anything: record it again. " << study.ended;
    int flagged = 0;
    int missed = 0;
    for (const wire::StudyRun& run : study.runs) {
      flagged += run.verdict == CheckVerdict::regression ? 1 : 0;
      missed += run.planted == CheckVerdict::regression ? 0 : 1;
      EXPECT_LE(run.seconds, 10);
    }
    EXPECT_EQ(flagged, 0) << "of the checks themselves";
    EXPECT_EQ(missed, 0);
    const ErrorRates rates = error_rates(of_study(study), 2000);
    EXPECT_LT(rates.same.flagged_share(), 0.01) << study.key;
    EXPECT_GT(rates.planted.flagged_share(), 0.99) << study.key;
    EXPECT_GT(rates.slower.flagged_share(), 0.99) << study.key;
  }
}

TEST(Calibration, RefusesWhatIsNoStudy) {
  EXPECT_FALSE(wire::parse_studies("[]"));
  EXPECT_FALSE(wire::parse_studies("{\"format\": \"scantune-gate-study\"}"));
  const auto study = wire::parse_studies(
      R"({"format": "scantune-gate-study", "version": 1, "studies": [{"key": "k", "variant": "v", "chip": "c",
          "driver": "1", "time_utc": "t", "extra_traffic": 0.02, "baseline_ratios": [1, 0.9], "alike": 2,
          "runs_asked": 40, "ended": "the time limit was hit", "runs": [
          {"verdict": "pass", "planted_verdict": "regression", "seconds": 2.5, "ratios": [1], "planted_ratios": [0.9]}]}]})");
  ASSERT_TRUE(study) << study.error().message;
  EXPECT_EQ(study->front().runs.front().planted, CheckVerdict::regression);
  EXPECT_EQ(study->front().asked, 40);
  EXPECT_EQ(study->front().ended, "the time limit was hit");
}

}  // namespace
}  // namespace scantune::gate
