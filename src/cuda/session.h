// One workload on one GPU. Included by the .cc files of this folder only.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <vector>

#include "cuda/context.h"
#include "cuda/counters.h"
#include "cuda/verifier.h"
#include "device/device.h"

namespace scantune::cuda {

class CudaSession final : public Session {
 public:
  // Device memory a session takes, an allowance for the variants' workspace and code included.
  static int64_t footprint(const Workload& workload, const Chip& chip);

  // `verification` is the artifact of verification::kernel() for this workload and chip.
  static tl::expected<std::unique_ptr<Session>, Failure> open(const ContextPtr& context, int ordinal, const Chip& chip,
                                                              const Workload& workload, const Artifact& verification,
                                                              uint64_t seed);

  ~CudaSession() override;
  CudaSession(const CudaSession&) = delete;
  CudaSession& operator=(const CudaSession&) = delete;

  tl::expected<Handle, Failure> load(const Artifact& artifact) override;
  void unload(Handle handle) override;
  [[nodiscard]] std::vector<EntryResources> resources(Handle handle) const override;
  tl::expected<void, Failure> verify(Handle handle) override;
  tl::expected<std::vector<Sample>, RoundFault> round(std::span<const Handle> order, const RoundSpec& spec,
                                                      std::stop_token stop) override;
  void on_begin(const std::function<void(size_t)>& begin) override { begin_ = begin; }
  tl::expected<Profile, Failure> profile(Handle handle, const std::vector<std::string>& metrics) override;

 private:
  struct Loaded {
    Module module;
    std::vector<Launch> launches;
    std::vector<CUfunction> functions;
    std::vector<EntryResources> resources;
    int64_t workspace_bytes = 0;
  };
  enum class Input { none, exact, mixed };

  CudaSession(ContextPtr context, int ordinal, Workload workload, Stream stream, Verifier verifier);

  tl::expected<void, Failure> allocate_tensors();
  tl::expected<void, Failure> grow_workspace(int64_t bytes);
  tl::expected<void, Failure> set_input(Input input);
  tl::expected<void, Failure> run_poisoned(const Loaded& variant);
  tl::expected<void, Failure> verify_with(const Loaded& variant, Input input);

  // These enqueue and return.
  tl::expected<void, Failure> enqueue_launch(const Loaded& variant, size_t index) const;
  tl::expected<void, Failure> enqueue(Handle handle) const;
  tl::expected<void, Failure> prepare_cache(CacheState cache, Handle handle) const;

  tl::expected<void, Failure> ensure_events(size_t count);

  ContextPtr context_;
  const int ordinal_;
  const Workload workload_;
  Stream stream_;
  Verifier verifier_;
  Guarded in_;
  Guarded out_;
  Buffer workspace_;
  int64_t workspace_bytes_ = 0;
  Input input_ = Input::none;
  std::map<Handle, Loaded> loaded_;
  Handle next_handle_ = 0;
  std::function<void(size_t)> begin_;
  std::vector<Event> events_;           // a pair a sample of a round
  std::unique_ptr<Profiler> profiler_;  // while counters are being read: it slows launches
};

}  // namespace scantune::cuda
