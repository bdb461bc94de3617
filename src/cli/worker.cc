// The hidden subcommand that worker processes run.
#include "device/worker.h"

#include <future>

#include "cli/commands.h"
#include "cli/devices.h"
#include "device/cpu.h"
#include "device/traced.h"

namespace scantune::cli {

int run(const WorkerCommand& command) {
  std::unique_ptr<Compiler> compiler;  // of the verification kernels; outlives the device, which serve_worker() holds
  std::future<void> preload;
  const Range session = session_range("worker", std::nullopt);
  return serve_worker([&]() -> Expected<std::unique_ptr<Device>> {
    const auto request = parse_device(command.device);
    if (!request) {
      return tl::unexpected(request.error());
    }
    if (request->backend == Backend::cpu) {
      return traced(cpu::open_device(), cuda::nvtx());
    }
    // In this process, so that there is no other to be left behind when this one is killed.
    cuda::CompilerOptions options;
    options.cache_dir = command.cache_dir;
    options.in_process = true;
    const auto starting = std::async(std::launch::async, cuda::preload_driver);  // while NVRTC is loaded
    auto made = cuda::make_compiler(options);
    if (!made) {
      return tl::unexpected(made.error());
    }
    compiler = *std::move(made);
    auto device = cuda::open_device(request->ordinal, *compiler);
    if (device) {
      device = traced(*std::move(device), cuda::nvtx());
      preload = std::async(std::launch::async, cuda::preload_counters);  // while the first variants are verified
    }
    return device;
  });
}

}  // namespace scantune::cli
