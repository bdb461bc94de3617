// Rounds: samples on the GPU's own clock.
#include <algorithm>
#include <utility>

#include "cuda/session.h"

namespace scantune::cuda {
namespace {

// Samples a round keeps enqueued ahead of the GPU: enough that it never waits for the host, few
// enough that a stop request is soon obeyed.
constexpr size_t kQueued = 6;

}  // namespace

tl::expected<void, Failure> CudaSession::ensure_events(size_t count) {
  while (events_.size() < count) {
    auto event = make_event(context_);
    if (!event) {
      return tl::unexpected(event.error());
    }
    events_.push_back(*std::move(event));
  }
  return {};
}

tl::expected<void, Failure> CudaSession::enqueue(Handle handle, const Tensors& tensors, bool behind_a_run) const {
  if (handle == kCopy) {
    SCANTUNE_CU(context_->driver(), FailureKind::launch, MemcpyDtoDAsync, tensors.out, tensors.in,
                static_cast<size_t>(workload_.copy_bytes()), stream_.get());
    return {};
  }
  return enqueue_run(loaded_.at(handle), tensors, behind_a_run);
}

// --- Samples of several runs ---------------------------------------------------------------------------

tl::expected<void, Failure> CudaSession::ensure_rotation() {
  if (!sets_.empty()) {
    return {};
  }
  std::vector<Tensors> sets = {own_tensors()};
  if (rotation_sets_ > 0) {
    const int64_t stride = rotation_stride(workload_);
    auto buffer = allocate(context_, 2 * rotation_sets_ * stride);
    if (!buffer) {
      return tl::unexpected(buffer.error());
    }
    rotation_ = *std::move(buffer);
    for (int64_t i = 0; i < rotation_sets_; ++i) {
      const auto at = [&](int64_t tensor) { return rotation_.get() + static_cast<CUdeviceptr>(tensor * stride); };
      const Tensors set{.in = at(2 * i), .out = at(2 * i + 1)};
      SCANTUNE_CU(context_->driver(), FailureKind::device, MemcpyDtoDAsync, set.in, in_.data(),
                  static_cast<size_t>(in_.bytes), stream_.get());
      sets.push_back(set);
    }
  }
  sets_ = std::move(sets);
  return {};
}

tl::expected<Graph, Failure> CudaSession::capture(Handle handle, const RoundSpec& spec) const {
  const Driver& driver = context_->driver();
  SCANTUNE_CU(driver, FailureKind::device, StreamBeginCapture, stream_.get(), CU_STREAM_CAPTURE_MODE_THREAD_LOCAL);
  tl::expected<void, Failure> done;
  for (int run = 0; run < spec.runs && done; ++run) {
    // A hot cache is one that the run before has just used.
    const size_t set = spec.cache == CacheState::cold ? static_cast<size_t>(run) % sets_.size() : 0;
    done = enqueue(handle, sets_[set], run > 0);
  }
  CUgraph graph = nullptr;
  const CUresult ended = driver.StreamEndCapture(stream_.get(), &graph);
  if (!done) {
    if (graph != nullptr) {
      driver.GraphDestroy(graph);
    }
    return tl::unexpected(done.error());
  }
  if (ended != CUDA_SUCCESS) {
    return tl::unexpected(describe(driver, "cuStreamEndCapture", ended, FailureKind::launch));
  }
  CUgraphExec executable = nullptr;
  const CUresult made = driver.GraphInstantiateWithFlags(&executable, graph, 0);
  driver.GraphDestroy(graph);
  if (made != CUDA_SUCCESS) {
    return tl::unexpected(describe(driver, "cuGraphInstantiateWithFlags", made, FailureKind::launch));
  }
  return Graph(context_, executable);
}

tl::expected<void, Failure> CudaSession::ensure_graph(Handle handle, const RoundSpec& spec) {
  if (spec.runs == 1) {
    return {};
  }
  if (const auto it = graphs_.find(handle); it != graphs_.end() && it->second.spec == spec) {
    return {};
  }
  graphs_.erase(handle);
  auto graph = ensure_rotation().and_then([&] { return capture(handle, spec); });
  if (!graph) {
    return tl::unexpected(graph.error());
  }
  // The first launch of a graph pays for its way to the GPU.
  SCANTUNE_CU(context_->driver(), FailureKind::launch, GraphLaunch, graph->get(), stream_.get());
  graphs_.emplace(handle, Runs{spec, *std::move(graph)});
  return {};
}

// --- Rounds --------------------------------------------------------------------------------------------

tl::expected<void, Failure> CudaSession::enqueue_sample(Handle handle, const RoundSpec& spec) {
  if (spec.runs == 1) {
    return enqueue(handle, own_tensors(), false);
  }
  SCANTUNE_CU(context_->driver(), FailureKind::launch, GraphLaunch, graphs_.at(handle).graph.get(), stream_.get());
  return {};
}

tl::expected<void, Failure> CudaSession::prepare_cache(Handle handle, const RoundSpec& spec) {
  // Cold: the cache is full of clean lines, which cost nothing to replace. Hot: it holds whatever an
  // untimed run of the same leaves there, which also keeps the GPU busy until the timed one is enqueued.
  return spec.cache == CacheState::cold ? verifier_.flush_cache() : enqueue_sample(handle, spec);
}

tl::expected<std::vector<Sample>, RoundFault> CudaSession::round(std::span<const Handle> order, const RoundSpec& spec,
                                                                 std::stop_token stop) {
  profiler_.reset();
  const Driver& driver = context_->driver();
  const auto fault = [](std::optional<size_t> position, Failure failure) {
    return tl::unexpected(RoundFault{position, std::move(failure)});
  };
  auto done = context_->enter();
  if (done) {
    done = set_input(timing_input());
  }
  if (done) {
    done = ensure_events(2 * order.size());
  }
  if (!done) {
    return fault(std::nullopt, done.error());
  }
  // Before the first sample: making a graph takes the host longer than a sample takes the GPU.
  for (size_t i = 0; i < order.size(); ++i) {
    if (done = ensure_graph(order[i], spec); !done) {
      return fault(i, done.error());
    }
  }

  const auto begin = [&](size_t i) { return events_[2 * i].get(); };
  const auto end = [&](size_t i) { return events_[2 * i + 1].get(); };
  const auto enqueue_timed = [&](size_t i) -> tl::expected<void, Failure> {
    if (auto prepared = prepare_cache(order[i], spec); !prepared) {
      return prepared;
    }
    const EnqueueScope scope(on_enqueue_, i);
    SCANTUNE_CU(driver, FailureKind::device, EventRecord, begin(i), stream_.get());
    if (auto enqueued = enqueue_sample(order[i], spec); !enqueued) {
      return enqueued;
    }
    SCANTUNE_CU(driver, FailureKind::device, EventRecord, end(i), stream_.get());
    return {};
  };
  // To whoever watches this process a sample begins when the host waits for it: those before it have
  // ended, and those enqueued behind it have not begun.
  size_t announced = 0;
  const auto announce = [&](size_t i) {
    if (on_begin_ && i >= announced) {
      on_begin_(i);
      announced = i + 1;
    }
  };
  const auto wait_for = [&](size_t i) -> tl::expected<void, Failure> {
    announce(i);
    SCANTUNE_CU(driver, FailureKind::device, EventSynchronize, end(i));
    return {};
  };

  size_t enqueued = 0;
  size_t finished = 0;
  while (enqueued < order.size() && !stop.stop_requested()) {
    if (enqueued - finished == kQueued) {
      if (done = wait_for(finished); !done) {
        // The fault may be of any launch still in the queue, so nobody is blamed.
        return fault(std::nullopt, done.error());
      }
      ++finished;
    }
    if (done = enqueue_timed(enqueued); !done) {
      (void)driver.StreamSynchronize(stream_.get());
      return fault(enqueued, done.error());
    }
    ++enqueued;
  }

  std::vector<Sample> samples;
  for (size_t i = 0; i < enqueued; ++i) {
    float time_ms = 0;
    done = wait_for(i);
    const CUresult read = done ? driver.EventElapsedTime(&time_ms, begin(i), end(i)) : CUDA_SUCCESS;
    if (read != CUDA_SUCCESS) {
      done = tl::unexpected(describe(driver, "cuEventElapsedTime", read, FailureKind::device));
    }
    if (!done) {
      return fault(std::nullopt, done.error());
    }
    samples.push_back({order[i], static_cast<double>(time_ms) * 1e6 / spec.runs});
  }
  return samples;
}

std::string CudaSession::disturbance() { return clocks_ == nullptr ? std::string() : clocks_->slowed_by(); }

}  // namespace scantune::cuda
