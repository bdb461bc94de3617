#include "tune/compile_ahead.h"

#include <algorithm>
#include <utility>

namespace scantune {
namespace {

// Of 16 threads, enough that what a search asks for after its first variants is compiled by then (docs/search.md), and
// few enough that a long search does not compile all of its space.
constexpr size_t kGuessesAThread = 4;
// A call of the compiler that has only begun when it is told to cut short is told again after so long.
constexpr std::chrono::milliseconds kTellAgain{10};

double seconds_since(std::chrono::steady_clock::time_point then) {
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - then).count();
}

}  // namespace

CompileAhead::CompileAhead(Compiler& compiler, Workload workload, Chip chip)
    : compiler_(compiler), workload_(std::move(workload)), chip_(std::move(chip)) {
  const int count = std::max(1, compiler.concurrency());
  threads_.reserve(static_cast<size_t>(count));
  for (int i = 0; i < count; ++i) {
    threads_.emplace_back([this] { work(); });
  }
}

CompileAhead::~CompileAhead() {
  std::unique_lock lock(mutex_);
  closing_ = true;
  queue_.clear();
  guess_queue_.clear();
  has_work_.notify_all();
  while (running_ > 0) {
    compiler_.cancel();
    finished_.wait_for(lock, kTellAgain, [this] { return running_ == 0; });
  }
}

void CompileAhead::submit(Job job) {
  {
    const std::lock_guard lock(mutex_);
    ++pending_;
    asked_.insert(job.record);
    std::erase_if(guess_queue_, [&](const Job& guess) { return guess.record == job.record; });
    if (auto guess = guesses_.extract(job.record); guess.empty()) {
      queue_.push_back(std::move(job));
    } else if (guess.mapped().artifact) {
      done_.push_back({job.record, *std::move(guess.mapped().artifact)});
    }  // or its thread finds that it is no guess any more
  }
  has_work_.notify_all();
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

void CompileAhead::guess(std::vector<Job> jobs) {
  const std::lock_guard lock(mutex_);
  guess_queue_.clear();
  for (Job& job : jobs) {
    if (!guesses_.contains(job.record) && !asked_.contains(job.record)) {
      guess_queue_.push_back(std::move(job));
    }
  }
  if (!guess_queue_.empty()) {
    has_work_.notify_all();
  }
}

size_t CompileAhead::most_guesses() const { return threads_.size() > 1 ? kGuessesAThread * threads_.size() : 0; }

double CompileAhead::unasked_s() const {
  const std::lock_guard lock(mutex_);
  double total_s = 0;
  for (const auto& [record, guess] : guesses_) {
    total_s += guess.artifact ? guess.seconds : seconds_since(guess.begun);
  }
  return total_s;
}

bool CompileAhead::may_guess() const {
  return !guess_queue_.empty() && queue_.empty() && guesses_.size() < most_guesses() && running_ + 1 < concurrency();
}

void CompileAhead::work() {
  std::unique_lock lock(mutex_);
  while (true) {
    has_work_.wait(lock, [this] { return closing_ || !queue_.empty() || may_guess(); });
    if (closing_) {
      return;
    }
    std::deque<Job>& from = queue_.empty() ? guess_queue_ : queue_;
    const bool guessed = queue_.empty();
    const Job job = std::move(from.front());
    from.pop_front();
    if (guessed) {
      guesses_[job.record].begun = Clock::now();
    }
    ++running_;
    lock.unlock();
    auto artifact = compiler_.compile(*job.kernel, workload_, job.variant, chip_);
    lock.lock();
    --running_;
    if (const auto guess = guesses_.find(job.record); guess != guesses_.end()) {
      guess->second.seconds = seconds_since(guess->second.begun);
      guess->second.artifact = std::move(artifact);
    } else {
      done_.push_back({job.record, std::move(artifact)});
    }
    finished_.notify_all();
  }
}

}  // namespace scantune
