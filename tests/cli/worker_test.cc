// The worker process of a run: killed, stopped, and left behind by nobody.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <iostream>
#include <nlohmann/json.hpp>

#include "processes.h"
#include "sandbox.h"

namespace scantune::cli {
namespace {

using testing::HasSubstr;
using Clock = std::chrono::steady_clock;
using std::chrono::milliseconds;

// 8 MB in rounds of a dozen variants: a few seconds.
std::vector<std::string> a_run(std::vector<std::string> more = {}) {
  std::vector<std::string> arguments = {"--device", "cpu", "--shape", "512x4096", "--out", "best.json"};
  arguments.insert(arguments.end(), more.begin(), more.end());
  return arguments;
}

TEST(WorkerOfARun, MayBeKilledAndNoVariantIsLost) {
  Sandbox sandbox;
  sandbox.start(a_run({"--format", "json"}));
  ASSERT_TRUE(sandbox.wait_for("measuring: "));
  int killed = 0;
  for (int i = 0; i < 3; ++i) {
    if (const pid_t worker = worker_of(sandbox.pid())) {
      killed += kill(worker, SIGKILL) == 0 ? 1 : 0;
    }
    std::this_thread::sleep_for(milliseconds(311));
  }
  const Finished run = sandbox.finish();
  ASSERT_GT(killed, 0);
  ASSERT_EQ(run.code, 0) << run.err;
  const auto json = nlohmann::json::parse(run.out);
  for (const auto& variant : json.at("outcomes").at(0).at("records")) {
    const auto& failure = variant.at("failure");
    EXPECT_TRUE(failure.is_null() || failure.at("kind") == "constraint") << variant.dump();
  }
}

TEST(WorkerOfARun, MayBeStoppedAndTheRunGoesOn) {
  Sandbox sandbox;
  sandbox.start(a_run());
  ASSERT_TRUE(sandbox.wait_for("measuring: "));
  const pid_t worker = worker_of(sandbox.pid());
  ASSERT_GT(worker, 0);
  kill(worker, SIGSTOP);
  const Finished run = sandbox.finish();
  EXPECT_EQ(run.code, 0) << run.err;
  EXPECT_FALSE(runs(worker));
}

TEST(WorkerOfARun, EndsWithTheToolHoweverThatEnds) {
  for (const int signal : {SIGKILL, SIGINT}) {
    for (const bool stopped : {false, true}) {
      Sandbox sandbox;
      sandbox.start(a_run());
      ASSERT_TRUE(sandbox.wait_for("measuring: "));
      const pid_t worker = worker_of(sandbox.pid());
      ASSERT_GT(worker, 0);
      if (stopped) {
        kill(worker, SIGSTOP);
      }
      const auto begin = Clock::now();
      sandbox.send(signal);
      const Finished run = sandbox.finish();
      const std::chrono::duration<double> taken = Clock::now() - begin;
      std::cout << "ended " << 1e3 * taken.count() << " ms after signal " << signal << '\n';
      EXPECT_LT(taken.count(), 5) << signal;
      EXPECT_TRUE(within(milliseconds(2000), [&] { return !runs(worker); })) << signal << ' ' << stopped;
    }
  }
}

TEST(WorkerOfARun, IsNotThereInProcess) {
  Sandbox sandbox;
  sandbox.start(a_run({"--in-process"}));
  ASSERT_TRUE(sandbox.wait_for("measuring: "));
  EXPECT_EQ(worker_of(sandbox.pid()), 0);
  sandbox.send(SIGKILL);
  sandbox.finish();
}

TEST(WorkerOfARun, IsNothingToStartByHand) {
  Sandbox sandbox;
  const Finished run = sandbox.run({"worker", "--device", "cpu"});
  EXPECT_EQ(run.code, 2);
  EXPECT_EQ(run.err, "scantune worker is started by scantune itself\n");
  EXPECT_THAT(sandbox.run({"--help"}).out, testing::Not(HasSubstr("worker")));
}

}  // namespace
}  // namespace scantune::cli
