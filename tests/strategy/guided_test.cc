#include "strategy/guided.h"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>

#include "../explain/left_out.h"
#include "../explain/sweeps.h"

namespace scantune {
namespace {

using testing::HasSubstr;

constexpr double kNear = 0.995;

// What a search came to in a recorded sweep.
struct Search {
  int evaluations = 0;            // variants measured, the baseline's included
  std::optional<int> until_near;  // evaluations until within 0.5% of the best
  int profiles = 0;
  std::vector<SearchStep> steps;
  std::string why_done;
};

// Answers what the strategy asks from the sweep, until it asks for nothing more.
Search drive(Strategy& strategy, const Sweep& sweep, bool with_counters = true) {
  Search search;
  while (true) {
    const std::vector<Request> requests = strategy.ask(8);
    for (const Request& request : requests) {
      const auto it = std::ranges::find(sweep.variants, request.variant, &explain::Subject::variant);
      if (request.want == Request::Want::profile) {
        ++search.profiles;
        strategy.tell({request.variant, Profiled{with_counters ? *it->profile : Profile{}}});
        continue;
      }
      ++search.evaluations;
      if (!search.until_near && *it->ratio_to_copy >= kNear * sweep.best()) {
        search.until_near = search.evaluations;
      }
      strategy.tell({request.variant, Compiled{}});
      strategy.tell({request.variant, Verified{it->resources, it->bytes_in_flight_per_sm}});
      const double time_ns = *it->time_ns;
      const double ratio = *it->ratio_to_copy;
      strategy.tell({request.variant, Measured{Phase::screen, {time_ns, time_ns, time_ns}, {ratio, ratio, ratio}}});
    }
    for (SearchStep& step : strategy.take_steps()) {
      search.steps.push_back(std::move(step));
    }
    if (requests.empty()) {
      search.why_done = strategy.why_done();
      return search;
    }
  }
}

class Guided : public testing::Test {
 protected:
  void SetUp() override {
    if (!std::filesystem::exists(SCANTUNE_SWEEPS)) {
      GTEST_SKIP() << "zstd is missing, which unpacks results/h200-sweeps.jsonl.zst";
    }
    ASSERT_GE(sweeps().size(), 9U);
  }
  static const std::vector<Sweep>& sweeps() {
    static const std::vector<Sweep> read = read_sweeps(SCANTUNE_SWEEPS);
    return read;
  }
  static const Sweep& columns() { return sweep_of(sweeps(), "32768x32768 f32 dim 0"); }
};

// In the order of their spelling, which says nothing of how fast they are.
SearchSpace space_of(const Sweep& sweep) {
  SearchSpace space{sweep.workload, sweep.chip, sweep.candidates};
  std::ranges::sort(space.candidates, {}, [](const Candidate& c) { return to_string(c.variant); });
  return space;
}

bool is_baseline(const Sweep& sweep, const Variant& variant) {
  return std::ranges::find(sweep.candidates, variant, &Candidate::variant)->kernel->baseline;
}

TEST_F(Guided, IsNearTheBestOfEveryRecordedWorkloadAfterATwentiethOfTheVariants) {
  for (const Sweep& sweep : sweeps()) {
    const auto strategy = guided(space_of(sweep));
    const Search search = drive(*strategy, sweep);
    ASSERT_TRUE(search.until_near) << to_string(sweep.workload);
    EXPECT_LE(*search.until_near * 20, std::max<size_t>(20, sweep.variants.size())) << to_string(sweep.workload);
  }
}

// What it is worth on a workload that it has not seen: the figures are in docs/explain.md.
TEST_F(Guided, EndsWithinOnePercentOfTheBestOfWorkloadsThatItHasNotSeen) {
  int after_a_twentieth = 0;
  for (const Sweep& sweep : sweeps()) {
    const std::vector<explain::RecordedSweep> others = without(sweep.workload);
    const auto strategy = guided(space_of(sweep), {.recorded = &others});
    const Search search = drive(*strategy, sweep);
    double best = 0;
    for (const SearchStep& step : search.steps) {
      best = std::max(best, step.measured_ratio.value_or(0));
    }
    fmt::print("{}: {} variants; near after {}, ended after {} at {:.4f} of the best: {}\n", to_string(sweep.workload),
               sweep.variants.size(), search.until_near ? fmt::to_string(*search.until_near) : "never",
               search.evaluations, best / sweep.best(), search.why_done);
    EXPECT_GE(best, 0.99 * sweep.best()) << to_string(sweep.workload);
    ASSERT_TRUE(search.until_near) << to_string(sweep.workload);
    EXPECT_LE(*search.until_near * 4, static_cast<int>(sweep.variants.size())) << to_string(sweep.workload);
    after_a_twentieth += *search.until_near * 20 <= std::max(20, static_cast<int>(sweep.variants.size())) ? 1 : 0;
  }
  EXPECT_GE(after_a_twentieth, 6);
}

TEST_F(Guided, SaysWhatItReadAndWhatCameOut) {
  const std::vector<explain::RecordedSweep> others = without(columns().workload);
  const auto strategy = guided(space_of(columns()), {.recorded = &others});
  const Search search = drive(*strategy, columns());
  ASSERT_EQ(search.steps.size(), static_cast<size_t>(search.evaluations));
  EXPECT_FALSE(search.steps.front().from);
  EXPECT_THAT(search.steps.front().rule, testing::StartsWith("start"));
  std::optional<double> best;
  std::optional<Variant> best_variant;
  for (size_t i = 0; i < search.steps.size(); ++i) {
    const SearchStep& step = search.steps[i];
    EXPECT_EQ(step.number, static_cast<int>(i) + 1);
    EXPECT_FALSE(step.rule.empty());
    EXPECT_TRUE(step.predicted_ratio);
    ASSERT_TRUE(step.measured_ratio);
    EXPECT_DOUBLE_EQ(*step.measured_ratio, *columns().at(to_string(step.to)).ratio_to_copy);
    if (i > 0 && !is_baseline(columns(), step.to)) {
      EXPECT_EQ(step.from, best_variant) << i;  // it steps from the best so far
      EXPECT_FALSE(step.limit.empty());
      EXPECT_FALSE(step.read.empty());
    }
    if (!best || *step.measured_ratio > *best) {
      best = step.measured_ratio;
      best_variant = step.to;
    }
  }
  EXPECT_FALSE(search.why_done.empty());
}

// A speed-up is only worth something over the best that the baseline can do.
TEST_F(Guided, MeasuresTheBestOfTheBaselineLast) {
  for (const Sweep& sweep : sweeps()) {
    const auto strategy = guided(space_of(sweep));
    const Search search = drive(*strategy, sweep);
    const auto first =
        std::ranges::find_if(search.steps, [&](const SearchStep& step) { return is_baseline(sweep, step.to); });
    EXPECT_EQ(search.steps.end() - first, 3) << to_string(sweep.workload);
    double best = 0;
    double found = 0;
    for (const explain::Subject& variant : sweep.variants) {
      best = is_baseline(sweep, variant.variant) ? std::max(best, variant.ratio_to_copy.value_or(0)) : best;
    }
    for (auto step = first; step != search.steps.end(); ++step) {
      EXPECT_TRUE(is_baseline(sweep, step->to)) << to_string(sweep.workload);
      found = std::max(found, step->measured_ratio.value_or(0));
    }
    EXPECT_GE(found, 0.985 * best) << to_string(sweep.workload);
  }
}

// As from a journal, which has the end of one run and the beginning of the next.
TEST_F(Guided, GoesOnWhereItEndedAndIsOverWhereItWasOver) {
  for (const Sweep& sweep : sweeps()) {
    const Search whole = drive(*guided(space_of(sweep)), sweep);
    for (const size_t cut : {size_t{1}, whole.steps.size() / 2, whole.steps.size()}) {
      const auto resumed = guided(space_of(sweep));
      for (size_t i = 0; i < cut; ++i) {
        const explain::Subject& known = sweep.at(to_string(whole.steps[i].to));
        const double ratio = *known.ratio_to_copy;
        resumed->tell({known.variant, Verified{known.resources, known.bytes_in_flight_per_sm}});
        if (whole.steps[i].best) {
          resumed->tell({known.variant, Profiled{*known.profile}});
        }
        resumed->tell({known.variant, Measured{Phase::screen, {*known.time_ns, 0, 0}, {ratio, ratio, ratio}}});
      }
      const Search rest = drive(*resumed, sweep);
      std::vector<std::string> expected;
      std::vector<std::string> found;
      for (size_t i = cut; i < whole.steps.size(); ++i) {
        expected.push_back(to_string(whole.steps[i].to));
      }
      for (const SearchStep& step : rest.steps) {
        found.push_back(to_string(step.to));
      }
      EXPECT_EQ(found, expected) << to_string(sweep.workload) << " after " << cut;
    }
  }
}

TEST_F(Guided, RaisesStagesOnlyWhereMemoryStallsAreHigh) {
  const std::vector<explain::RecordedSweep> none;
  int raised = 0;
  for (const Sweep& sweep : sweeps()) {
    const auto strategy = guided(space_of(sweep), {.recorded = &none});
    for (const SearchStep& step : drive(*strategy, sweep).steps) {
      if (!step.from || step.from->kernel != step.to.kernel) {
        continue;
      }
      const auto in = [](const Variant& variant, const char* param) {
        const auto it = std::ranges::find(variant.settings, param, &Setting::name);
        return it == variant.settings.end() ? Value{int64_t{0}} : it->value;
      };
      if (in(*step.from, "storage") == in(step.to, "storage") && in(step.to, "stages") > in(*step.from, "stages") &&
          !step.rule.starts_with("unsure")) {
        ++raised;
        const explain::Subject& from = sweep.at(to_string(*step.from));
        double longest_ns = 0;
        double stall = 0;
        for (const LaunchProfile& launch : from.profile->launches) {
          const double time_ns = value_of(launch, "gpu__time_duration.sum").value();
          if (time_ns > longest_ns) {
            longest_ns = time_ns;
            stall = value_of(launch, "smsp__warp_issue_stalled_long_scoreboard_per_warp_active.pct").value();
          }
        }
        EXPECT_GE(stall, 20) << to_string(*step.from) << " -> " << to_string(step.to);
      }
    }
  }
  EXPECT_GT(raised, 0);
}

TEST_F(Guided, GoesOnWithoutCounters) {
  for (const Sweep& sweep : sweeps()) {
    const auto strategy = guided(space_of(sweep));
    const Search search = drive(*strategy, sweep, false);
    EXPECT_GT(search.evaluations, 1);
    EXPECT_FALSE(search.why_done.empty()) << to_string(sweep.workload);
  }
}

TEST_F(Guided, EndsAfterThePatienceItIsGiven) {
  const auto strategy = guided(space_of(columns()), {.patience = 3});
  const Search search = drive(*strategy, columns());
  EXPECT_THAT(search.why_done, HasSubstr("3 variants in a row were no better"));
  const auto last_better = std::ranges::find_if(search.steps.rbegin(), search.steps.rend(), &SearchStep::best);
  EXPECT_EQ(last_better - search.steps.rbegin(), 6);  // the three, and those of the baseline
}

TEST_F(Guided, EndsSoonWhereTheBestIsWithinTheMarginOfTheCopy) {
  const auto strategy = guided(space_of(columns()), {.roof_margin = 0.05});
  EXPECT_THAT(drive(*strategy, columns()).why_done, HasSubstr("nothing is left to find"));
}

TEST_F(Guided, TakesAFailureForAnAnswer) {
  const auto strategy = guided(space_of(columns()));
  const std::vector<Request> first = strategy->ask(8);
  ASSERT_EQ(first.size(), 1U);
  EXPECT_TRUE(strategy->ask(8).empty());  // it waits
  strategy->tell({first.front().variant, Failure{FailureKind::crash, "it died"}});
  const std::vector<SearchStep> steps = strategy->take_steps();
  ASSERT_EQ(steps.size(), 1U);
  EXPECT_EQ(steps.front().failure, "it died");
  EXPECT_FALSE(steps.front().measured_ratio);
  const std::vector<Request> second = strategy->ask(8);
  ASSERT_EQ(second.size(), 1U);
  EXPECT_NE(second.front().variant, first.front().variant);
}

TEST_F(Guided, EndsAtOnceInAnEmptySpace) {
  const auto strategy = guided({columns().workload, columns().chip, {}});
  EXPECT_TRUE(strategy->ask(8).empty());
}

}  // namespace
}  // namespace scantune
