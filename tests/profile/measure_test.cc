// Measuring given variants, on the fake device of the tuning loop's tests.
#include "profile/measure.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <span>

#include "../stats/timeline_example.h"
#include "../tune/fake_device.h"
#include "profile/compare.h"
#include "profile/sheet.h"

namespace scantune::profile {
namespace {

using testing::Contains;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;

class MeasureTest : public testing::Test {
 protected:
  MeasureTest() { kernel.name = "fast"; }

  void add(int64_t tile, std::string broken = {}) {
    candidates.push_back({&kernel, Variant{"fast", {{"tile", tile}}}, std::move(broken)});
  }

  Expected<Measurement> run() {
    FakeCompiler compiler(plan);
    FakeDevice device(plan, log);
    return measure(device, compiler, workload, candidates, options, {}, plan.stop.get_token());
  }

  [[nodiscard]] size_t steps(const std::string& step) const {
    return static_cast<size_t>(std::ranges::count(log.steps, step));
  }

  Kernel kernel;
  Workload workload{.shape = Shape{{64, 64}, 1}};
  std::vector<Candidate> candidates;
  MeasureOptions options;
  FakePlan plan;
  FakeLog log;
};

TEST_F(MeasureTest, TimesEveryVariantInEveryRoundBesideTheCopy) {
  add(1000);
  add(3000);
  options.rounds = 12;
  const Measurement measured = run().value();
  const Outcome& outcome = measured.outcome;
  ASSERT_EQ(outcome.rounds.size(), 12U);
  for (const Round& round : outcome.rounds) {
    for (const int subject : {kCopy, 0, 1}) {
      EXPECT_THAT(round.samples, Contains(testing::Field(&Sample::subject, subject)));
    }
  }
  EXPECT_EQ(outcome.stopped, StopReason::complete);
  EXPECT_EQ(standing_of(outcome, 0)->time_ns.median, 2000);
  EXPECT_EQ(standing_of(outcome, 1)->ratio_to_copy.median, 0.25);
  EXPECT_EQ(outcome.winner, 0);
  EXPECT_EQ(outcome.copy_time_ns.median, 1000);
}

TEST_F(MeasureTest, VerifiesBeforeItTimesAndReadsCountersLast) {
  add(1000);
  options.metrics = {"a", "b"};
  options.rounds = 3;
  (void)run().value();
  EXPECT_THAT(log.steps, ElementsAre("open", "load fast tile=1000", "verify fast tile=1000", "round fast tile=1000",
                                     "round fast tile=1000", "round fast tile=1000", "profile fast tile=1000"));
}

TEST_F(MeasureTest, TakesTheMedianOfSeveralReadings) {
  add(1000);
  options.metrics = {"a"};
  options.repeats = 5;
  const Measurement measured = run().value();
  EXPECT_EQ(steps("profile fast tile=1000"), 5U);
  EXPECT_EQ(measured.readings[0].size(), 5U);
  EXPECT_EQ(measured.outcome.records[0].profile->launches[0].metrics[0].value, 42);
  std::vector<Reading> readings = measured.readings[0];
  for (size_t i = 0; i < readings.size(); ++i) {
    readings[i].profile.launches[0].metrics[0].value = static_cast<double>(i * i);
  }
  EXPECT_EQ(median_of(readings).launches[0].metrics[0].value, 4);
  readings[3].profile.launches[0].metrics[0].value.reset();
  readings[3].profile.launches[0].metrics[0].reason = "gone";
  EXPECT_EQ(median_of(readings).launches[0].metrics[0].value, std::nullopt) << "a median of fewer would be another";
  EXPECT_EQ(median_of(readings).launches[0].metrics[0].reason, "gone");
}

TEST_F(MeasureTest, SamplesCountersOverTimeLastAndWhereAskedTo) {
  add(1000);
  add(2000);
  add(3000, "too wide");
  plan.timeline = testing_example::timeline();
  EXPECT_THAT(run().value().timelines, IsEmpty());
  EXPECT_THAT(log.timelines, IsEmpty());
  options.timeline = true;
  options.metrics = {"a"};
  const Measurement measured = run().value();
  EXPECT_THAT(std::span(log.steps).last(4), ElementsAre("profile fast tile=1000", "profile fast tile=2000",
                                                        "timeline fast tile=1000", "timeline fast tile=2000"));
  EXPECT_EQ(log.timelines.front(), (TimelineSpec{timeline_metrics(), 2000}));
  ASSERT_EQ(measured.timelines.size(), 3U);
  EXPECT_EQ(measured.timelines[0].timeline, testing_example::timeline());
  ASSERT_TRUE(measured.timelines[0].phases);
  EXPECT_EQ(measured.timelines[0].phases->rise_ns, testing_example::phases().rise_ns);
  EXPECT_FALSE(measured.timelines[2].timeline);
  EXPECT_THAT(measured.timelines[2].reason, HasSubstr("not measured"));
  EXPECT_EQ(sheet_of(measured, 0).timeline, measured.timelines[0]);
}

TEST_F(MeasureTest, SamplesLongRunsLessOften) {
  add(79'999'000);  // 80 ms
  options.timeline = true;
  (void)run().value();
  EXPECT_EQ(log.timelines.front().interval_ns, 20'000);
}

TEST_F(MeasureTest, KeepsWhatItMeasuredWhereNothingCanBeSampled) {
  add(1000);
  options.timeline = true;
  const Measurement measured = run().value();
  EXPECT_EQ(measured.outcome.stopped, StopReason::complete);
  EXPECT_FALSE(measured.outcome.records[0].failure);
  EXPECT_EQ(measured.timelines[0].reason, "planted: no sampling");
  plan.timeline = testing_example::timeline(4);
  EXPECT_THAT(run().value().timelines[0].phases_reason, HasSubstr("12 are needed"));
  plan.timeline = tl::unexpected(Failure{FailureKind::device, "the GPU has fallen off the bus"});
  EXPECT_EQ(run().value().outcome.stopped, StopReason::device_lost);
}

TEST_F(MeasureTest, GoesOnWithoutAVariantThatFails) {
  add(1000);
  add(2000);
  add(3000, "too wide");
  add(4000);
  plan.wrong_results = {"fast tile=2000"};
  plan.fail_in_round = {{"fast tile=4000", FailureKind::launch}};
  options.metrics = {"a"};
  const Outcome outcome = run().value().outcome;
  EXPECT_EQ(outcome.records[1].failure->kind, FailureKind::wrong_result);
  EXPECT_EQ(outcome.records[2].failure->kind, FailureKind::constraint);
  EXPECT_EQ(outcome.records[3].failure->kind, FailureKind::launch);
  EXPECT_EQ(outcome.ranking.size(), 1U);
  EXPECT_EQ(outcome.rounds.size(), 12U);
  EXPECT_THAT(log.steps, Not(Contains("round fast tile=2000"))) << "nothing is timed that was not verified";
}

TEST_F(MeasureTest, EndsEarlyWhenTheDeviceIsLostOrItIsToldTo) {
  add(1000);
  plan.lose_copy_after_rounds = 4;
  Outcome outcome = run().value().outcome;
  EXPECT_EQ(outcome.stopped, StopReason::device_lost);
  EXPECT_THAT(outcome.stop_detail, HasSubstr("bus"));
  plan.lose_copy_after_rounds = -1;
  plan.stop_after_rounds = 3;
  options.metrics = {"a"};
  log.steps.clear();
  outcome = run().value().outcome;
  EXPECT_EQ(outcome.stopped, StopReason::interrupted);
  EXPECT_THAT(log.steps, Not(Contains("profile fast tile=1000")));
}

TEST_F(MeasureTest, SaysWhatDoesNotFitInMemory) {
  add(1000);
  plan.free_bytes = 16;
  const auto measured = run();
  ASSERT_FALSE(measured);
  EXPECT_THAT(log.steps, IsEmpty());
}

TEST_F(MeasureTest, ComparesByTheRoundsThatHoldBoth) {
  add(1000);
  add(1200);
  plan.slowdown = [](int round) { return 1 + 0.01 * (round % 3); };  // which pairing takes out
  const SideBySide pair = compare(run().value().outcome, 0, 1);
  EXPECT_EQ(pair.paired_rounds, 12);
  EXPECT_NEAR(pair.speedup.low, 1.1, 1e-9);
  EXPECT_NEAR(pair.speedup.high, 1.1, 1e-9);
  EXPECT_EQ(pair.standoff, Standoff::faster);
  const SideBySide back = compare(run().value().outcome, 1, 0);
  EXPECT_EQ(back.standoff, Standoff::slower);
}

TEST_F(MeasureTest, ShowsWhatItKnowsOfAVariantThatHasNoCounters) {
  add(1000);
  options.metrics = {"dram__bytes_read.sum"};
  plan.metric_reason = "counters are for administrators";
  const ProfileSheet sheet = sheet_of(run().value(), 0);
  ASSERT_EQ(sheet.launches.size(), 1U);
  EXPECT_EQ(sheet.read_bytes, std::nullopt) << "missing is missing, not 0";
  EXPECT_EQ(sheet.launches[0].counters.metrics[0].reason, plan.metric_reason);
  EXPECT_EQ(sheet.profile_s.size(), 1U);
  EXPECT_THAT(sheet.repeats, IsEmpty());
  EXPECT_TRUE(sheet.time_ns);
}

}  // namespace
}  // namespace scantune::profile
