#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <functional>
#include <memory>
#include <numeric>

#include "cpu/team.h"

namespace scantune::cpu {
namespace {

// Runs `work` on `count` workers and has the caller wait until all of them have started.
void run_all(Team& team, int count, const std::function<void(int)>& work) {
  std::atomic<int> started = 0;
  team.run(count, [&](int worker) {
    ++started;
    work(worker);
    while (worker == 0 && started < count) {
      std::this_thread::yield();
    }
  });
}

TEST(Team, RunsTheWorkOncePerWorkerAndShowsTheCallerWhatTheyWrote) {
  Team team(4);
  EXPECT_EQ(team.workers(), 4);
  for (int count = 1; count <= 4; ++count) {
    std::vector<int> calls(4, 0);
    run_all(team, count, [&](int worker) { ++calls[static_cast<size_t>(worker)]; });
    for (int worker = 0; worker < 4; ++worker) {
      EXPECT_EQ(calls[static_cast<size_t>(worker)], worker < count ? 1 : 0);
    }
  }
}

TEST(Team, RunsManyTimesWithChangingCounts) {
  Team team(3);
  std::atomic<int> calls = 0;
  int expected = 0;
  for (int time = 0; time < 1000; ++time) {
    const int count = 1 + time % 3;
    expected += count;
    run_all(team, count, [&](int /*worker*/) { calls.fetch_add(1, std::memory_order_relaxed); });
  }
  EXPECT_EQ(calls, expected);
}

TEST(Team, LeavesOutWorkersThatAreLateAndNeverRunsThemAfterwards) {
  Team team(4);
  for (int time = 0; time < 3000; ++time) {
    auto running = std::make_unique<std::atomic<bool>>(true);  // gone when the run is over
    std::atomic<int> calls = 0;
    team.run(4, [&](int worker) {
      EXPECT_TRUE(*running);
      calls.fetch_add(worker == 0 ? 100 : 1, std::memory_order_relaxed);
    });
    *running = false;
    EXPECT_GE(calls, 100);
    EXPECT_LE(calls, 103);
  }
}

TEST(Team, WakesWorkersThatFellAsleep) {
  Team team(3);
  for (int time = 0; time < 3; ++time) {
    std::this_thread::sleep_for(std::chrono::milliseconds(20));
    std::atomic<int> calls = 0;
    run_all(team, 3, [&](int /*worker*/) { ++calls; });
    EXPECT_EQ(calls, 3);
  }
}

TEST(Team, WaitsForASlowWorker) {
  Team team(2);
  int slow = 0;
  run_all(team, 2, [&](int worker) {
    if (worker == 1) {
      std::this_thread::sleep_for(std::chrono::milliseconds(20));
      slow = 1;
    }
  });
  EXPECT_EQ(slow, 1);
}

TEST(Team, OfOneIsTheCaller) {
  Team team(1);
  std::thread::id id;
  team.run(1, [&](int /*worker*/) { id = std::this_thread::get_id(); });
  EXPECT_EQ(id, std::this_thread::get_id());
}

TEST(Tickets, AreHandedOutOnceEach) {
  Team team(4);
  Tickets tickets(10000);
  std::vector<int> taken(10000, 0);
  team.run(4, [&](int /*worker*/) {
    for (int64_t ticket = 0; (ticket = tickets.take()) >= 0;) {
      ++taken[static_cast<size_t>(ticket)];
    }
  });
  EXPECT_EQ(std::accumulate(taken.begin(), taken.end(), 0), 10000);
  EXPECT_EQ(*std::max_element(taken.begin(), taken.end()), 1);
}

}  // namespace
}  // namespace scantune::cpu
