#include "strategy/guided.h"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <set>

#include "../explain/sweeps.h"

namespace scantune {
namespace {

using testing::HasSubstr;
using testing::IsEmpty;

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

const std::vector<Sweep>& sweeps() {
  static const std::vector<Sweep> read = read_sweeps(SCANTUNE_SWEEPS);
  return read;
}

// In the order of their spelling, which says nothing of how fast they are.
SearchSpace space_of(const Sweep& sweep) {
  SearchSpace space{sweep.workload, sweep.chip, sweep.candidates};
  std::ranges::sort(space.candidates, {}, [](const Candidate& c) { return to_string(c.variant); });
  return space;
}

std::string told(const SearchStep& step) {
  std::string text = fmt::format("  {} [{}] {} | predicted {:.3f}, measured {:.3f}{} | {}\n", step.number, step.limit,
                                 to_string(step.to), step.predicted_ratio.value_or(0), step.measured_ratio.value_or(0),
                                 step.best ? " *" : "", step.rule);
  return text;
}

void compare(const char* what, const std::vector<explain::RecordedSweep>* recorded, bool leave_out) {
  int good = 0;
  for (const Sweep& sweep : sweeps()) {
    std::vector<explain::RecordedSweep> others = *recorded;
    std::erase_if(others, [&](const explain::RecordedSweep& s) {
      return leave_out && s.workload.geometry() == sweep.workload.geometry() &&
             s.workload.dtype == sweep.workload.dtype;
    });
    const auto strategy = guided(space_of(sweep), {.recorded = &others});
    const Search search = drive(*strategy, sweep);
    const double limit = 0.05 * static_cast<double>(sweep.variants.size());
    good += search.until_near && *search.until_near <= limit ? 1 : 0;
    fmt::print("{} {}: {} variants, 5% {:.1f}: near after {}, ended after {} ({}), profiles {}\n", what,
               to_string(sweep.workload), sweep.variants.size(), limit,
               search.until_near ? fmt::to_string(*search.until_near) : "never", search.evaluations, search.why_done,
               search.profiles);
    if (std::getenv("SCANTUNE_TELL") != nullptr) {
      for (const SearchStep& step : search.steps) {
        fmt::print("{}", told(step));
      }
    }
  }
  fmt::print("{}: {} of {} within 5%\n", what, good, sweeps().size());
}

TEST(Guided, Compares) {
  ASSERT_FALSE(sweeps().empty());
  compare("all", &explain::recorded_sweeps(), false);
  compare("loo", &explain::recorded_sweeps(), true);
  const std::vector<explain::RecordedSweep> none;
  compare("none", &none, false);
}

}  // namespace
}  // namespace scantune
