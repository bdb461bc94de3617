// Counters sampled over time inside one run.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <iostream>

#include "catalog/catalog.h"
#include "gpu.h"

namespace scantune::cuda {
namespace {

using testing::HasSubstr;

class TimelineTest : public GpuTest {
 protected:
  void SetUp() override {
    GpuTest::SetUp();
    if (IsSkipped()) {
      return;
    }
    job = workload({16384, 32768});
    session = open(job);
    ASSERT_NE(session, nullptr);
    const auto found = find_kernel("row_carry", Backend::cuda);
    ASSERT_TRUE(found);
    const Kernel* kernel = *found;
    const auto all = candidates(job, gpu->info().chip, {.kernels = {kernel->name}, .settings = {}, .prune = true});
    ASSERT_TRUE(all);
    const auto admitted = std::ranges::find(*all, "", &Candidate::broken);
    ASSERT_NE(admitted, all->end());
    const auto loaded = load(*session, *kernel, job, admitted->variant);
    ASSERT_TRUE(loaded) << loaded.error().what;
    handle = *loaded;
  }

  Workload job;
  std::unique_ptr<Session> session;
  Handle handle = 0;
};

TEST_F(TimelineTest, ShowsDramAtWorkFromTheStartToTheTail) {
  const auto timeline = session->timeline(handle, {timeline_metrics(), 2000});
  if (!timeline) {
    GTEST_SKIP() << timeline.error().what;  // no permission, or a chip without
  }
  ASSERT_EQ(timeline->metrics.size(), 3U);
  ASSERT_GT(timeline->samples.size(), 50U);
  double read_ns = 0;  // time at the peak that would have read as much
  double written_ns = 0;
  double last_end = 0;
  for (const TimelineSample& sample : timeline->samples) {
    EXPECT_GE(sample.begin_ns, last_end);
    last_end = sample.end_ns;
    const double ns = sample.end_ns - sample.begin_ns;
    read_ns += sample.values[0] / 100 * ns;
    written_ns += sample.values[1] / 100 * ns;
  }
  const double peak = gpu->info().chip.dram_bytes_per_s / 1e9;  // bytes a ns
  std::cout << timeline->samples.size() << " samples over " << last_end / 1e3 << " us; read " << read_ns * peak / 1e6
            << " MB, written " << written_ns * peak / 1e6 << " MB of " << static_cast<double>(job.bytes_read()) / 1e6
            << " each\n";
  EXPECT_NEAR(read_ns * peak / static_cast<double>(job.bytes_read()), 1, 0.2);
  EXPECT_NEAR(written_ns * peak / static_cast<double>(job.bytes_written()), 1, 0.2);
  EXPECT_TRUE(session->verify(handle));
}

TEST_F(TimelineTest, SaysWhichCounterCannotBeSampled) {
  const auto timeline = session->timeline(handle, {{"no__such_counter.sum"}, 2000});
  ASSERT_FALSE(timeline);
  EXPECT_THAT(timeline.error().what, HasSubstr("no__such_counter.sum"));
}

TEST_F(TimelineTest, LeavesRangesAndTimesAsTheyWere) {
  ASSERT_TRUE(session->profile(handle, {"dram__bytes_read.sum"}));
  (void)session->timeline(handle, {timeline_metrics(), 2000});
  const auto profile = session->profile(handle, {"dram__bytes_read.sum"});
  ASSERT_TRUE(profile) << profile.error().what;
  EXPECT_TRUE(profile->launches.front().metrics.front().value) << profile->launches.front().metrics.front().reason;
  EXPECT_TRUE(session->round(std::vector<Handle>{handle, kCopy}, {}, {}));
}

}  // namespace
}  // namespace scantune::cuda
