#include "stats/timeline.h"

#include <fmt/format.h>

#include <algorithm>
#include <optional>
#include <string_view>
#include <vector>

#include "stats/stats.h"

namespace scantune::stats {
namespace {

constexpr size_t kFewest = 12;            // busy samples: six of them are the middle half
constexpr double kReached = 0.9;          // of the steady throughput
constexpr double kIdleDramPercent = 0.5;  // of its peak

// The metric that begins so, as an index.
std::optional<size_t> index_of(const Timeline& timeline, std::string_view begins) {
  const auto it = std::ranges::find_if(timeline.metrics, [&](const std::string& m) { return m.starts_with(begins); });
  return it == timeline.metrics.end() ? std::nullopt
                                      : std::optional(static_cast<size_t>(it - timeline.metrics.begin()));
}

}  // namespace

tl::expected<RunPhases, std::string> phases_of(const Timeline& timeline) {
  const auto read = index_of(timeline, "dram__read_throughput");
  const auto written = index_of(timeline, "dram__write_throughput");
  if (!read || !written) {
    return tl::unexpected<std::string>("DRAM's reads and writes are not among what was sampled");
  }
  const auto first = std::ranges::find_if(timeline.samples, &TimelineSample::busy);
  const auto last = std::find_if(timeline.samples.rbegin(), timeline.samples.rend(), [](const TimelineSample& sample) {
                      return sample.busy();
                    }).base();
  const std::vector<TimelineSample> run(first, std::max(first, last));
  if (run.size() < kFewest) {
    return tl::unexpected(fmt::format("the run is over within {} samples; {} are needed to tell start and tail apart",
                                      run.size(), kFewest));
  }
  const auto throughput = [&](const TimelineSample& sample) { return sample.values[*read] + sample.values[*written]; };
  RunPhases phases;
  phases.begin_ns = run.front().begin_ns;
  phases.end_ns = run.back().end_ns;
  const double quarter_ns = (phases.end_ns - phases.begin_ns) / 4;
  std::vector<double> middle;
  for (const TimelineSample& sample : run) {
    const double at_ns = (sample.begin_ns + sample.end_ns) / 2;
    if (at_ns >= phases.begin_ns + quarter_ns && at_ns <= phases.end_ns - quarter_ns) {
      middle.push_back(throughput(sample));
    }
  }
  if (middle.empty() || median(middle) <= kIdleDramPercent) {
    return tl::unexpected<std::string>("DRAM is idle in the middle of the run: what it needs lies in the L2");
  }
  phases.steady_percent = median(middle);
  const auto reached = [&](const TimelineSample& sample) {
    return throughput(sample) >= kReached * phases.steady_percent;
  };
  // Both are found: at least half of the middle reaches the median.
  const auto risen = std::ranges::find_if(run, reached);
  const auto fallen = std::find_if(run.rbegin(), run.rend(), reached).base();
  phases.rise_ns = risen->begin_ns - phases.begin_ns;
  phases.tail_ns = phases.end_ns - (fallen - 1)->end_ns;
  const auto cost_ns = [&](auto begin, auto end) {
    double sum_ns = 0;
    for (auto it = begin; it != end; ++it) {
      sum_ns += (1 - throughput(*it) / phases.steady_percent) * (it->end_ns - it->begin_ns);
    }
    return sum_ns;
  };
  phases.rise_cost_ns = cost_ns(run.begin(), risen);
  phases.tail_cost_ns = cost_ns(fallen, run.end());
  return phases;
}

}  // namespace scantune::stats
