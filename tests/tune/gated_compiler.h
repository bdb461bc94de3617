// A compiler whose compilations end when the test says so, and that remembers what it was asked for.
#pragma once

#include <algorithm>
#include <chrono>
#include <condition_variable>
#include <mutex>
#include <set>
#include <string>
#include <vector>

#include "device/device.h"

namespace scantune {

class GatedCompiler final : public Compiler {
 public:
  explicit GatedCompiler(int threads) : threads_(threads) {}

  [[nodiscard]] int concurrency() const override { return threads_; }

  [[nodiscard]] std::string build_digest(const Kernel& /*kernel*/, const Workload& /*workload*/, const Variant& variant,
                                         const Chip& /*chip*/) const override {
    return to_string(variant);
  }

  tl::expected<Artifact, Failure> compile(const Kernel& /*kernel*/, const Workload& /*workload*/,
                                          const Variant& variant, const Chip& /*chip*/) override {
    std::unique_lock lock(mutex_);
    const std::string name = to_string(variant);
    begun_.push_back(name);
    changed_.notify_all();
    if (deaf_) {
      changed_.wait(lock, [&] { return cancels_ > 0; });
    }
    const int cancels = cancels_;
    changed_.wait(lock, [&] { return all_end_ || ending_.contains(name) || cancels_ != cancels; });
    ended_.push_back(name);
    changed_.notify_all();
    if (cancels_ != cancels || failing_.contains(name)) {
      return tl::unexpected(Failure{FailureKind::compile, cancels_ != cancels ? "cancelled" : "planted"});
    }
    Artifact artifact;
    artifact.variant = variant;
    artifact.compile_s = 0.25;
    return artifact;
  }

  void cancel() override {
    const std::lock_guard lock(mutex_);
    ++cancels_;
    changed_.notify_all();
  }

  void end(const Variant& variant) {
    const std::lock_guard lock(mutex_);
    ending_.insert(to_string(variant));
    changed_.notify_all();
  }
  void end_all() {
    const std::lock_guard lock(mutex_);
    all_end_ = true;
    changed_.notify_all();
  }
  void fail(const Variant& variant) { failing_.insert(to_string(variant)); }  // before it is compiled
  void hear_no_first_cancel() { deaf_ = true; }                               // as where it comes a moment too early

  // Whether it happens before a patience is over that only a fault exceeds.
  bool begins(const Variant& variant) { return comes(begun_, to_string(variant)); }
  bool ends(const Variant& variant) { return comes(ended_, to_string(variant)); }

  [[nodiscard]] bool has_ended(const Variant& variant) {
    const std::lock_guard lock(mutex_);
    return std::ranges::find(ended_, to_string(variant)) != ended_.end();
  }
  [[nodiscard]] std::vector<std::string> begun() {
    const std::lock_guard lock(mutex_);
    return begun_;
  }
  [[nodiscard]] int cancels() {
    const std::lock_guard lock(mutex_);
    return cancels_;
  }

 private:
  bool comes(const std::vector<std::string>& in, const std::string& name) {
    std::unique_lock lock(mutex_);
    return changed_.wait_for(lock, std::chrono::seconds(20), [&] { return std::ranges::find(in, name) != in.end(); });
  }

  const int threads_;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::vector<std::string> begun_;
  std::vector<std::string> ended_;
  std::set<std::string> ending_;
  std::set<std::string> failing_;
  bool all_end_ = false;
  bool deaf_ = false;
  int cancels_ = 0;
};

}  // namespace scantune
