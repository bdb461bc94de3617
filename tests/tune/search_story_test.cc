// Searches that ask for counters and say what they do.
#include <gmock/gmock.h>

#include "fixture.h"

namespace scantune {
namespace {

using testing::Contains;

// Measures one variant, has it profiled, measures the other, and says so.
class Story final : public Strategy {
 public:
  Story(Variant first, Variant second) : first_(std::move(first)), second_(std::move(second)) {}

  std::vector<Request> ask(size_t /*n*/) override {
    switch (asked_++) {
      case 0:
        return {{first_, Request::Want::measure}};
      case 1:
        --asked_;
        if (!measured_) {
          return {};
        }
        ++asked_;
        return {{first_, Request::Want::profile}};
      case 2:
        return {{second_, Request::Want::measure}};
      default:
        return {};
    }
  }

  void tell(const Event& event) override {
    if (std::holds_alternative<Measured>(event.what)) {
      if (std::get<Measured>(event.what).phase == Phase::screen) {
        measured_ = true;
        steps_.push_back({.number = 99, .rule = "told", .to = event.variant, .measured_ratio = 0.5, .best = true});
      }
    } else if (const auto* verified = std::get_if<Verified>(&event.what)) {
      registers = verified->resources.empty() ? 0 : verified->resources.front().registers_per_thread;
    } else if (const auto* profiled = std::get_if<Profiled>(&event.what)) {
      profiles.push_back(profiled->profile);
      measured_before_profile = measured_;
    }
  }

  std::vector<SearchStep> take_steps() override { return std::exchange(steps_, {}); }
  [[nodiscard]] std::string why_done() const override { return "there is no more to tell"; }

  std::vector<Profile> profiles;
  bool measured_before_profile = false;
  int registers = -1;

 private:
  Variant first_;
  Variant second_;
  int asked_ = 0;
  bool measured_ = false;
  std::vector<SearchStep> steps_;
};

class SearchStory : public TuneTest {
 protected:
  SearchStory() {
    add(fast, 1);
    add(fast, 2);
    options.profiled = 0;
    options.keep = [this](const JournalEvent& event) -> Expected<void> {
      journal.push_back(event);
      return {};
    };
  }

  Outcome tell_it() {
    FakeCompiler compiler(plan);
    FakeDevice device(plan, log);
    auto outcome = tune(device, compiler, workload, candidates, story, options, provenance, observer, {});
    EXPECT_TRUE(outcome);
    return *std::move(outcome);
  }

  Story story{Variant{"fast", {{"tile", 1}}}, Variant{"fast", {{"tile", 2}}}};
};

TEST_F(SearchStory, CountersAreReadWhileItGoesOn) {
  options.metrics = {"m"};
  tell_it();
  ASSERT_EQ(story.profiles.size(), 1U);
  EXPECT_EQ(value_of(story.profiles[0].launches.at(0), "m"), 42);
  EXPECT_TRUE(story.measured_before_profile);
  const auto profiled = std::ranges::find(log.steps, "profile fast tile=1");
  ASSERT_NE(profiled, log.steps.end());
  EXPECT_NE(std::find(profiled, log.steps.end(), "round fast tile=2"), log.steps.end());
}

TEST_F(SearchStory, WhoAsksForCountersIsToldThatThereAreNone) {
  tell_it();
  ASSERT_EQ(story.profiles.size(), 1U);
  EXPECT_TRUE(story.profiles[0].launches.empty());
  EXPECT_THAT(log.steps, testing::Not(Contains("profile fast tile=1")));
}

TEST_F(SearchStory, ResourcesAreToldWithTheVerification) {
  plan.registers["fast tile=2"] = 77;
  tell_it();
  EXPECT_EQ(story.registers, 77);
}

TEST_F(SearchStory, StepsAreKeptCountedAndShown) {
  const Outcome outcome = tell_it();
  ASSERT_EQ(outcome.steps.size(), 2U);
  EXPECT_EQ(outcome.steps[0].number, 1);
  EXPECT_EQ(outcome.steps[1].number, 2);
  EXPECT_EQ(outcome.search_ended, "there is no more to tell");
  std::vector<SearchStep> kept;
  for (const JournalEvent& event : journal) {
    if (const auto* stepped = std::get_if<SearchStepped>(&event.what)) {
      kept.push_back(stepped->step);
    }
  }
  EXPECT_EQ(kept, outcome.steps);
}

TEST_F(SearchStory, AResumedRunHasTheStepsOfTheOneBeforeIt) {
  const Outcome before = tell_it();
  options.history.events = journal;
  Story again(Variant{"fast", {{"tile", 1}}}, Variant{"fast", {{"tile", 2}}});
  FakeCompiler compiler(plan);
  FakeDevice device(plan, log);
  const auto outcome = tune(device, compiler, workload, candidates, again, options, provenance, observer, {});
  ASSERT_TRUE(outcome);
  ASSERT_GE(outcome->steps.size(), before.steps.size());
  EXPECT_TRUE(std::equal(before.steps.begin(), before.steps.end(), outcome->steps.begin()));
}

}  // namespace
}  // namespace scantune
