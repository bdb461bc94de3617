#include "device/worker.h"

#include <algorithm>
#include <map>
#include <optional>
#include <set>
#include <span>
#include <thread>
#include <utility>

#include "device/worker_process.h"

namespace scantune {
namespace {

namespace worker = wire::worker;
using Time = WorkerLimits::Time;

// Faults in a row without a culprit until the device counts as lost, and workers tried until one opens
// it: one that was killed while it started is nobody's fault, and what held the GPU may need a moment.
constexpr int kTries = 3;
constexpr Time kBetweenTries{200};

// Why something was not done.
struct Trouble {
  enum class Kind {
    refused,      // the session's answer; the worker lives
    fault,        // the worker is gone, and the variant may not be to blame
    timeout,      // the worker is gone: its time was up, and it was running
    interrupted,  // nobody wants the answer any more
    lost,         // no worker can open the device
  };
  Kind kind = Kind::lost;
  Failure failure;
  std::optional<size_t> position;  // in a round's order
};

Trouble trouble_of(WorkerFault fault) {
  switch (fault.kind) {
    case WorkerFault::Kind::interrupted:
      return {Trouble::Kind::interrupted, {FailureKind::device, std::move(fault.what)}, {}};
    case WorkerFault::Kind::hung:
      return {Trouble::Kind::timeout, {FailureKind::timeout, std::move(fault.what)}, fault.position};
    case WorkerFault::Kind::stopped:
      return {Trouble::Kind::fault, {FailureKind::timeout, std::move(fault.what)}, fault.position};
    case WorkerFault::Kind::died:
      break;
  }
  return {Trouble::Kind::fault, {FailureKind::crash, std::move(fault.what)}, fault.position};
}

Trouble lost(const Error& error) { return {Trouble::Kind::lost, {FailureKind::device, error.message}, {}}; }

// The workers of a device: one that waits for work, and the means to start others. Shared by the device
// and its sessions.
class Workers {
 public:
  explicit Workers(WorkerOptions options) : options_(std::move(options)) {}

  [[nodiscard]] const WorkerOptions& options() const { return options_; }
  [[nodiscard]] const WorkerLimits& limits() const { return options_.limits; }

  // One whose device is open and that has no session: one that others have used, where there is one.
  Expected<std::unique_ptr<WorkerProcess>> take(const std::stop_token& stop) {
    if (idle_ != nullptr && idle_->alive()) {
      return std::move(idle_);
    }
    return start(stop);
  }

  // One in which nothing has run.
  Expected<std::unique_ptr<WorkerProcess>> start(const std::stop_token& stop) {
    idle_.reset();
    auto process = WorkerProcess::start(options_);
    if (!process) {
      return tl::unexpected(process.error());
    }
    const auto reply = (*process)->ask(worker::Hello{}, {}, limits().start, stop);
    if (!reply) {
      return fail(ErrorKind::failed, "the worker process did not start: {}", reply.error().what);
    }
    if (const auto* refused = std::get_if<worker::Refused>(&*reply)) {
      return tl::unexpected(refused->error);
    }
    const auto* info = std::get_if<worker::Info>(&*reply);
    if (info == nullptr) {
      return fail(ErrorKind::failed, "the worker process did not say what its device is");
    }
    info_ = info->device;
    return *std::move(process);
  }

  void give_back(std::unique_ptr<WorkerProcess> process) { idle_ = std::move(process); }

  // Of the last one that was started.
  [[nodiscard]] const DeviceInfo& info() const { return info_; }

 private:
  const WorkerOptions options_;
  DeviceInfo info_;
  std::unique_ptr<WorkerProcess> idle_;
};

class WorkerSession final : public Session {
 public:
  WorkerSession(std::shared_ptr<Workers> workers, Workload workload, uint64_t seed)
      : workers_(std::move(workers)), limits_(workers_->limits()), workload_(std::move(workload)), seed_(seed) {}

  WorkerSession(const WorkerSession&) = delete;
  WorkerSession& operator=(const WorkerSession&) = delete;

  ~WorkerSession() override {
    if (worker_ == nullptr || !worker_->alive() || workers_->options().stop.stop_requested()) {
      return;
    }
    if (const auto closed = worker_->ask(worker::Close{}, {}, limits_.other, {});
        closed && std::holds_alternative<worker::Done>(*closed)) {
      workers_->give_back(std::move(worker_));
    }
  }

  // One try to have a worker with the workload in memory; where it is not the first, in a fresh one.
  Expected<void> start(const std::stop_token& stop) {
    worker_.reset();
    loaded_.clear();
    seen_.clear();
    auto process = std::exchange(started_, true) ? workers_->start(stop) : workers_->take(stop);
    if (!process) {
      return tl::unexpected(process.error());
    }
    const double bytes = static_cast<double>(workload_.bytes_read()) + static_cast<double>(workload_.bytes_written());
    const auto limit = limits_.open + Time(static_cast<int64_t>(1e3 * bytes / WorkerLimits::kOpenBytesPerS));
    const auto reply = (*process)->ask(worker::Open{workload_, seed_}, {}, limit, stop);
    if (!reply) {
      return fail(ErrorKind::failed, "{}: {}", to_string(workload_),
                  reply.error().kind == WorkerFault::Kind::interrupted
                      ? reply.error().what
                      : "the worker process could not open it: " + reply.error().what);
    }
    if (const auto* refused = std::get_if<worker::Refused>(&*reply)) {
      return tl::unexpected(refused->error);
    }
    if (const auto* failed = std::get_if<worker::Failed>(&*reply)) {
      return fail(ErrorKind::environment, "{}: {}", to_string(workload_), failed->failure.what);
    }
    const auto* opened = std::get_if<worker::Opened>(&*reply);
    if (opened == nullptr) {
      return fail(ErrorKind::failed, "the worker process did not open {}", to_string(workload_));
    }
    // The slowest copy seen: a limit that is too long costs a hang that much, a short one a variant.
    copy_ns_ = std::max(copy_ns_, opened->copy_ns);
    worker_ = *std::move(process);
    return {};
  }

  tl::expected<Handle, Failure> load(const Artifact& artifact) override {
    const Handle handle = next_++;
    artifacts_[handle] = {artifact, {}};
    auto loaded = with_second_chance([&] { return ready(std::span(&handle, 1), {}); });
    if (!loaded) {
      artifacts_.erase(handle);
      return tl::unexpected(std::move(loaded.error()));
    }
    return handle;
  }

  void unload(Handle handle) override {
    artifacts_.erase(handle);
    if (loaded_.erase(handle) > 0 && worker_ != nullptr && worker_->alive()) {
      // Where that fails the worker is gone, and what was loaded with it.
      static_cast<void>(ask(worker::Unload{handle}, {}, limits_.other, {}));
    }
  }

  [[nodiscard]] std::vector<EntryResources> resources(Handle handle) const override {
    return artifacts_.at(handle).resources;
  }

  tl::expected<void, Failure> verify(Handle handle) override {
    auto verified = with_second_chance([&]() -> tl::expected<worker::Done, Trouble> {
      return ready(std::span(&handle, 1), {}).and_then([&] {
        return ask_for<worker::Done>(worker::Verify{handle}, at_least(limits_.verify, WorkerLimits::kVerifyCopies), {});
      });
    });
    if (!verified) {
      return tl::unexpected(std::move(verified.error()));
    }
    return {};
  }

  tl::expected<Profile, Failure> profile(Handle handle, const std::vector<std::string>& metrics) override {
    auto read = with_second_chance([&]() -> tl::expected<worker::Counters, Trouble> {
      return ready(std::span(&handle, 1), {}).and_then([&] {
        return ask_for<worker::Counters>(worker::ReadCounters{handle, metrics, warm_runs_},
                                         at_least(limits_.profile, WorkerLimits::kProfileCopies), {});
      });
    });
    if (!read) {
      return tl::unexpected(std::move(read.error()));
    }
    return std::move(read->profile);
  }

  tl::expected<Timeline, Failure> timeline(Handle handle, const TimelineSpec& spec) override {
    auto read = with_second_chance([&]() -> tl::expected<worker::Sampled, Trouble> {
      return ready(std::span(&handle, 1), {}).and_then([&] {
        return ask_for<worker::Sampled>(worker::SampleCounters{handle, spec},
                                        at_least(limits_.profile, WorkerLimits::kProfileCopies), {});
      });
    });
    if (!read) {
      return tl::unexpected(std::move(read.error()));
    }
    return std::move(read->timeline);
  }

  void warm_before_profiles(int runs) override { warm_runs_ = runs; }

  std::string disturbance() override {
    if (worker_ == nullptr || !worker_->alive()) {
      return {};
    }
    const auto disturbed = ask_for<worker::Disturbed>(worker::Disturbance{}, limits_.other, {});
    return disturbed ? disturbed->by : std::string();
  }

  tl::expected<std::vector<Sample>, RoundFault> round(std::span<const Handle> order, const RoundSpec& spec,
                                                      std::stop_token stop) override {
    Failure last;
    for (int i = 0; i < kTries; ++i) {
      auto samples = take(order, spec, stop);
      if (samples) {
        return *std::move(samples);
      }
      auto trouble = samples.error();
      if (gone(trouble)) {
        last = trouble.failure;
        const auto culprit = find_culprit(order, trouble.position.value_or(0), spec, stop);
        if (!culprit) {
          continue;
        }
        trouble = *culprit;
      }
      if (trouble.kind == Trouble::Kind::interrupted) {
        return std::vector<Sample>{};
      }
      return tl::unexpected(RoundFault{trouble.position, std::move(trouble.failure)});
    }
    return tl::unexpected(RoundFault{
        std::nullopt,
        {FailureKind::device,
         fmt::format("{} rounds in a row failed, and no variant is to blame; the last: {}", kTries, last.what)}});
  }

 private:
  struct Kept {
    Artifact artifact;  // its image is shared with who made it
    std::vector<EntryResources> resources;
  };

  static bool gone(const Trouble& trouble) {
    return trouble.kind == Trouble::Kind::fault || trouble.kind == Trouble::Kind::timeout;
  }

  [[nodiscard]] Time at_least(Time least, double copies) const {
    return std::max(least, Time(static_cast<int64_t>(copies * copy_ns_ * 1e-6)));
  }

  // Asks the worker, which is there. What its session says of a lost device costs the worker: a context
  // that a variant ruined is good for nothing.
  tl::expected<worker::Reply, Trouble> ask(const worker::Request& request, std::string_view image, Time limit,
                                           const std::stop_token& stop) {
    auto reply = worker_->ask(request, image, limit, stop);
    if (!reply) {
      worker_.reset();
      return tl::unexpected(trouble_of(std::move(reply.error())));
    }
    if (const auto* failed = std::get_if<worker::Failed>(&*reply)) {
      if (failed->failure.kind != FailureKind::device) {
        return tl::unexpected(Trouble{Trouble::Kind::refused, failed->failure, failed->position});
      }
      const auto position = failed->position ? failed->position : worker_->begun();
      worker_.reset();
      return tl::unexpected(Trouble{Trouble::Kind::fault, {FailureKind::crash, failed->failure.what}, position});
    }
    if (const auto* refused = std::get_if<worker::Refused>(&*reply)) {
      worker_.reset();
      return tl::unexpected(Trouble{Trouble::Kind::fault, {FailureKind::crash, refused->error.message}, {}});
    }
    return *std::move(reply);
  }

  template <class Answer>
  tl::expected<Answer, Trouble> ask_for(const worker::Request& request, Time limit, const std::stop_token& stop) {
    auto reply = ask(request, {}, limit, stop);
    if (!reply) {
      return tl::unexpected(std::move(reply.error()));
    }
    if (auto* answer = std::get_if<Answer>(&*reply)) {
      return std::move(*answer);
    }
    worker_.reset();
    return tl::unexpected(
        Trouble{Trouble::Kind::fault, {FailureKind::crash, "its worker answered something else"}, {}});
  }

  // A worker with the workload open and these artifacts loaded. Trouble::position is that of the one at
  // fault.
  tl::expected<void, Trouble> ready(std::span<const Handle> handles, const std::stop_token& stop) {
    for (int tries = 0; worker_ == nullptr || !worker_->alive();) {
      auto started = start(stop);
      if (started) {
        break;
      }
      if (stop.stop_requested() || workers_->options().stop.stop_requested()) {
        return tl::unexpected(Trouble{Trouble::Kind::interrupted, {FailureKind::device, "interrupted"}, {}});
      }
      if (++tries == kTries) {
        return tl::unexpected(lost(started.error()));
      }
      std::this_thread::sleep_for(kBetweenTries);
    }
    for (size_t i = 0; i < handles.size(); ++i) {
      if (handles[i] == kCopy || loaded_.contains(handles[i])) {
        continue;
      }
      if (auto loaded = load_here(handles[i], stop); !loaded) {
        loaded.error().position = i;
        return loaded;
      }
    }
    return {};
  }

  tl::expected<void, Trouble> load_here(Handle handle, const std::stop_token& stop) {
    const auto kept = artifacts_.find(handle);
    if (kept == artifacts_.end()) {
      return tl::unexpected(
          Trouble{Trouble::Kind::refused, {FailureKind::launch, fmt::format("handle {} is not loaded", handle)}, {}});
    }
    seen_.insert(handle);
    const Artifact& artifact = kept->second.artifact;
    const worker::Load load{.handle = handle,
                            .variant = artifact.variant,
                            .launches = artifact.launches,
                            .functions = artifact.functions,
                            .workspace_bytes = artifact.workspace_bytes,
                            .resources = artifact.resources,
                            .has_image = artifact.image != nullptr,
                            .image_bytes = artifact.image == nullptr ? 0 : artifact.image->size()};
    auto reply = ask(load, artifact.image == nullptr ? std::string_view() : *artifact.image, limits_.load, stop);
    if (!reply) {
      return tl::unexpected(std::move(reply.error()));
    }
    if (const auto* loaded = std::get_if<worker::Loaded>(&*reply)) {
      kept->second.resources = loaded->resources;
    }
    loaded_.insert(handle);
    return {};
  }

  // Whether no other variant has been in the worker that would run this one.
  [[nodiscard]] bool alone(Handle handle) const {
    return worker_ == nullptr || !worker_->alive() ||
           std::ranges::all_of(seen_, [&](Handle seen) { return seen == handle; });
  }

  // Tries something with one variant. Where its worker is gone then, it is tried once more in a fresh
  // one, in which no other variant has run: only what happens there, too, is blamed on it.
  template <class Try>
  auto with_second_chance(Try attempt) -> tl::expected<typename decltype(attempt())::value_type, Failure> {
    auto result = attempt();
    if (!result && result.error().kind == Trouble::Kind::fault) {
      result = attempt();
    }
    return std::move(result).map_error([](Trouble trouble) { return std::move(trouble.failure); });
  }

  tl::expected<std::vector<Sample>, Trouble> take(std::span<const Handle> order, const RoundSpec& spec,
                                                  const std::stop_token& stop) {
    if (stop.stop_requested()) {
      return {};
    }
    if (auto there = ready(order, stop); !there) {
      return tl::unexpected(std::move(there.error()));
    }
    const auto answer =
        ask_for<worker::Samples>(worker::TakeRound{{order.begin(), order.end()}, spec.cache, spec.runs},
                                 at_least(limits_.sample, WorkerLimits::kSampleCopies * std::max(spec.runs, 1)), stop);
    if (!answer) {
      return tl::unexpected(answer.error());
    }
    if (answer->times_ns.size() != order.size()) {
      worker_.reset();
      return tl::unexpected(Trouble{
          Trouble::Kind::fault,
          {FailureKind::crash, fmt::format("its worker took {} samples of {}", answer->times_ns.size(), order.size())},
          {}});
    }
    std::vector<Sample> samples;
    for (size_t i = 0; i < order.size(); ++i) {
      samples.push_back({order[i], answer->times_ns[i]});
    }
    return samples;
  }

  // Runs the variants of a round one after the other, each with a copy after it that shows what it
  // broke, until one is to blame; those that ran at `position` or would have after it come first, as a
  // GPU is given work ahead. Nothing where none is to blame. Else the trouble with it, or another that
  // ends the round.
  std::optional<Trouble> find_culprit(std::span<const Handle> order, size_t position, const RoundSpec& spec,
                                      const std::stop_token& stop) {
    std::set<Handle> cleared = {kCopy};
    for (size_t step = 0; step < order.size(); ++step) {
      const size_t i = (position + step) % order.size();
      if (!cleared.insert(order[i]).second) {
        continue;
      }
      for (bool was_alone = false;;) {
        was_alone = alone(order[i]);
        auto samples = take(std::vector<Handle>{order[i], kCopy}, spec, stop);
        if (samples) {
          break;
        }
        Trouble& trouble = samples.error();
        if (trouble.kind == Trouble::Kind::refused || (gone(trouble) && was_alone)) {
          trouble.position = i;
          return trouble;
        }
        if (!gone(trouble)) {
          return trouble;
        }
      }
    }
    return std::nullopt;
  }

  const std::shared_ptr<Workers> workers_;
  const WorkerLimits& limits_;
  const Workload workload_;
  const uint64_t seed_;
  bool started_ = false;
  double copy_ns_ = 0;
  std::map<Handle, Kept> artifacts_;
  Handle next_ = 0;
  int warm_runs_ = 0;  // before each counted run

  std::unique_ptr<WorkerProcess> worker_;  // null until one is needed
  std::set<Handle> loaded_;                // in it
  std::set<Handle> seen_;                  // loaded in it at any time
};

// Two tries where the worker died over it: one that somebody killed is no reason to give up, but one
// that the kernel killed for want of memory would be killed again and again.
template <class Try>
auto twice(const WorkerOptions& options, Try attempt) {
  auto result = attempt();
  if (!result && result.error().kind == ErrorKind::failed && !options.stop.stop_requested()) {
    result = attempt();
  }
  return result;
}

class WorkerDevice final : public Device {
 public:
  WorkerDevice(std::shared_ptr<Workers> workers, DeviceInfo info)
      : workers_(std::move(workers)), info_(std::move(info)) {}

  [[nodiscard]] const DeviceInfo& info() const override { return info_; }

  // 0 where no worker answers: open() will say why.
  [[nodiscard]] int64_t memory_needed(const Workload& workload) const override {
    auto process = workers_->take({});
    if (!process) {
      return 0;
    }
    const auto reply = (*process)->ask(worker::MemoryNeeded{workload}, {}, workers_->limits().other, {});
    if (!reply) {
      return 0;
    }
    workers_->give_back(*std::move(process));
    const auto* memory = std::get_if<worker::Memory>(&*reply);
    return memory == nullptr ? 0 : memory->bytes;
  }

  Expected<std::unique_ptr<Session>> open(const Workload& workload, uint64_t seed) override {
    auto session = std::make_unique<WorkerSession>(workers_, workload, seed);
    if (auto started = twice(workers_->options(), [&] { return session->start({}); }); !started) {
      return tl::unexpected(started.error());
    }
    return session;
  }

 private:
  const std::shared_ptr<Workers> workers_;
  const DeviceInfo info_;
};

}  // namespace

Expected<std::unique_ptr<Device>> open_worker_device(WorkerOptions options) {
  auto workers = std::make_shared<Workers>(std::move(options));
  auto process = twice(workers->options(), [&] { return workers->take({}); });
  if (!process) {
    return tl::unexpected(process.error());
  }
  workers->give_back(*std::move(process));
  return std::make_unique<WorkerDevice>(workers, workers->info());
}

}  // namespace scantune
