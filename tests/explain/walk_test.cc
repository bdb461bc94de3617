// The advice of diagnoses, followed step by step through recorded sweeps.
#include <fmt/format.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <set>

#include "explain/moves.h"
#include "left_out.h"
#include "sweeps.h"

namespace scantune::explain {
namespace {

constexpr double kNear = 0.98;
constexpr int kMostSteps = 60;

// Steps until a variant is near the best; kMostSteps where the advice ends before.
int walk(const Sweep& sweep, size_t from, Expectation expectation) {
  size_t at = from;
  std::set<size_t> tried = {from};
  expectation.observe(from, *sweep.variants[from].ratio_to_copy);
  int steps = 0;
  while (*sweep.variants[at].ratio_to_copy < kNear * sweep.best() && steps < kMostSteps) {
    const Diagnosis diagnosis = diagnose(sweep.variants[at]);
    const std::vector<Move> next = moves(sweep.variants[at], diagnosis, sweep.candidates, expectation, tried);
    if (next.empty()) {
      return kMostSteps;
    }
    ++steps;
    const size_t to = next.front().candidate;
    tried.insert(to);
    expectation.observe(to, *sweep.variants[to].ratio_to_copy);
    if (*sweep.variants[to].ratio_to_copy > *sweep.variants[at].ratio_to_copy) {
      at = to;
    }
  }
  return steps;
}

TEST(Walk, AdviceLeadsFromTheWorstThirdToWithinTwoPercentOfTheBestInAFewSteps) {
  if (!std::filesystem::exists(SCANTUNE_SWEEPS)) {
    GTEST_SKIP() << "zstd is missing, which unpacks results/h200-sweeps.jsonl.zst";
  }
  const std::vector<Sweep> sweeps = read_sweeps(SCANTUNE_SWEEPS);
  ASSERT_GE(sweeps.size(), 9U);
  for (const Sweep& sweep : sweeps) {
    const std::vector<RecordedSweep> others = without(sweep.workload);
    const Expectation expectation(sweep.workload, sweep.chip, sweep.candidates, {.recorded = &others});
    std::vector<double> steps;
    for (size_t from = sweep.variants.size() - sweep.variants.size() / 3; from < sweep.variants.size(); ++from) {
      steps.push_back(walk(sweep, from, expectation));
    }
    fmt::print("{}: {} starts, median {}, worst {}\n", to_string(sweep.workload), steps.size(), stats::median(steps),
               *std::ranges::max_element(steps));
    EXPECT_LE(stats::median(steps), 6) << to_string(sweep.workload);
    EXPECT_LT(*std::ranges::max_element(steps), kMostSteps) << to_string(sweep.workload) << ": it gets stuck";
  }
}

}  // namespace
}  // namespace scantune::explain
