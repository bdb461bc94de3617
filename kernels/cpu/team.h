// A team of threads that stays alive between runs, so that starting a run costs microseconds.
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <stop_token>
#include <thread>
#include <vector>

namespace scantune::cpu {

// The calling thread is worker 0; the others spin for a moment after a run and then sleep. One
// caller at a time.
class Team {  // NOLINT(clang-analyzer-optin.performance.Padding): what different threads write lies apart
 public:
  explicit Team(int workers);  // at least 1, the caller included
  ~Team();
  Team(const Team&) = delete;
  Team& operator=(const Team&) = delete;

  [[nodiscard]] int workers() const { return static_cast<int>(slots_.size()) + 1; }

  // Calls work(i) for the i in [0, count), each on a worker of its own, and returns when all that
  // started are done: a worker that has not started when work(0) returns is left out. So `work` must
  // share its work out by Tickets, of which work(0) leaves none. On a busy machine a run is not held up
  // by a thread that waits for a core only to find nothing left to do.
  // count is at most workers(). What the workers wrote is visible to the caller. `work` must not throw.
  void run(int count, const std::function<void(int)>& work);

 private:
  struct alignas(64) Slot {
    std::atomic<const std::function<void(int)>*> work{nullptr};
  };

  void serve(int worker, const std::stop_token& stop);

  std::vector<std::unique_ptr<Slot>> slots_;  // of workers 1 and up
  alignas(64) std::atomic<int> pending_{0};
  const std::function<void(int)> busy_;      // in the slot of a worker that has started
  const std::function<void(int)> farewell_;  // in the slots of workers that are to end
  std::vector<std::jthread> threads_;        // last: joined before what they use goes
};

// Hands out [0, count) in order, a piece to whoever asks next: threads that are slowed down take fewer.
class Tickets {
 public:
  explicit Tickets(int64_t count) : count_(count) {}

  // The next number, or -1 when all are taken.
  int64_t take() {
    const int64_t ticket = next_.fetch_add(1, std::memory_order_relaxed);
    return ticket < count_ ? ticket : -1;
  }

 private:
  alignas(64) std::atomic<int64_t> next_{0};
  const int64_t count_;
};

}  // namespace scantune::cpu
