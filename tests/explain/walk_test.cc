// The advice of diagnoses, followed step by step through recorded sweeps.
#include <fmt/format.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <map>
#include <set>

#include "explain/moves.h"
#include "sweeps.h"

namespace scantune::explain {
namespace {

constexpr double kNear = 0.98;
constexpr int kMostSteps = 60;

bool same_workload(const Workload& a, const Workload& b) {
  return a.geometry() == b.geometry() && a.dtype == b.dtype && a.accumulator == b.accumulator;
}

// What was recorded of all other workloads.
std::vector<RecordedSweep> without(const Workload& workload) {
  std::vector<RecordedSweep> others = recorded_sweeps();
  std::erase_if(others, [&](const RecordedSweep& s) { return same_workload(s.workload, workload); });
  return others;
}

int walk(const Sweep& sweep, size_t from, Expectation expectation, std::string* story = nullptr) {
  size_t at = from;
  std::set<size_t> tried = {from};
  expectation.observe(from, *sweep.variants[from].ratio_to_copy);
  int steps = 0;
  while (*sweep.variants[at].ratio_to_copy < kNear * sweep.best() && steps < kMostSteps) {
    const Diagnosis diagnosis = diagnose(sweep.variants[at]);
    const std::vector<Move> next = moves(sweep.variants[at], diagnosis, sweep.candidates, expectation, tried);
    if (next.empty()) {
      if (story != nullptr) {
        *story += fmt::format("  stuck at {} ({})\n", to_string(sweep.variants[at].variant), name(diagnosis.limit()));
      }
      return kMostSteps;
    }
    const Move* move = &next.front();
    ++steps;
    tried.insert(move->candidate);
    const double ratio = *sweep.variants[move->candidate].ratio_to_copy;
    if (story != nullptr) {
      *story += fmt::format("  {:.3f} {} {}: {} -> {:.3f} {}\n", *sweep.variants[at].ratio_to_copy / sweep.best(),
                            to_string(sweep.variants[at].variant), name(move->limit), to_string(move->advice),
                            ratio / sweep.best(), to_string(sweep.variants[move->candidate].variant));
    }
    expectation.observe(move->candidate, ratio);
    if (ratio > *sweep.variants[at].ratio_to_copy) {
      at = move->candidate;
    }
  }
  return steps;
}

TEST(Walk, AdviceLeadsFromTheWorstThirdToWithinTwoPercentOfTheBestInAFewSteps) {
  const std::vector<Sweep> sweeps = read_sweeps(SCANTUNE_SWEEPS);
  ASSERT_FALSE(sweeps.empty()) << SCANTUNE_SWEEPS;
  const bool tell = std::getenv("SCANTUNE_TELL") != nullptr;
  std::vector<double> all;
  for (const Sweep& sweep : sweeps) {
    const std::vector<RecordedSweep> others = without(sweep.workload);
    ExpectationOptions options;
    options.recorded = &others;
    const Expectation expectation(sweep.workload, sweep.chip, sweep.candidates, options);
    std::vector<double> steps;
    std::map<std::string, int> limits;
    for (size_t from = sweep.variants.size() - sweep.variants.size() / 3; from < sweep.variants.size(); ++from) {
      std::string story;
      steps.push_back(walk(sweep, from, expectation, &story));
      ++limits[std::string(name(diagnose(sweep.variants[from]).limit()))];
      if (tell && from % 10 == 0) {
        fmt::print("{}: {:.0f} steps\n{}", to_string(sweep.variants[from].variant), steps.back(), story);
      }
    }
    fmt::print("{}: {} starts, median {}, worst {}\n", to_string(sweep.workload), steps.size(), stats::median(steps),
               *std::ranges::max_element(steps));
    for (const auto& [limit, count] : limits) {
      fmt::print("   {} {}\n", limit, count);
    }
    all.insert(all.end(), steps.begin(), steps.end());
  }
  EXPECT_LE(stats::median(all), 6);
}

}  // namespace
}  // namespace scantune::explain
