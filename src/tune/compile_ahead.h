// Compiles variants on the compiler's threads while the device measures others.
#pragma once

#include <chrono>
#include <condition_variable>
#include <deque>
#include <mutex>
#include <optional>
#include <thread>
#include <vector>

#include "core/kernel.h"
#include "device/device.h"

namespace scantune {

class CompileAhead {
 public:
  struct Job {
    int record = 0;
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

  void submit(Job job);

  // A finished job, in the order they finish; waits up to `patience` for one.
  std::optional<Done> next(std::chrono::milliseconds patience);

  [[nodiscard]] int concurrency() const { return static_cast<int>(threads_.size()); }

  // Jobs submitted and not yet handed out by next().
  [[nodiscard]] int pending() const;

 private:
  void work();

  Compiler& compiler_;
  const Workload workload_;
  const Chip chip_;
  mutable std::mutex mutex_;
  std::condition_variable submitted_;
  std::condition_variable finished_;
  std::deque<Job> queue_;
  std::deque<Done> done_;
  int pending_ = 0;
  bool closing_ = false;
  std::vector<std::jthread> threads_;
};

}  // namespace scantune
