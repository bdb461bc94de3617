#include "tune/compile_ahead.h"

#include <algorithm>
#include <utility>

namespace scantune {

CompileAhead::CompileAhead(Compiler& compiler, Workload workload, Chip chip)
    : compiler_(compiler), workload_(std::move(workload)), chip_(std::move(chip)) {
  const int count = std::max(1, compiler.concurrency());
  threads_.reserve(static_cast<size_t>(count));
  for (int i = 0; i < count; ++i) {
    threads_.emplace_back([this] { work(); });
  }
}

CompileAhead::~CompileAhead() {
  {
    const std::lock_guard lock(mutex_);
    closing_ = true;
    if (pending_ > static_cast<int>(done_.size())) {
      compiler_.cancel();
    }
    queue_.clear();
  }
  submitted_.notify_all();
}

void CompileAhead::submit(Job job) {
  {
    const std::lock_guard lock(mutex_);
    queue_.push_back(std::move(job));
    ++pending_;
  }
  submitted_.notify_one();
}

std::optional<CompileAhead::Done> CompileAhead::next(std::chrono::milliseconds patience) {
  std::unique_lock lock(mutex_);
  finished_.wait_for(lock, patience, [this] { return !done_.empty(); });
  if (done_.empty()) {
    return std::nullopt;
  }
  Done done = std::move(done_.front());
  done_.pop_front();
  --pending_;
  return done;
}

int CompileAhead::pending() const {
  const std::lock_guard lock(mutex_);
  return pending_;
}

void CompileAhead::work() {
  while (true) {
    Job job;
    {
      std::unique_lock lock(mutex_);
      submitted_.wait(lock, [this] { return closing_ || !queue_.empty(); });
      if (closing_) {
        return;
      }
      job = std::move(queue_.front());
      queue_.pop_front();
    }
    Done done{job.record, compiler_.compile(*job.kernel, workload_, job.variant, chip_)};
    {
      const std::lock_guard lock(mutex_);
      done_.push_back(std::move(done));
    }
    finished_.notify_one();
  }
}

}  // namespace scantune
