// Profiles of every family through the same path as scantune profile, and what reading counters costs.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <iostream>
#include <numeric>
#include <optional>

#include "gpu.h"
#include "profile/measure.h"
#include "profile/sheet.h"
#include "stats/stats.h"

namespace scantune::cuda {
namespace {

using testing::AnyOf;
using testing::IsEmpty;
using testing::Not;

class Profiles : public GpuTest {
 protected:
  static Workload workload(std::vector<int64_t> extents, int dim) {
    return {.shape = *make_shape(std::move(extents), dim)};
  }

  // The first admitted variant of a family; nothing where all are ruled out.
  static std::optional<Candidate> any(const std::string& kernel, const Workload& job) {
    const auto all = candidates(job, gpu->info().chip, {.kernels = {kernel}, .settings = {}}).value();
    const auto admitted = std::ranges::find(all, "", &Candidate::broken);
    return admitted == all.end() ? std::nullopt : std::optional(*admitted);
  }
  static Candidate first(const std::string& kernel, const Workload& job) { return any(kernel, job).value(); }

  static profile::Measurement measure(const Candidate& candidate, const Workload& job,
                                      const profile::MeasureOptions& options) {
    return profile::measure(*gpu, *nvrtc, job, {candidate}, options, {}, {}).value();
  }

  static double duration_ns(const LaunchSheet& launch) {
    const auto& metrics = launch.counters.metrics;
    const auto it = std::ranges::find(metrics, "gpu__time_duration.sum", &MetricValue::requested);
    return it == metrics.end() ? 0 : it->value.value_or(0);
  }

  // Whether counters may be read here at all; a note of why not.
  static bool readable(const ProfileSheet& sheet) {
    for (const MetricValue& metric : sheet.launches.front().counters.metrics) {
      if (!metric.value) {
        std::cout << "counters cannot be read: " << metric.reason << "\n";
        return false;
      }
    }
    return true;
  }
};

TEST_F(Profiles, AreWholeForEveryFamily) {
  const std::vector<std::string> full = resolve_metrics("full", gpu->info().chip.code_name).value();
  for (const auto& job : {workload({8192, 16384}, 1), workload({16384, 8192}, 0), workload({1 << 20, 128}, 1)}) {
    int families = 0;
    for (const Kernel* kernel : kernels_for(job, gpu->info().chip)) {
      SCOPED_TRACE(kernel->name + " " + to_string(job));
      const auto candidate = any(kernel->name, job);
      if (!candidate) {
        continue;  // not for so many rows
      }
      ++families;
      const auto measured = measure(*candidate, job, {.rounds = 3, .metrics = full});
      const ProfileSheet sheet = profile::sheet_of(measured, 0);
      ASSERT_FALSE(sheet.failure) << sheet.failure->what;
      if (!readable(sheet)) {
        GTEST_SKIP() << "no permission to read counters";
      }
      EXPECT_GE(*sheet.read_bytes, 0.97 * static_cast<double>(job.bytes_read())) << "a cold cache holds none of it";
      EXPECT_THAT(sheet.explanations, Not(IsEmpty()));
      for (const LaunchSheet& launch : sheet.launches) {
        SCOPED_TRACE(launch.function);
        ASSERT_TRUE(launch.occupancy);
        EXPECT_GT(*launch.occupancy->achieved, 0);
        EXPECT_LE(*launch.occupancy->achieved, launch.occupancy->theoretical * 1.02);
        EXPECT_THAT(launch.occupancy->limited_by, AnyOf("registers", "shared memory", "threads", "blocks", "grid"));
        // Reasons are counted in passes of their own: of a launch of a few microseconds they need not add up.
        if (duration_ns(launch) > 50'000) {
          const double sum = std::accumulate(launch.stalls.begin(), launch.stalls.end(), 0.0,
                                             [](double so_far, const StallShare& one) { return so_far + one.share; });
          EXPECT_NEAR(sum, 1, 0.1) << "every reason is among them, none twice";
        }
        EXPECT_NE(find_stall_reason(launch.stalls.front().reason), nullptr);
      }
    }
    EXPECT_GE(families, 2) << to_string(job);  // the baseline and one to compare with it
  }
}

TEST_F(Profiles, OfTheCoreSetTakeAtMost70MillisecondsAfterTheFirst) {
  const Workload job = workload({16384, 16384}, 1);
  const std::vector<std::string> core = resolve_metrics("core", gpu->info().chip.code_name).value();
  const auto measured = measure(first("row_carry", job), job, {.rounds = 1, .metrics = core, .repeats = 6});
  if (!readable(profile::sheet_of(measured, 0))) {
    GTEST_SKIP() << "no permission to read counters";
  }
  std::vector<double> later_ms;
  for (size_t i = 1; i < measured.readings[0].size(); ++i) {
    later_ms.push_back(measured.readings[0][i].seconds * 1e3);
  }
  std::cout << fmt::format("core set: first {:.1f} ms, then a median of {:.1f} ms\n",
                           measured.readings[0][0].seconds * 1e3, stats::median(later_ms));
  if (gpu->info().chip.name == "NVIDIA H200") {
    EXPECT_LE(stats::median(later_ms), 70);
  }
}

TEST_F(Profiles, CountTheSameLaunchesWithWarmRunsBeforeThem) {
  const Workload job = workload({8192, 16384}, 1);
  const std::vector<std::string> metrics = {"dram__bytes_read.sum", "smsp__inst_executed.sum"};
  const Candidate candidate = first("three_pass", job);
  const auto cold = measure(candidate, job, {.rounds = 1, .metrics = metrics});
  const auto warm = measure(candidate, job, {.rounds = 1, .metrics = metrics, .warm_runs = 3});
  if (!readable(profile::sheet_of(cold, 0))) {
    GTEST_SKIP() << "no permission to read counters";
  }
  const auto& a = cold.outcome.records[0].profile->launches;
  const auto& b = warm.outcome.records[0].profile->launches;
  ASSERT_EQ(a.size(), 3U);
  ASSERT_EQ(b.size(), 3U);
  for (size_t i = 0; i < a.size(); ++i) {
    EXPECT_EQ(a[i].metrics[1].value, b[i].metrics[1].value) << "warm runs are not counted: launch " << i;
  }
  EXPECT_NEAR(*a[0].metrics[0].value / *b[0].metrics[0].value, 1, 0.02) << "the cache is flushed after warm runs";
}

}  // namespace
}  // namespace scantune::cuda
