#include "cpu/team.h"

#include "cpu/leaves.h"

namespace scantune::cpu {
namespace {

// How long a waiting thread spins before it sleeps: longer than the gap between the steps of a run,
// shorter than anyone would notice on a shared machine (some 50 us).
constexpr int kSpins = 2000;

template <class Done>
bool spin_until(Done done) {
  static const auto pause = leaf_tables().tables[0]->pause;
  for (int i = 0; i < kSpins; ++i) {
    if (done()) {
      return true;
    }
    pause();
  }
  return false;
}

}  // namespace

Team::Team(int workers) {
  for (int worker = 1; worker < workers; ++worker) {
    slots_.push_back(std::make_unique<Slot>());
  }
  for (int worker = 1; worker < workers; ++worker) {
    threads_.emplace_back([this, worker](const std::stop_token& stop) { serve(worker, stop); });
  }
}

Team::~Team() {
  for (std::jthread& thread : threads_) {
    thread.request_stop();
  }
  for (const auto& slot : slots_) {
    slot->work.store(&farewell_, std::memory_order_release);
    slot->work.notify_one();
  }
}

void Team::serve(int worker, const std::stop_token& stop) {
  auto& slot = slots_[static_cast<size_t>(worker - 1)]->work;
  while (!stop.stop_requested()) {
    if (!spin_until([&] { return slot.load(std::memory_order_acquire) != nullptr; })) {
      slot.wait(nullptr, std::memory_order_acquire);
    }
    const auto* work = slot.load(std::memory_order_acquire);
    if (work == &farewell_) {
      return;
    }
    if (work == nullptr || !slot.compare_exchange_strong(work, &busy_, std::memory_order_acquire)) {
      continue;  // taken back: too late for this run
    }
    (*work)(worker);
    slot.store(nullptr, std::memory_order_relaxed);
    if (pending_.fetch_sub(1, std::memory_order_acq_rel) == 1) {
      pending_.notify_one();
    }
  }
}

void Team::run(int count, const std::function<void(int)>& work) {
  pending_.store(count - 1, std::memory_order_relaxed);
  for (int worker = 1; worker < count; ++worker) {
    auto& slot = slots_[static_cast<size_t>(worker - 1)]->work;
    slot.store(&work, std::memory_order_release);
    slot.notify_one();
  }
  work(0);
  for (int worker = 1; worker < count; ++worker) {
    const auto* expected = &work;
    auto& slot = slots_[static_cast<size_t>(worker - 1)]->work;
    if (slot.compare_exchange_strong(expected, nullptr, std::memory_order_relaxed)) {
      pending_.fetch_sub(1, std::memory_order_relaxed);
    }
  }
  const auto done = [this] { return pending_.load(std::memory_order_acquire) == 0; };
  while (!spin_until(done)) {
    const int left = pending_.load(std::memory_order_acquire);
    if (left != 0) {
      pending_.wait(left, std::memory_order_acquire);
    }
  }
}

}  // namespace scantune::cpu
