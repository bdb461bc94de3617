#include "cuda/session.h"

#include <algorithm>
#include <utility>

#include "cuda/pm_sampler.h"

namespace scantune::cuda {
namespace {

// Variants bring code and workspace of their own; this much is set aside for them.
constexpr int kLaunchesOverlap = 90;

int64_t allowance_bytes(const Workload& workload) { return workload.bytes_read() / 64 + (int64_t{64} << 20); }

// A block gets this much shared memory without asking.
constexpr int64_t kSharedBytesWithoutOptIn = int64_t{48} << 10;

constexpr int64_t kMaxGridBlocks = (int64_t{1} << 31) - 1;

Expected<void> as_expected(const tl::expected<void, Failure>& result) {
  if (!result) {
    return tl::unexpected(to_error(result.error()));
  }
  return {};
}

Failure as_load_failure(Failure failure) {
  if (failure.kind == FailureKind::launch) {
    failure.kind = FailureKind::load;
  }
  return failure;
}

}  // namespace

int64_t CudaSession::footprint(const Workload& workload, const Chip& chip) {
  // The largest shapes there are would overflow; no device holds a quarter of that.
  constexpr int64_t kMost = int64_t{1} << 60;
  return Guarded::footprint(std::min(workload.input_bytes(), kMost)) +
         Guarded::footprint(std::min(workload.bytes_written(), kMost)) +
         std::min(Verifier::footprint(workload, chip), kMost) + std::min(allowance_bytes(workload), kMost) +
         rotation_sets(workload, chip) * 2 * rotation_stride(workload);
}

// Beside the session's own tensors: as many more as are at least twice the L2 together, so that a run
// finds nothing of its own there when its turn comes again; for tiny tensors as many as a sample has
// runs. None for tensors larger than twice the L2.
int64_t CudaSession::rotation_sets(const Workload& workload, const Chip& chip) {
  constexpr int64_t kMost = 512;
  const int64_t set_bytes = std::max<int64_t>(workload.bytes_read(), 1) + workload.bytes_written();
  const int64_t cache_bytes = 2 * std::max<int64_t>(chip.cache_bytes, 1);
  return set_bytes >= cache_bytes ? 0 : std::min(kMost, (cache_bytes + set_bytes - 1) / set_bytes);
}

int64_t CudaSession::rotation_stride(const Workload& workload) {
  constexpr int64_t kAlignment = 4096;  // as aligned as anything a kernel asks for, and as allocations are
  const int64_t bytes = std::min(std::max(workload.bytes_read(), workload.bytes_written()), int64_t{1} << 60);
  return (bytes + kAlignment - 1) / kAlignment * kAlignment;
}

CudaSession::CudaSession(ContextPtr context, int ordinal, const Chip& chip, Workload workload, Stream stream,
                         Verifier verifier)
    : context_(std::move(context)),
      ordinal_(ordinal),
      workload_(std::move(workload)),
      overlaps_(chip.compute_capability >= kLaunchesOverlap),
      rotation_sets_(rotation_sets(workload_, chip)),
      stream_(std::move(stream)),
      verifier_(std::move(verifier)) {}

CudaSession::~CudaSession() {
  (void)context_->enter();
  profiler_.reset();  // which wants the context current
}

tl::expected<std::unique_ptr<Session>, Failure> CudaSession::open(const ContextPtr& context, int ordinal,
                                                                  const DeviceInfo& info, const Workload& workload,
                                                                  const Artifact& verification, uint64_t seed) {
  if (auto entered = context->enter(); !entered) {
    return tl::unexpected(entered.error());
  }
  auto stream = make_stream(context);
  if (!stream) {
    return tl::unexpected(stream.error());
  }
  auto verifier = Verifier::create(context, stream->get(), verification, workload, info.chip, seed);
  if (!verifier) {
    return tl::unexpected(verifier.error());
  }
  std::unique_ptr<CudaSession> session(
      new CudaSession(context, ordinal, info.chip, workload, *std::move(stream), *std::move(verifier)));
  session->clocks_ = ClockWatch::open(info.uuid);
  auto ready = session->allocate_tensors();
  if (ready) {
    // What timing runs read; integers have no bound test.
    ready = session->set_input(session->timing_input());
  }
  if (!ready) {
    return tl::unexpected(ready.error());
  }
  return session;
}

tl::expected<void, Failure> CudaSession::allocate_tensors() {
  struct Tensor {
    Guarded* tensor;
    int64_t bytes;
    int64_t allocated;
    unsigned char pattern;
  };
  // The input's guards are poison, so that a value read from beyond its ends shows in the result.
  for (const Tensor& wanted : {Tensor{&in_, workload_.bytes_read(), workload_.input_bytes(), Verifier::kPoison},
                               Tensor{&out_, workload_.bytes_written(), workload_.bytes_written(), 0xA5}}) {
    auto buffer = allocate(context_, Guarded::footprint(wanted.allocated));
    if (!buffer) {
      return tl::unexpected(buffer.error());
    }
    wanted.tensor->buffer = *std::move(buffer);
    wanted.tensor->bytes = wanted.bytes;
    wanted.tensor->pattern = wanted.pattern;
    if (auto guarded = verifier_.guard(*wanted.tensor); !guarded) {
      return guarded;
    }
  }
  return {};
}

tl::expected<void, Failure> CudaSession::grow_workspace(int64_t bytes) {
  if (bytes <= workspace_bytes_) {
    return {};
  }
  SCANTUNE_CU(context_->driver(), FailureKind::device, StreamSynchronize, stream_.get());
  graphs_.clear();  // which hold its address
  workspace_ = Buffer();
  workspace_bytes_ = 0;
  auto buffer = allocate(context_, bytes);
  if (!buffer) {
    return tl::unexpected(buffer.error());
  }
  workspace_ = *std::move(buffer);
  workspace_bytes_ = bytes;
  return {};
}

tl::expected<Handle, Failure> CudaSession::load(const Artifact& artifact) {
  if (auto entered = context_->enter(); !entered) {
    return tl::unexpected(entered.error());
  }
  if (artifact.image == nullptr || artifact.functions.size() != artifact.launches.size()) {
    return tl::unexpected(Failure{FailureKind::load, "the artifact has no machine code for a GPU"});
  }
  const Driver& driver = context_->driver();
  auto module = load_module(context_, *artifact.image);
  if (!module) {
    return tl::unexpected(as_load_failure(module.error()));
  }
  Loaded variant{.module = *std::move(module),
                 .launches = artifact.launches,
                 .functions = {},
                 .resources = artifact.resources,
                 .workspace_bytes = artifact.workspace_bytes};
  variant.resources.resize(artifact.launches.size());

  for (size_t i = 0; i < artifact.launches.size(); ++i) {
    const Launch& launch = artifact.launches[i];
    if (launch.grid_blocks < 1 || launch.grid_blocks > kMaxGridBlocks) {
      return tl::unexpected(Failure{FailureKind::load, fmt::format("{}: a grid of {} blocks; 1 to {} are possible",
                                                                   launch.entry, launch.grid_blocks, kMaxGridBlocks)});
    }
    CUfunction function = nullptr;
    SCANTUNE_CU(driver, FailureKind::load, ModuleGetFunction, &function, variant.module.get(),
                artifact.functions[i].c_str());
    const auto attribute = [&](CUfunction_attribute which, auto& value) {
      int read = 0;
      const CUresult result = driver.FuncGetAttribute(&read, which, function);
      value = read;
      return result == CUDA_SUCCESS;
    };
    EntryResources& used = variant.resources[i];
    used.entry = launch.entry;
    used.block_threads = launch.block_threads;
    used.grid_blocks = launch.grid_blocks;
    used.dynamic_shared_bytes = launch.shared_bytes;
    if (!attribute(CU_FUNC_ATTRIBUTE_NUM_REGS, used.registers_per_thread) ||
        !attribute(CU_FUNC_ATTRIBUTE_SHARED_SIZE_BYTES, used.static_shared_bytes) ||
        !attribute(CU_FUNC_ATTRIBUTE_LOCAL_SIZE_BYTES, used.spill_bytes)) {
      return tl::unexpected(
          Failure{FailureKind::load, fmt::format("{}: the driver does not say what it uses", launch.entry)});
    }
    if (used.static_shared_bytes + launch.shared_bytes > kSharedBytesWithoutOptIn) {
      SCANTUNE_CU(driver, FailureKind::load, FuncSetAttribute, function,
                  CU_FUNC_ATTRIBUTE_MAX_DYNAMIC_SHARED_SIZE_BYTES, static_cast<int>(launch.shared_bytes));
    }
    SCANTUNE_CU(driver, FailureKind::load, OccupancyMaxActiveBlocksPerMultiprocessor, &used.blocks_per_sm, function,
                launch.block_threads, static_cast<size_t>(launch.shared_bytes));
    variant.functions.push_back(function);
  }
  if (auto grown = grow_workspace(variant.workspace_bytes); !grown) {
    return tl::unexpected(grown.error());
  }
  loaded_.emplace(next_handle_, std::move(variant));
  return next_handle_++;
}

void CudaSession::unload(Handle handle) {
  graphs_.erase(handle);
  loaded_.erase(handle);
}

std::vector<EntryResources> CudaSession::resources(Handle handle) const { return loaded_.at(handle).resources; }

tl::expected<void, Failure> CudaSession::enqueue_launch(const Loaded& variant, size_t index, const Tensors& tensors,
                                                        bool may_overlap) const {
  CUdeviceptr in = tensors.in;
  CUdeviceptr out = tensors.out;
  CUdeviceptr workspace = workspace_.get();
  Geometry geometry = workload_.geometry();
  void* arguments[] = {&in, &out, &workspace, &geometry.outer, &geometry.n, &geometry.inner};
  const Launch& launch = variant.launches[index];
  CUlaunchAttribute overlap{};
  overlap.id = CU_LAUNCH_ATTRIBUTE_PROGRAMMATIC_STREAM_SERIALIZATION;
  overlap.value.programmaticStreamSerializationAllowed = 1;
  CUlaunchConfig config{};
  config.gridDimX = static_cast<unsigned>(launch.grid_blocks);
  config.gridDimY = config.gridDimZ = 1;
  config.blockDimX = static_cast<unsigned>(launch.block_threads);
  config.blockDimY = config.blockDimZ = 1;
  config.sharedMemBytes = static_cast<unsigned>(launch.shared_bytes);
  config.hStream = stream_.get();
  config.attrs = &overlap;
  config.numAttrs = may_overlap && launch.overlaps && overlaps_ ? 1 : 0;
  SCANTUNE_CU(context_->driver(), FailureKind::launch, LaunchKernelEx, &config, variant.functions[index], arguments,
              nullptr);
  return {};
}

tl::expected<void, Failure> CudaSession::enqueue_run(const Loaded& variant, const Tensors& tensors,
                                                     bool behind_a_run) const {
  for (size_t i = 0; i < variant.launches.size(); ++i) {
    if (auto enqueued = enqueue_launch(variant, i, tensors, behind_a_run || i > 0); !enqueued) {
      return enqueued;
    }
  }
  return {};
}

// --- Verification -----------------------------------------------------------------------------------

tl::expected<void, Failure> CudaSession::set_input(Input input) {
  if (input == input_) {
    return {};
  }
  input_ = Input::none;
  auto generated = input == Input::exact ? verifier_.generate_exact(in_) : verifier_.generate_mixed(in_);
  if (generated) {
    input_ = input;
  }
  return generated;
}

tl::expected<void, Failure> CudaSession::run_poisoned(const Loaded& variant) {
  const Driver& driver = context_->driver();
  SCANTUNE_CU(driver, FailureKind::device, MemsetD8Async, out_.data(), Verifier::kPoison,
              static_cast<size_t>(out_.bytes), stream_.get());
  if (workspace_bytes_ > 0) {
    SCANTUNE_CU(driver, FailureKind::device, MemsetD8Async, workspace_.get(), Verifier::kPoison,
                static_cast<size_t>(workspace_bytes_), stream_.get());
  }
  return enqueue_run(variant, own_tensors(), false);
}

tl::expected<void, Failure> CudaSession::verify_with(const Loaded& variant, Input input) {
  auto done = set_input(input);
  if (done) {
    done = run_poisoned(variant);
  }
  if (!done) {
    return done;
  }
  done = input == Input::exact ? verifier_.check_exact(in_, out_) : verifier_.check_mixed(in_, out_);
  if (!done && done.error().kind == FailureKind::wrong_result) {
    // It may have written anywhere in the tensors: the next variant must not pay for that.
    input_ = Input::none;
    for (const Guarded* tensor : {&in_, &out_}) {
      if (auto mended = verifier_.guard(*tensor); !mended) {
        return mended;
      }
    }
  }
  return done;
}

tl::expected<void, Failure> CudaSession::verify(Handle handle) {
  profiler_.reset();
  if (auto entered = context_->enter(); !entered) {
    return entered;
  }
  const Loaded& variant = loaded_.at(handle);
  // The input that is there first: it was left by the variant before, and generating one takes as long as a run.
  std::vector<Input> inputs = {Input::exact};
  if (is_floating(workload_.dtype)) {
    inputs.insert(input_ == Input::mixed ? inputs.begin() : inputs.end(), Input::mixed);
  }
  tl::expected<void, Failure> done;
  for (size_t i = 0; i < inputs.size() && done; ++i) {
    done = verify_with(variant, inputs[i]);
  }
  if (!done && done.error().kind == FailureKind::wrong_result && inputs.front() == Input::mixed) {
    // The exact test names the elements, where it sees the fault, too.
    if (auto exact = verify_with(variant, Input::exact); !exact) {
      return exact;
    }
  }
  return done;
}

// --- Counters ---------------------------------------------------------------------------------------

tl::expected<void, Failure> CudaSession::wait_for_stream() {
  SCANTUNE_CU(context_->driver(), FailureKind::device, StreamSynchronize, stream_.get());
  return {};
}

tl::expected<Profile, Failure> CudaSession::profile(Handle handle, const std::vector<std::string>& metrics) {
  if (auto entered = context_->enter(); !entered) {
    return tl::unexpected(entered.error());
  }
  if (profiler_ == nullptr) {
    profiler_ = make_profiler(context_->handle(), ordinal_);
  }
  if (auto input = set_input(timing_input()); !input) {
    return tl::unexpected(input.error());
  }
  const Loaded& variant = loaded_.at(handle);
  const RoundSpec spec{.cache = workload_.cache};
  std::vector<ProfiledLaunch> launches;
  for (size_t i = 0; i < variant.launches.size(); ++i) {
    launches.push_back(
        {.entry = variant.launches[i].entry,
         .enqueue = [this, &variant, i] { return as_expected(enqueue_launch(variant, i, own_tensors(), false)); },
         .resources = variant.resources[i]});
  }
  PassHooks hooks;
  hooks.before = [&] { return as_expected(prepare_cache(handle, spec)); };
  const bool cold = spec.cache == CacheState::cold;
  if (cold || warm_runs_ > 0) {
    hooks.lead = [&]() -> Expected<void> {
      for (int run = 0; run < warm_runs_; ++run) {
        for (const ProfiledLaunch& launch : launches) {
          if (auto enqueued = launch.enqueue(); !enqueued) {
            return enqueued;
          }
        }
      }
      return cold ? as_expected(verifier_.flush_cache()) : Expected<void>{};
    };
    hooks.lead_kernels = static_cast<size_t>(warm_runs_) * launches.size() + (cold ? 1 : 0);
  }
  hooks.synchronize = [&] { return as_expected(wait_for_stream()); };
  return profiler_->profile(launches, metrics, hooks);
}

tl::expected<Timeline, Failure> CudaSession::timeline(Handle handle, const TimelineSpec& spec) {
  if (auto entered = context_->enter(); !entered) {
    return tl::unexpected(entered.error());
  }
  profiler_.reset();  // a device is profiled in one way at a time
  if (auto input = set_input(timing_input()); !input) {
    return tl::unexpected(input.error());
  }
  const Loaded& variant = loaded_.at(handle);
  SampledRun run;
  run.before = [&] { return as_expected(prepare_cache(handle, {.cache = workload_.cache})); };
  run.enqueue = [&] { return as_expected(enqueue_run(variant, own_tensors(), false)); };
  run.synchronize = [&] { return as_expected(wait_for_stream()); };
  return sample_run(ordinal_, spec, run);
}

}  // namespace scantune::cuda
