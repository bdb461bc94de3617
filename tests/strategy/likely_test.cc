// What strategies name as likely before they ask for it.
#include <gtest/gtest.h>

#include <cstdio>
#include <filesystem>
#include <set>
#include <string>

#include "recorded_space.h"

namespace scantune {
namespace {

constexpr size_t kCompilers = 16;
constexpr size_t kNamed = 4 * kCompilers;        // as a run asks for (tune/compile_ahead.cc)
constexpr size_t kUnderWay = kCompilers + 8;     // as a run asks for

// Passes on what a strategy does, and counts what it had named before it asked for it.
class Counted final : public Strategy {
 public:
  explicit Counted(std::unique_ptr<Strategy> strategy) : strategy_(std::move(strategy)) {}

  std::vector<Request> ask(size_t n) override {
    std::vector<Request> requests = strategy_->ask(n);
    for (const Request& request : requests) {
      if (request.want == Request::Want::measure && !named_.empty()) {
        ++later;
        found += named_.contains(to_string(request.variant)) ? 1 : 0;
      }
      asked_.insert(to_string(request.variant));
    }
    name();
    return requests;
  }
  void tell(const Event& event) override { strategy_->tell(event); }

  size_t later = 0;  // asked for after the first ones
  size_t found = 0;  // of these, named when those before them were asked for
  [[nodiscard]] size_t in_vain() const {
    return static_cast<size_t>(
        std::ranges::count_if(named_, [&](const std::string& variant) { return !asked_.contains(variant); }));
  }

 private:
  // Named, as long as there is room beside those that were named and not asked for: as a run compiles them.
  void name() {
    const std::vector<Variant> likely = strategy_->likely(kNamed);
    EXPECT_LE(likely.size(), kNamed);
    std::set<std::string> once;
    for (const Variant& variant : likely) {
      EXPECT_TRUE(once.insert(to_string(variant)).second) << to_string(variant) << " is named twice";
      EXPECT_FALSE(asked_.contains(to_string(variant))) << to_string(variant) << " was asked for";
      if (in_vain() < kNamed) {
        named_.insert(to_string(variant));
      }
    }
  }

  std::unique_ptr<Strategy> strategy_;
  std::set<std::string> named_;
  std::set<std::string> asked_;
};

class Likely : public testing::Test {
 protected:
  void SetUp() override {
    if (!std::filesystem::exists(SCANTUNE_SWEEPS)) {
      GTEST_SKIP() << "zstd is missing, which unpacks results/h200-sweeps.jsonl.zst";
    }
    recording = replay::Recording::open(SCANTUNE_SWEEPS).value();
  }

  // What pruning leaves, as a run searches it.
  [[nodiscard]] RecordedSpace space(const Workload& workload) const {
    return pruned(recorded_space(workload, recording->info().chip, **recording->find(workload)));
  }

  std::shared_ptr<replay::Recording> recording;
};

// The first workload is the headline.
TEST_F(Likely, NearlyAllThatIsAskedForLaterWasNamedBefore) {
  for (const StrategyKind kind : {StrategyKind::automatic, StrategyKind::guided}) {
    for (const Workload& workload : recording->workloads()) {
      const RecordedSpace recorded = space(workload);
      Counted counted(make_strategy(kind, recorded.space, 1));
      const Search done = search(recorded, counted, kUnderWay);
      std::printf("%s %s: of %zu variants %zu were measured, and of %zu after the first ones %zu named before; %zu in vain\n",
                  std::string(name(kind)).c_str(), to_string(workload).c_str(), recorded.ratio.size(),
                  done.measured.size(), counted.later, counted.found, counted.in_vain());
      EXPECT_GT(counted.later, 0U);
      EXPECT_GE(counted.found * 10, counted.later * 8) << name(kind) << ", " << to_string(workload);
    }
  }
}

TEST_F(Likely, WhatIsAskedForDoesNotDependOnWhatIsNamed) {
  const RecordedSpace recorded = space(recording->workloads().front());
  for (const StrategyKind kind : kAllStrategies) {
    Counted counted(make_strategy(kind, recorded.space, 1));
    const auto plain = make_strategy(kind, recorded.space, 1);
    EXPECT_EQ(search(recorded, counted, 5).measured, search(recorded, *plain, 5).measured) << name(kind);
  }
}

TEST_F(Likely, TheLikeliestComeFirst) {
  const RecordedSpace recorded = space(recording->workloads().front());
  for (const StrategyKind kind : {StrategyKind::automatic, StrategyKind::guided}) {
    const auto strategy = make_strategy(kind, recorded.space, 1);
    (void)strategy->ask(1);
    const auto many = strategy->likely(10);
    ASSERT_EQ(many.size(), 10U) << name(kind);
    const auto few = strategy->likely(3);
    EXPECT_EQ(few, std::vector(many.begin(), many.begin() + 3)) << name(kind);
    EXPECT_TRUE(strategy->likely(0).empty()) << name(kind);
  }
}

}  // namespace
}  // namespace scantune
