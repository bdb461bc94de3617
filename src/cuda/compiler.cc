// Variants into artifacts: NVRTC behind a pool of processes and a cache on disk.
#include <algorithm>
#include <chrono>
#include <mutex>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "catalog/catalog.h"
#include "cuda/compile_pool.h"
#include "cuda/cubin_cache.h"
#include "cuda/cuda.h"
#include "cuda/nvrtc.h"

namespace scantune::cuda {
namespace {

using Clock = std::chrono::steady_clock;

int process_count(const CompilerOptions& options) {
  if (options.in_process) {
    return 1;
  }
  return options.processes > 0 ? options.processes : std::max(1, static_cast<int>(std::thread::hardware_concurrency()));
}

// Each entry once, in the order of the launches.
wire::CompileRequest request_for(const Kernel& kernel, const std::vector<Launch>& launches, const Chip& chip,
                                 CompilerOptions::Image image) {
  wire::CompileRequest request{.sources = kernel.sources,
                               .options = image == CompilerOptions::Image::tuned
                                              ? nvrtc_options(chip)
                                              : nvrtc_export_options(chip, image == CompilerOptions::Image::ptx),
                               .expressions = {}};
  for (const Launch& launch : launches) {
    if (std::ranges::find(request.expressions, launch.entry) == request.expressions.end()) {
      request.expressions.push_back(launch.entry);
    }
  }
  return request;
}

class NvrtcCompiler final : public Compiler {
 public:
  NvrtcCompiler(CompilerOptions options, std::string identity)
      : image_(options.image),
        in_process_(options.in_process),
        concurrency_(process_count(options)),
        cache_(std::move(options.cache_dir), std::move(identity)),
        pool_(std::move(options.executable), concurrency_, options.time_limit) {}

  [[nodiscard]] int concurrency() const override { return concurrency_; }

  tl::expected<Artifact, Failure> compile(const Kernel& kernel, const Workload& workload, const Variant& variant,
                                          const Chip& chip) override;

  [[nodiscard]] std::string build_digest(const Kernel& kernel, const Workload& workload, const Variant& variant,
                                         const Chip& chip) const override {
    return cache_.key(request_for(kernel, kernel.launches(variant, workload, chip), chip, image_));
  }

  void cancel() override { pool_.cancel(); }

 private:
  tl::expected<wire::CompileReply, Failure> run(const wire::CompileRequest& request);

  const CompilerOptions::Image image_;
  const bool in_process_;
  const int concurrency_;
  const CubinCache cache_;
  CompilePool pool_;
  std::mutex in_process_mutex_;
};

tl::expected<wire::CompileReply, Failure> NvrtcCompiler::run(const wire::CompileRequest& request) {
  if (!in_process_) {
    return pool_.compile(request);
  }
  const std::lock_guard lock(in_process_mutex_);
  return compile_with_nvrtc(request);
}

tl::expected<Artifact, Failure> NvrtcCompiler::compile(const Kernel& kernel, const Workload& workload,
                                                       const Variant& variant, const Chip& chip) {
  const auto start = Clock::now();
  Artifact artifact;
  artifact.variant = variant;
  artifact.launches = kernel.launches(variant, workload, chip);
  artifact.workspace_bytes = kernel.workspace_bytes(variant, workload, chip);

  const wire::CompileRequest request = request_for(kernel, artifact.launches, chip, image_);
  const std::string key = cache_.key(request);
  auto cached = cache_.find(key, request.expressions.size());
  artifact.from_cache = cached.has_value();
  wire::CompileReply compiled;
  if (cached) {
    compiled = *std::move(cached);
  } else {
    auto reply = run(request);
    if (!reply) {
      return tl::unexpected(reply.error());
    }
    if (!reply->error.empty()) {
      return tl::unexpected(Failure{FailureKind::compile, reply->error});
    }
    if (reply->entries.size() != request.expressions.size()) {
      return tl::unexpected(Failure{FailureKind::compile, "the compiler process answered another question"});
    }
    cache_.keep(key, *reply);
    compiled = *std::move(reply);
  }

  for (const Launch& launch : artifact.launches) {
    const auto index = std::ranges::find(request.expressions, launch.entry) - request.expressions.begin();
    const wire::CompiledEntry& entry = compiled.entries[static_cast<size_t>(index)];
    artifact.functions.push_back(entry.function);
    artifact.resources.push_back({.entry = launch.entry,
                                  .registers_per_thread = entry.registers_per_thread,
                                  .static_shared_bytes = entry.static_shared_bytes,
                                  .dynamic_shared_bytes = launch.shared_bytes,
                                  .spill_bytes = entry.spill_bytes,
                                  .block_threads = launch.block_threads,
                                  .grid_blocks = launch.grid_blocks});
  }
  artifact.image = std::make_shared<const std::string>(std::move(compiled.image));
  artifact.compile_s = std::chrono::duration<double>(Clock::now() - start).count();
  return artifact;
}

}  // namespace

Expected<std::unique_ptr<Compiler>> make_compiler(CompilerOptions options) {
  auto identity = nvrtc_identity();
  if (!identity) {
    return tl::unexpected(identity.error());
  }
  return std::make_unique<NvrtcCompiler>(std::move(options), *std::move(identity));
}

Expected<std::string> compiler_name() {
  return nvrtc_version().map([](const std::string& version) { return "NVRTC " + version; });
}

}  // namespace scantune::cuda
