// Runs whose compiler takes its time: what the strategy is likely to ask for is compiled while the device measures.
#include <gmock/gmock.h>

#include <functional>
#include <set>

#include "fixture.h"
#include "gated_compiler.h"

namespace scantune {
namespace {

using testing::Contains;
using testing::Each;
using testing::IsEmpty;
using testing::Not;
using testing::SizeIs;

Variant variant(int64_t tile) { return {"fast", {{"tile", tile}}}; }

// Asks for tiles 0, 1, ... up to `last`, each once the one before it was measured. Where it says what is likely, it
// names the next ones, and some that it never asks for.
class OneByOne final : public Strategy {
 public:
  OneByOne(int64_t last, std::vector<Variant> in_vain) : last_(last), in_vain_(std::move(in_vain)) {}

  std::vector<Request> ask(size_t n) override {
    if (n == 0 || next() > last_ || asked_ == next()) {
      return {};
    }
    asked_ = next();
    if (on_ask) {
      on_ask(variant(asked_));
    }
    return {{variant(asked_), Request::Want::measure}};
  }
  void tell(const Event& event) override {
    const auto* measured = std::get_if<Measured>(&event.what);
    if ((measured != nullptr && measured->phase == Phase::screen) || std::holds_alternative<Failure>(event.what)) {
      known_.insert(event.variant.number("tile"));
    }
  }
  [[nodiscard]] std::vector<Variant> likely(size_t n) const override {
    std::vector<Variant> variants;
    if (guesses) {
      for (int64_t tile = asked_ + 1; tile <= std::min(asked_ + 2, last_); ++tile) {
        variants.push_back(variant(tile));
      }
      variants.insert(variants.end(), in_vain_.begin(), in_vain_.end());
    }
    variants.resize(std::min(n, variants.size()));
    return variants;
  }

  bool guesses = true;
  std::function<void(const Variant&)> on_ask;

 private:
  [[nodiscard]] int64_t next() const {
    int64_t tile = 0;
    while (known_.contains(tile)) {
      ++tile;
    }
    return tile;
  }

  int64_t last_;
  std::vector<Variant> in_vain_;
  int64_t asked_ = -1;
  std::set<int64_t> known_;
};

constexpr int64_t kLast = 7;

class Ahead : public TuneTest {
 protected:
  Ahead() {
    for (int64_t tile = 0; tile <= kLast; ++tile) {
      add(fast, tile);
    }
    for (const Variant& guess : in_vain) {
      add(fast, guess.number("tile"));
    }
    options.keep = [this](const JournalEvent& event) -> Expected<void> {
      journal.push_back(event);
      return {};
    };
  }

  Expected<Outcome> run(bool guesses) {
    GatedCompiler compiler(4);
    for (const Variant& v : failing) {
      compiler.fail(v);
    }
    compiler.end_all();
    OneByOne strategy(kLast, in_vain);
    strategy.guesses = guesses;
    found_compiled = 0;
    journal.clear();
    log = {};
    strategy.on_ask = [&](const Variant& v) { found_compiled += compiler.has_ended(v) ? 1 : 0; };
    plan.time_ns = [&](const Variant& v) {
      const int64_t tile = v.number("tile");
      if (guesses && device_takes_long) {
        for (int64_t next = tile + 1; next <= std::min(tile + 2, kLast); ++next) {
          EXPECT_TRUE(compiler.ends(variant(next))) << tile;
        }
        for (const Variant& guess : in_vain) {
          EXPECT_TRUE(compiler.ends(guess));
        }
      }
      return 1000.0 + static_cast<double>(tile);
    };
    FakeDevice device(plan, log);
    auto outcome = tune(device, compiler, workload, candidates, strategy, options, provenance, observer, {});
    compiled = compiler.begun();
    return outcome;
  }

  const std::vector<Variant> in_vain = {variant(100), variant(101)};
  std::vector<Variant> failing;
  bool device_takes_long = true;  // to measure a variant: as long as it takes to compile those that are likely next
  int found_compiled = 0;         // when they were asked for
  std::vector<std::string> compiled;
};

// What a journal says of trials, in order.
std::vector<std::string> told(const std::vector<JournalEvent>& journal) {
  std::vector<std::string> lines;
  for (const JournalEvent& event : journal) {
    std::string line = std::to_string(event.what.index());
    std::visit(
        [&](const auto& what) {
          if constexpr (requires { what.trial; }) {
            line += " " + to_string(what.trial.variant);
          } else if constexpr (requires { what.trials; }) {
            for (const Trial& trial : what.trials) {
              line += " " + to_string(trial.variant);
            }
          }
        },
        event.what);
    lines.push_back(std::move(line));
  }
  return lines;
}

TEST_F(Ahead, TheDeviceFindsWhatIsAskedForNextCompiled) {
  ASSERT_TRUE(run(false));
  EXPECT_EQ(found_compiled, 0) << "and waits for the compiler each time";
  EXPECT_THAT(compiled, SizeIs(kLast + 1));
  ASSERT_TRUE(run(true));
  EXPECT_EQ(found_compiled, kLast) << "all but the first";
  EXPECT_THAT(compiled, SizeIs(kLast + 1 + in_vain.size())) << "each once";
}

TEST_F(Ahead, WhatIsTriedAndWinsDoesNotDependOnGuesses) {
  const Outcome without = run(false).value();
  const auto told_without = told(journal);
  const auto steps_without = log.steps;
  const Outcome with = run(true).value();
  EXPECT_EQ(told(journal), told_without);
  EXPECT_EQ(log.steps, steps_without);
  EXPECT_EQ(winner_of(with), winner_of(without));
  EXPECT_EQ(with.rounds, without.rounds);
}

TEST_F(Ahead, AGuessInVainIsNoTrialAndItsTimeIsKeptApart) {
  failing = {variant(101)};
  const Outcome outcome = run(true).value();
  EXPECT_THAT(compiled, Contains("fast tile=100"));
  EXPECT_THAT(compiled, Contains("fast tile=101"));
  EXPECT_FALSE(record_of(outcome, "fast tile=100").compiled);
  EXPECT_FALSE(record_of(outcome, "fast tile=101").failure);
  EXPECT_THAT(told(journal), Each(Not(testing::HasSubstr("tile=10"))));
  EXPECT_THAT(log.steps, Each(Not(testing::HasSubstr("tile=10"))));
  EXPECT_DOUBLE_EQ(outcome.spent.compile_s, 0.25 * (kLast + 1)) << "what a compilation of the fake takes";
  EXPECT_GT(outcome.spent.unasked_s, 0);
  EXPECT_EQ(run(false)->spent.unasked_s, 0);
}

TEST_F(Ahead, AGuessThatFailedFailsWhenItIsAskedFor) {
  failing = {variant(3)};
  const Outcome outcome = run(true).value();
  EXPECT_EQ(record_of(outcome, "fast tile=3").failure->what, "planted");
  EXPECT_EQ(found_compiled, kLast);
  EXPECT_THAT(compiled, SizeIs(kLast + 1 + in_vain.size()));
  const auto failures = std::ranges::count_if(
      journal, [](const JournalEvent& event) { return std::holds_alternative<TrialFailed>(event.what); });
  EXPECT_EQ(failures, 1);
}

TEST_F(Ahead, NothingThatTheJournalKnowsIsGuessed) {
  device_takes_long = false;
  const Outcome first = run(true).value();
  const std::vector<JournalEvent> all = journal;
  options.history.events = all;
  const Outcome again = run(true).value();
  EXPECT_THAT(compiled, IsEmpty());
  EXPECT_THAT(journal, IsEmpty());
  EXPECT_EQ(winner_of(again), winner_of(first));
}

TEST_F(Ahead, AfterADeathAtAnyMomentNothingIsCompiledTwiceAndTheWinnerIsTheSame) {
  device_takes_long = false;
  const Outcome first = run(true).value();
  const std::vector<JournalEvent> all = journal;
  for (size_t kept = 0; kept <= all.size(); kept += 5) {
    options.history.events.assign(all.begin(), all.begin() + static_cast<std::ptrdiff_t>(kept));
    const Outcome second = run(true).value();
    EXPECT_EQ(winner_of(second), winner_of(first)) << kept;
    EXPECT_EQ(std::set(compiled.begin(), compiled.end()).size(), compiled.size()) << kept;
  }
}

TEST_F(Ahead, NoMoreIsGuessedThanABudgetOfTrialsAllows) {
  options.budget.trials = 1;
  device_takes_long = false;
  ASSERT_TRUE(run(true));
  EXPECT_EQ(compiled, std::vector<std::string>{"fast tile=0"});
}

TEST_F(Ahead, AnInterruptDoesNotWaitForGuesses) {
  GatedCompiler compiler(4);
  compiler.end(variant(0));  // all others would last for ever
  OneByOne strategy(kLast, in_vain);
  plan.stop_after_rounds = 3;
  FakeDevice device(plan, log);
  const auto outcome =
      tune(device, compiler, workload, candidates, strategy, options, provenance, observer, plan.stop.get_token());
  ASSERT_TRUE(outcome);
  EXPECT_EQ(outcome->stopped, StopReason::interrupted);
  EXPECT_THAT(outcome->rounds, SizeIs(2));
  EXPECT_THAT(told(journal), Each(Not(testing::HasSubstr("tile=1"))));
}

}  // namespace
}  // namespace scantune
