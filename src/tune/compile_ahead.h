// Compiles variants on the compiler's threads while the device measures others: those that were asked for, and beside
// them, as long as threads are idle, those that are likely to be.
#pragma once

#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <deque>
#include <map>
#include <mutex>
#include <optional>
#include <set>
#include <thread>
#include <vector>

#include "core/kernel.h"
#include "device/device.h"

namespace scantune {

class CompileAhead {
 public:
  struct Job {
    int record = 0;  // two jobs of one record are the same job
    const Kernel* kernel = nullptr;
    Variant variant;
  };
  struct Done {
    int record = 0;
    tl::expected<Artifact, Failure> artifact;
  };

  // The workload and chip are copied; the compiler must outlive this object.
  CompileAhead(Compiler& compiler, Workload workload, Chip chip);
  // Drops what has not started. Waits for what has, which the compiler is told to cut short.
  ~CompileAhead();
  CompileAhead(const CompileAhead&) = delete;
  CompileAhead& operator=(const CompileAhead&) = delete;

  // Each record once. Where it was guessed, what the guess came to is what comes of it: nothing is compiled twice.
  void submit(Job job);

  // A finished job, in the order they finish; waits up to `patience` for one.
  std::optional<Done> next(std::chrono::milliseconds patience);

  [[nodiscard]] int concurrency() const { return static_cast<int>(threads_.size()); }

  // Jobs submitted and not yet handed out by next().
  [[nodiscard]] int pending() const;

  // Guesses at what will be submitted, the likeliest first, in place of those given before whose compilation has not
  // begun. None is begun as long as a submitted job waits, and one thread is left for the next of these. A compiler of
  // one thread, as all are that have nothing to compile, gets no guesses. What a guess came to, a failure included,
  // shows when it is submitted and not before.
  void guess(std::vector<Job> jobs);

  // Guesses that may be under way or compiled, and not submitted, at once. No more than these are ever made in vain.
  [[nodiscard]] size_t most_guesses() const;

  // Begins no more guesses; those under way go on.
  void end_guesses() { guess({}); }

  // What guesses that were not submitted have taken so far, failed ones and those under way included: seconds, summed
  // over threads.
  [[nodiscard]] double unasked_s() const;

 private:
  using Clock = std::chrono::steady_clock;

  // A guess that was begun and not submitted. It has a result when it is compiled.
  struct Guess {
    Clock::time_point begun;
    double seconds = 0;
    std::optional<tl::expected<Artifact, Failure>> artifact;
  };

  void work();
  [[nodiscard]] bool may_guess() const;

  Compiler& compiler_;
  const Workload workload_;
  const Chip chip_;
  mutable std::mutex mutex_;
  std::condition_variable has_work_;
  std::condition_variable finished_;
  std::deque<Job> queue_;
  std::deque<Job> guess_queue_;
  std::map<int, Guess> guesses_;  // by record
  std::set<int> asked_;           // records that were submitted
  std::deque<Done> done_;
  int pending_ = 0;
  int running_ = 0;  // compilations under way
  bool closing_ = false;
  std::vector<std::jthread> threads_;
};

}  // namespace scantune
