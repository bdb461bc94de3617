#include "stats/timeline.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "timeline_example.h"

namespace scantune::stats {
namespace {

using testing::HasSubstr;
using testing_example::kSampleNs;
using testing_example::timeline_of;

TEST(RunPhases, AreStartSteadyStateAndTail) {
  const auto phases = phases_of(testing_example::timeline());
  ASSERT_TRUE(phases) << phases.error();
  const RunPhases expected = testing_example::phases();
  EXPECT_EQ(phases->begin_ns, expected.begin_ns);
  EXPECT_EQ(phases->end_ns, expected.end_ns);
  EXPECT_EQ(phases->steady_percent, 80);
  EXPECT_EQ(phases->rise_ns, 3 * kSampleNs);
  EXPECT_EQ(phases->tail_ns, 4 * kSampleNs);
  EXPECT_NEAR(phases->rise_cost_ns, expected.rise_cost_ns, 1e-6);
  EXPECT_NEAR(phases->tail_cost_ns, expected.tail_cost_ns, 1e-6);
}

TEST(RunPhases, TakeADipAmidTheRunForNeither) {
  std::vector<double> throughput(40, 80);
  throughput[20] = 10;
  const auto phases = phases_of(timeline_of(throughput));
  ASSERT_TRUE(phases) << phases.error();
  EXPECT_EQ(phases->rise_ns, 0);
  EXPECT_EQ(phases->tail_ns, 0);
  EXPECT_EQ(phases->rise_cost_ns, 0);
  EXPECT_EQ(phases->tail_cost_ns, 0);
  EXPECT_EQ(phases->steady_percent, 80);
}

TEST(RunPhases, AreNotThereForARunThatIsSoonOver) {
  const auto phases = phases_of(testing_example::timeline(4));
  ASSERT_FALSE(phases);
  EXPECT_THAT(phases.error(), HasSubstr("within 11 samples; 12 are needed"));
  EXPECT_TRUE(phases_of(testing_example::timeline(5)));
  EXPECT_THAT(phases_of(timeline_of({})).error(), HasSubstr("within 0 samples"));
}

TEST(RunPhases, AreNotThereWhereDramIsIdle) {
  Timeline timeline = testing_example::timeline();
  for (TimelineSample& sample : timeline.samples) {
    sample.values[0] = sample.values[1] = 0;
  }
  EXPECT_THAT(phases_of(timeline).error(), HasSubstr("DRAM is idle"));
  timeline.metrics.front() = "lts__t_sectors.sum";
  EXPECT_THAT(phases_of(timeline).error(), HasSubstr("not among what was sampled"));
}

}  // namespace
}  // namespace scantune::stats
