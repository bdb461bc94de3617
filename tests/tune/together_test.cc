#include "tune/together.h"

#include <gmock/gmock.h>

#include <atomic>
#include <chrono>
#include <latch>
#include <thread>

#include "fixture.h"

namespace scantune {
namespace {

using testing::Contains;
using testing::Each;
using testing::IsEmpty;
using testing::Not;

class TogetherTest : public TuneTest {
 protected:
  void SetUp() override {
    for (int64_t tile = 0; tile < 24; ++tile) {
      add(fast, 10 * tile);
    }
    add(base, 500);
    options.keep = [this](const JournalEvent& event) -> Expected<void> {
      journal.push_back(event);
      return {};
    };
    // A device opens its session when it has asked for its first variants. Else one could have measured all before a
    // busy machine lets the other begin.
    plan.on_open = other_plan.on_open = [this] {
      if (opened++ < 2) {
        both_opened.arrive_and_wait();
      }
    };
  }

  Expected<Outcome> run_on_both() {
    FakeCompiler compiler(plan);
    return run_on_both(compiler);
  }

  Expected<Outcome> run_on_both(Compiler& compiler) {
    std::vector<Variant> admitted;
    for (const Candidate& candidate : candidates) {
      admitted.push_back(candidate.variant);
    }
    const auto strategy = exhaustive(admitted);
    FakeDevice first(plan, log);
    FakeDevice second(other_plan, other_log);
    first.name("fake:0", "GPU-a");
    second.name("fake:1", "GPU-b");
    return tune_together({&first, &second}, compiler, workload, candidates, *strategy, options, provenance, observer,
                         plan.stop.get_token());
  }

  static std::set<std::string> verified(const FakeLog& log) {
    std::set<std::string> names;
    for (const std::string& step : log.steps) {
      if (step.starts_with("verify ")) {
        names.insert(step.substr(7));
      }
    }
    return names;
  }

  FakePlan other_plan;
  FakeLog other_log;
  std::atomic<int> opened = 0;
  std::latch both_opened{2};
};

TEST_F(TogetherTest, MeasuresEveryVariantOnOneOfThemAndHoldsTheFinalOnTheFirst) {
  other_plan.slowdown = [](int) { return 1.3; };  // a slower GPU of the same model: its copies are slower, too
  const auto outcome = run_on_both();
  ASSERT_TRUE(outcome) << outcome.error().message;
  EXPECT_EQ(outcome->stopped, StopReason::complete);
  EXPECT_EQ(winner_of(*outcome), "fast tile=0");
  EXPECT_EQ(outcome->provenance.uuid, "GPU-a");
  for (const Record& record : outcome->records) {
    EXPECT_TRUE(record.verified) << to_string(record.variant);
  }
  const auto here = verified(log);
  const auto there = verified(other_log);
  EXPECT_THAT(there, Not(IsEmpty()));
  EXPECT_GE(here.size() + there.size(), candidates.size());
  for (const Standing& standing : outcome->ranking) {
    const double expected =
        1000 /
        (1000.0 + static_cast<double>(outcome->records[static_cast<size_t>(standing.record)].variant.number("tile")));
    EXPECT_NEAR(standing.ratio_to_copy.median, expected, 1e-9) << "by its own GPU's copy";
  }
  for (const Round& round : outcome->rounds) {
    if (round.phase == Phase::final) {
      EXPECT_NEAR(round.samples.front().time_ns / 1000, std::round(round.samples.front().time_ns / 10) / 100, 1e-9);
    }
  }
}

TEST_F(TogetherTest, LabelsRoundsByTheirGpu) {
  ASSERT_TRUE(run_on_both());
  std::set<std::string> of_screen;
  for (const JournalEvent& event : journal) {
    if (const auto* taken = std::get_if<RoundTaken>(&event.what)) {
      if (taken->round.phase == Phase::screen) {
        of_screen.insert(taken->uuid);
      } else {
        EXPECT_EQ(taken->uuid, "") << "the final is the run's own";
      }
    }
  }
  EXPECT_EQ(of_screen, (std::set<std::string>{"GPU-a", "GPU-b"}));
}

TEST_F(TogetherTest, ForgetsWhatCameBeforeOnceWhenItStartsAfresh) {
  options.fresh = true;
  ASSERT_TRUE(run_on_both());
  std::vector<bool> fresh;
  for (const JournalEvent& event : journal) {
    if (const auto* began = std::get_if<RunBegan>(&event.what)) {
      fresh.push_back(began->fresh);
    }
  }
  ASSERT_FALSE(fresh.empty());
  EXPECT_TRUE(fresh.front());
  fresh.erase(fresh.begin());
  EXPECT_THAT(fresh, Each(false));
}

TEST_F(TogetherTest, GoesOnWithoutAGpuThatIsLost) {
  other_plan.lose_copy_after_rounds = 3;
  const auto outcome = run_on_both();
  ASSERT_TRUE(outcome) << outcome.error().message;
  EXPECT_EQ(winner_of(*outcome), "fast tile=0");
  for (const Record& record : outcome->records) {
    EXPECT_TRUE(record.verified) << to_string(record.variant);
  }
}

// Takes long enough that a compilation is under way whenever something happens, and remembers whether it was cut short.
class SlowCompiler final : public Compiler {
 public:
  explicit SlowCompiler(const FakePlan& plan) : compiler_(plan) {}
  [[nodiscard]] int concurrency() const override { return compiler_.concurrency(); }
  [[nodiscard]] std::string build_digest(const Kernel& kernel, const Workload& workload, const Variant& variant,
                                         const Chip& chip) const override {
    return compiler_.build_digest(kernel, workload, variant, chip);
  }
  tl::expected<Artifact, Failure> compile(const Kernel& kernel, const Workload& workload, const Variant& variant,
                                          const Chip& chip) override {
    std::this_thread::sleep_for(std::chrono::milliseconds(20));
    return compiler_.compile(kernel, workload, variant, chip);
  }
  void cancel() override { ++cancels; }

  std::atomic<int> cancels = 0;

 private:
  FakeCompiler compiler_;
};

TEST_F(TogetherTest, AGpuThatIsLostDoesNotCutShortWhatTheOtherHasCompiled) {
  other_plan.lose_copy_after_rounds = 0;
  SlowCompiler compiler(plan);
  const auto outcome = run_on_both(compiler);
  ASSERT_TRUE(outcome) << outcome.error().message;
  EXPECT_EQ(compiler.cancels, 0);
  for (const Record& record : outcome->records) {
    EXPECT_TRUE(record.verified) << to_string(record.variant);
  }
}

TEST_F(TogetherTest, HoldsTheFinalOnTheOtherWhereTheFirstIsLost) {
  plan.lose_copy_after_rounds = 3;
  const auto outcome = run_on_both();
  ASSERT_TRUE(outcome) << outcome.error().message;
  EXPECT_EQ(winner_of(*outcome), "fast tile=0");
  EXPECT_EQ(outcome->provenance.uuid, "GPU-b");
}

TEST_F(TogetherTest, SharesABudgetOfTrials) {
  options.budget.trials = 7;
  const auto outcome = run_on_both();
  ASSERT_TRUE(outcome) << outcome.error().message;
  EXPECT_EQ(std::ranges::count_if(outcome->records, &Record::verified), 7);
  EXPECT_EQ(outcome->stopped, StopReason::budget);
}

TEST_F(TogetherTest, ReportsOneProgress) {
  ASSERT_TRUE(run_on_both());
  EXPECT_THAT(observer.stages, Contains(Progress::Stage::measure));
  EXPECT_THAT(observer.stages, Contains(Progress::Stage::final));
}

}  // namespace
}  // namespace scantune
