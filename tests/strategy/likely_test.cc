// What strategies name as likely before they ask for it.
#include <gtest/gtest.h>

#include <filesystem>
#include <set>
#include <string>

#include "recorded_space.h"

namespace scantune {
namespace {

constexpr size_t kCompilers = 16;
constexpr size_t kNamed = 4 * kCompilers;     // as a run wants them (tune/compile_ahead.cc)
constexpr size_t kUnderWay = kCompilers + 8;  // requests at once, as in a run

// Passes on what a strategy does, and counts what was compiled when it was asked for: where each time that something is
// asked for, all compilers but one take one variant each: what was asked for, then what is likely and not yet compiled.
class Counted final : public Strategy {
 public:
  explicit Counted(std::unique_ptr<Strategy> strategy) : strategy_(std::move(strategy)) {}

  std::vector<Request> ask(size_t n) override {
    std::vector<Request> requests = strategy_->ask(n);
    size_t idle = kCompilers - 1;
    const bool first = asked_.empty();
    for (const Request& request : requests) {
      const std::string variant = to_string(request.variant);
      if (request.want == Request::Want::measure) {
        const bool was_compiled = !compiled_.insert(variant).second;
        later += first ? 0 : 1;
        found += was_compiled ? 1 : 0;
        idle -= was_compiled || idle == 0 ? 0 : 1;
        asked_.insert(variant);
      }
    }
    compile_likely(idle);
    return requests;
  }
  void tell(const Event& event) override { strategy_->tell(event); }

  [[nodiscard]] size_t in_vain() const { return compiled_.size() - asked_.size(); }

  size_t later = 0;  // asked for after the first ones
  size_t found = 0;  // of these, compiled before

 private:
  void compile_likely(size_t idle) {
    const std::vector<Variant> likely = strategy_->likely(kNamed);
    EXPECT_LE(likely.size(), kNamed);
    std::set<std::string> once;
    for (const Variant& variant : likely) {
      const std::string text = to_string(variant);
      EXPECT_TRUE(once.insert(text).second) << text << " is named twice";
      EXPECT_FALSE(asked_.contains(text)) << text << " was asked for";
      if (idle > 0 && in_vain() < kNamed && compiled_.insert(text).second) {
        --idle;
      }
    }
  }

  std::unique_ptr<Strategy> strategy_;
  std::set<std::string> compiled_;
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
TEST_F(Likely, MostOfWhatIsAskedForLaterIsCompiledBefore) {
  for (const StrategyKind kind : {StrategyKind::automatic, StrategyKind::guided}) {
    for (const Workload& workload : recording->workloads()) {
      const RecordedSpace recorded = space(workload);
      Counted counted(make_strategy(kind, recorded.space, 1));
      const Search done = search(recorded, counted, kUnderWay);
      fmt::print("{}, {}: {} of {} variants measured; {} of {} after the first ones compiled before, {} in vain\n",
                 name(kind), to_string(workload), done.measured.size(), recorded.ratio.size(), counted.found,
                 counted.later, counted.in_vain());
      EXPECT_GT(counted.later, 0U);
      EXPECT_GE(counted.found * 10, counted.later * 9) << name(kind) << ", " << to_string(workload);
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
