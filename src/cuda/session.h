// One workload on one GPU. Included by the .cc files of this folder only.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <utility>
#include <vector>

#include "cuda/clock_watch.h"
#include "cuda/context.h"
#include "cuda/counters.h"
#include "cuda/verifier.h"
#include "device/device.h"

namespace scantune::cuda {

// Where a run reads and writes.
struct Tensors {
  CUdeviceptr in = 0;
  CUdeviceptr out = 0;
};

class CudaSession final : public Session {
 public:
  // Device memory a session takes, an allowance for the variants' workspace and code included.
  static int64_t footprint(const Workload& workload, const Chip& chip);

  // `verification` is the artifact of verification::kernel() for this workload and chip.
  static tl::expected<std::unique_ptr<Session>, Failure> open(const ContextPtr& context, int ordinal,
                                                              const DeviceInfo& info, const Workload& workload,
                                                              const Artifact& verification, uint64_t seed);

  ~CudaSession() override;
  CudaSession(const CudaSession&) = delete;
  CudaSession& operator=(const CudaSession&) = delete;

  tl::expected<Handle, Failure> load(const Artifact& artifact) override;
  void unload(Handle handle) override;
  [[nodiscard]] std::vector<EntryResources> resources(Handle handle) const override;
  tl::expected<void, Failure> verify(Handle handle) override;
  tl::expected<std::vector<Sample>, RoundFault> round(std::span<const Handle> order, const RoundSpec& spec,
                                                      std::stop_token stop) override;
  void on_begin(const std::function<void(size_t)>& begin) override { on_begin_ = begin; }
  void on_enqueue(const EnqueueHooks& hooks) override { on_enqueue_ = hooks; }
  [[nodiscard]] std::string disturbance() override;
  tl::expected<Profile, Failure> profile(Handle handle, const std::vector<std::string>& metrics) override;
  tl::expected<Timeline, Failure> timeline(Handle handle, const TimelineSpec& spec) override;
  void warm_before_profiles(int runs) override { warm_runs_ = runs; }

 private:
  struct Loaded {
    Module module;
    std::vector<Launch> launches;
    std::vector<CUfunction> functions;
    std::vector<EntryResources> resources;
    int64_t workspace_bytes = 0;
  };
  enum class Input { none, exact, mixed };

  CudaSession(ContextPtr context, int ordinal, const Chip& chip, Workload workload, Stream stream, Verifier verifier);

  static int64_t rotation_sets(const Workload& workload, const Chip& chip);
  static int64_t rotation_stride(const Workload& workload);  // bytes from one tensor to the next
  // What timed and profiled runs read, whatever was verified before; integers have no bound test.
  [[nodiscard]] Input timing_input() const { return is_floating(workload_.dtype) ? Input::mixed : Input::exact; }

  tl::expected<void, Failure> allocate_tensors();
  tl::expected<void, Failure> grow_workspace(int64_t bytes);
  tl::expected<void, Failure> set_input(Input input);
  tl::expected<void, Failure> run_poisoned(const Loaded& variant);
  tl::expected<void, Failure> verify_with(const Loaded& variant, Input input);

  tl::expected<void, Failure> wait_for_stream();
  // These enqueue and return. `may_overlap`: with the launch in front of it, where the launch allows that.
  // `behind_a_run`: what is in front is a run, whose end the first launch may overlap, not the beginning of a sample.
  tl::expected<void, Failure> enqueue_launch(const Loaded& variant, size_t index, const Tensors& tensors,
                                             bool may_overlap) const;
  tl::expected<void, Failure> enqueue_run(const Loaded& variant, const Tensors& tensors, bool behind_a_run) const;
  tl::expected<void, Failure> enqueue(Handle handle, const Tensors& tensors, bool behind_a_run) const;
  tl::expected<void, Failure> enqueue_sample(Handle handle, const RoundSpec& spec);
  tl::expected<void, Failure> prepare_cache(Handle handle, const RoundSpec& spec);

  [[nodiscard]] Tensors own_tensors() const { return {in_.data(), out_.data()}; }
  tl::expected<void, Failure> ensure_events(size_t count);
  tl::expected<void, Failure> ensure_rotation();
  tl::expected<void, Failure> ensure_graph(Handle handle, const RoundSpec& spec);
  [[nodiscard]] tl::expected<Graph, Failure> capture(Handle handle, const RoundSpec& spec) const;

  ContextPtr context_;
  const int ordinal_;
  const Workload workload_;
  const bool overlaps_;  // whether launches can
  const int64_t rotation_sets_;
  Stream stream_;
  Verifier verifier_;
  Guarded in_;
  Guarded out_;
  Buffer workspace_;
  int64_t workspace_bytes_ = 0;
  Input input_ = Input::none;
  std::map<Handle, Loaded> loaded_;
  Handle next_handle_ = 0;
  std::vector<Event> events_;  // a pair a sample of a round

  // For samples of several runs.
  struct Runs {
    RoundSpec spec;
    Graph graph;
  };
  Buffer rotation_;                // what `sets_` are in, but for the first
  std::vector<Tensors> sets_;      // take turns where the cache must be cold; the first is the session's own
  std::map<Handle, Runs> graphs_;  // before `loaded_` goes, whose code they run

  std::unique_ptr<ClockWatch> clocks_;
  std::function<void(size_t)> on_begin_;
  EnqueueHooks on_enqueue_;
  int warm_runs_ = 0;                   // before each counted run
  std::unique_ptr<Profiler> profiler_;  // while counters are being read: it slows launches
};

}  // namespace scantune::cuda
