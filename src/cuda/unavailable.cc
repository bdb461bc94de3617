// The CUDA backend of a binary built without the CUDA headers: every function says so.
#include "cuda/cuda.h"
#include "cuda/probes.h"

namespace scantune::cuda {
namespace {

tl::unexpected<Error> unavailable() {
  return fail(ErrorKind::environment,
              "this binary was built without CUDA; configure with -DSCANTUNE_CUDA=ON where the headers of CUDA 13 are");
}

}  // namespace

bool built_in() { return false; }

Tracer* nvtx() { return nullptr; }

Expected<void> find_driver() { return unavailable(); }

Expected<std::vector<DeviceInfo>> list_devices() { return unavailable(); }

// NOLINTNEXTLINE(performance-unnecessary-value-param): the signature is cuda.h's
Expected<std::unique_ptr<Compiler>> make_compiler(CompilerOptions /*options*/) { return unavailable(); }

Expected<std::string> compiler_name() { return unavailable(); }

int serve_compiles() { return 2; }

Expected<std::unique_ptr<Device>> open_device(int /*ordinal*/, Compiler& /*compiler*/) { return unavailable(); }

void preload_driver() {}

void preload_counters() {}

Expected<std::string> probe_driver() { return unavailable(); }

Expected<std::string> probe_nvrtc() { return unavailable(); }

Expected<std::string> probe_cupti() { return unavailable(); }

Expected<void> probe_counters(int /*ordinal*/) { return unavailable(); }

Expected<std::vector<int64_t>> compute_processes(const std::string& /*uuid*/) { return unavailable(); }

Expected<GpuState> probe_gpu(const DeviceInfo& /*info*/) { return unavailable(); }

Expected<std::vector<std::string>> metric_chips() { return unavailable(); }

Expected<std::vector<MetricInfo>> list_metrics(const std::string& /*chip_code_name*/, bool /*all*/) {
  return unavailable();
}

Expected<std::vector<MetricInfo>> describe_metrics(const std::vector<std::string>& /*names*/,
                                                   const std::string& /*chip_code_name*/) {
  return unavailable();
}

Expected<PassCounts> count_passes_of(const std::string& /*text*/, const std::string& /*chip_code_name*/) {
  return unavailable();
}

Expected<std::vector<std::string>> resolve_metrics(const std::string& /*text*/, const std::string& /*chip_code_name*/) {
  return unavailable();
}

}  // namespace scantune::cuda
