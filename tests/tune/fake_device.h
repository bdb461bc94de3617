// A device whose kernels take the time they are told to, and fail when they are told to. It runs
// the real loop without any hardware, and remembers what it was asked for.
#pragma once

#include <chrono>
#include <functional>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "device/device.h"

namespace scantune {

struct FakePlan {
  double copy_ns = 1000;
  std::function<double(const Variant&)> time_ns = [](const Variant& v) {
    return 1000.0 + static_cast<double>(v.number("tile"));
  };
  std::chrono::microseconds preparation{0};                             // of each sample, which really passes
  std::function<double(int round)> slowdown = [](int) { return 1.0; };  // of a whole round
  std::set<std::string> do_not_compile;
  std::set<std::string> wrong_results;
  std::map<std::string, FailureKind> fail_in_round;  // launch: that variant only; device: the device is lost
  int lose_copy_after_rounds = -1;                   // the device is lost with no culprit
  int stop_after_rounds = -1;
  std::stop_source stop;
  tl::expected<Timeline, Failure> timeline = tl::unexpected(Failure{FailureKind::launch, "planted: no sampling"});
  std::string metric_reason;  // counters are null with this reason; empty: they are read
  int64_t free_bytes = int64_t{1} << 40;
  std::map<std::string, int> registers;
  Backend backend = Backend::cpu;
  int multiprocessors = 0;         // of the chip
  std::string edition = "first ";  // part of every build's digest
  std::function<void()> on_open = [] {};
  std::function<std::string(int round)> disturbance = [](int) { return std::string(); };
};

struct FakeLog {
  std::vector<std::string> steps;  // "open", "load X", "verify X", "round X", "profile X"
  std::vector<RoundSpec> specs;    // of each round, the warm-up included
  std::vector<std::vector<Handle>> orders;
  std::vector<TimelineSpec> timelines;
};

class FakeCompiler final : public Compiler {
 public:
  explicit FakeCompiler(const FakePlan& plan) : plan_(plan) {}

  [[nodiscard]] int concurrency() const override { return 2; }

  [[nodiscard]] std::string build_digest(const Kernel& /*kernel*/, const Workload& /*workload*/, const Variant& variant,
                                         const Chip& /*chip*/) const override {
    return plan_.edition + to_string(variant);
  }

  tl::expected<Artifact, Failure> compile(const Kernel& /*kernel*/, const Workload& /*workload*/,
                                          const Variant& variant, const Chip& /*chip*/) override {
    const std::string name = to_string(variant);
    if (plan_.do_not_compile.contains(name)) {
      return tl::unexpected(Failure{FailureKind::compile, "planted"});
    }
    Artifact artifact;
    artifact.variant = variant;
    artifact.compile_s = 0.25;
    const auto it = plan_.registers.find(name);
    artifact.resources = {
        EntryResources{.entry = "entry", .registers_per_thread = it == plan_.registers.end() ? 32 : it->second}};
    return artifact;
  }

 private:
  const FakePlan& plan_;
};

class FakeSession final : public Session {
 public:
  FakeSession(FakePlan& plan, FakeLog& log) : plan_(plan), log_(log) {}

  tl::expected<Handle, Failure> load(const Artifact& artifact) override {
    variants_.push_back(artifact.variant);
    log_.steps.push_back("load " + to_string(artifact.variant));
    return static_cast<Handle>(variants_.size() - 1);
  }
  void unload(Handle handle) override { log_.steps.push_back("unload " + spelling(handle)); }
  [[nodiscard]] std::vector<EntryResources> resources(Handle /*handle*/) const override { return {}; }

  tl::expected<void, Failure> verify(Handle handle) override {
    log_.steps.push_back("verify " + spelling(handle));
    if (plan_.wrong_results.contains(spelling(handle))) {
      return tl::unexpected(Failure{FailureKind::wrong_result, "exact test: planted"});
    }
    return {};
  }

  tl::expected<std::vector<Sample>, RoundFault> round(std::span<const Handle> order, const RoundSpec& spec,
                                                      std::stop_token stop) override {
    const int number = rounds_++;
    log_.orders.emplace_back(order.begin(), order.end());
    log_.specs.push_back(spec);
    if (plan_.lose_copy_after_rounds >= 0 && number >= plan_.lose_copy_after_rounds) {
      return tl::unexpected(RoundFault{std::nullopt, {FailureKind::device, "the GPU has fallen off the bus"}});
    }
    if (plan_.stop_after_rounds >= 0 && number >= plan_.stop_after_rounds) {
      plan_.stop.request_stop();
    }
    std::vector<Sample> samples;
    for (size_t i = 0; i < order.size(); ++i) {
      if (stop.stop_requested()) {
        return samples;
      }
      const Handle handle = order[i];
      double time_ns = plan_.copy_ns;
      if (handle != kCopy) {
        log_.steps.push_back("round " + spelling(handle));
        if (const auto it = plan_.fail_in_round.find(spelling(handle)); it != plan_.fail_in_round.end()) {
          return tl::unexpected(RoundFault{i, {it->second, "planted fault"}});
        }
        time_ns = plan_.time_ns(variants_.at(static_cast<size_t>(handle)));
      }
      std::this_thread::sleep_for(plan_.preparation);
      samples.push_back({handle, time_ns * plan_.slowdown(number)});
    }
    return samples;
  }

  [[nodiscard]] std::string disturbance() override { return plan_.disturbance(rounds_); }

  tl::expected<Profile, Failure> profile(Handle handle, const std::vector<std::string>& metrics) override {
    log_.steps.push_back("profile " + spelling(handle));
    LaunchProfile launch{"entry", {}};
    for (const std::string& metric : metrics) {
      MetricValue value{metric, metric, {}, "%", plan_.metric_reason};
      if (plan_.metric_reason.empty()) {
        value.value = 42;
      }
      launch.metrics.push_back(value);
    }
    return Profile{{launch}};
  }

  tl::expected<Timeline, Failure> timeline(Handle handle, const TimelineSpec& spec) override {
    log_.steps.push_back("timeline " + spelling(handle));
    log_.timelines.push_back(spec);
    return plan_.timeline;
  }

 private:
  [[nodiscard]] std::string spelling(Handle handle) const {
    return to_string(variants_.at(static_cast<size_t>(handle)));
  }

  FakePlan& plan_;
  FakeLog& log_;
  std::vector<Variant> variants_;
  int rounds_ = 0;
};

class FakeDevice final : public Device {
 public:
  FakeDevice(FakePlan& plan, FakeLog& log) : plan_(plan), log_(log) {
    info_.chip.name = "Fake";
    info_.chip.backend = plan.backend;
    info_.chip.multiprocessors = plan.multiprocessors;
    info_.id = "fake:0";
    info_.free_bytes = plan.free_bytes;
  }

  void name(std::string id, std::string uuid) {
    info_.id = std::move(id);
    info_.uuid = std::move(uuid);
  }

  [[nodiscard]] const DeviceInfo& info() const override { return info_; }
  [[nodiscard]] int64_t memory_needed(const Workload& workload) const override { return 2 * workload.copy_bytes(); }
  Expected<std::unique_ptr<Session>> open(const Workload& /*workload*/, uint64_t /*seed*/) override {
    log_.steps.emplace_back("open");
    plan_.on_open();
    return std::make_unique<FakeSession>(plan_, log_);
  }

 private:
  FakePlan& plan_;
  FakeLog& log_;
  DeviceInfo info_;
};

}  // namespace scantune
