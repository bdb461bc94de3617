// The CUDA backend of a binary built without the CUDA headers: every function says so.
#include "cuda/cuda.h"

namespace scantune::cuda {
namespace {

tl::unexpected<Error> unavailable() {
  return fail(ErrorKind::environment,
              "this binary was built without CUDA; configure with -DSCANTUNE_CUDA=ON where the headers of CUDA 13 are");
}

}  // namespace

bool built_in() { return false; }

Expected<void> find_driver() { return unavailable(); }

Expected<std::vector<DeviceInfo>> list_devices() { return unavailable(); }

// NOLINTNEXTLINE(performance-unnecessary-value-param): the signature is cuda.h's
Expected<std::unique_ptr<Compiler>> make_compiler(CompilerOptions /*options*/) { return unavailable(); }

int serve_compiles() { return 2; }

Expected<std::unique_ptr<Device>> open_device(int /*ordinal*/, Compiler& /*compiler*/) { return unavailable(); }

void preload_driver() {}

void preload_counters() {}

Expected<std::vector<std::string>> metric_chips() { return unavailable(); }

Expected<std::vector<MetricInfo>> list_metrics(const std::string& /*chip_code_name*/, bool /*all*/) {
  return unavailable();
}

Expected<std::vector<std::string>> resolve_metrics(const std::string& /*text*/, const std::string& /*chip_code_name*/) {
  return unavailable();
}

}  // namespace scantune::cuda
