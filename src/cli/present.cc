#include "cli/present.h"

#include <utility>

#include "cuda/cuda.h"
#include "device/cpu.h"

namespace scantune::cli {

Present::Present() : cpu_(cpu::make_compiler()) {
  if (auto gpus = cuda::list_devices()) {
    here_.devices = *std::move(gpus);
    if (here_.devices.empty()) {
      here_.no_gpu = "there is no GPU here";
    }
  } else {
    here_.no_gpu = gpus.error().message;
  }
  const DeviceInfo cpu = cpu::info();
  here_.cpu = cpu_.get();
  here_.cpu_name = cpu.compiler;
  here_.devices.push_back(cpu);
  if (auto compiler = cuda::make_compiler({})) {
    cuda_ = *std::move(compiler);
    here_.cuda = cuda_.get();
  }
  if (auto name = cuda::compiler_name()) {
    here_.cuda_name = *std::move(name);
  }
}

}  // namespace scantune::cli
