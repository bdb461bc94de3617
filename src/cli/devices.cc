#include "cli/devices.h"

#include <fmt/ranges.h>

#include <charconv>
#include <utility>

#include "cli/options.h"
#include "cuda/metrics.h"
#include "device/cpu.h"
#include "device/worker.h"

namespace scantune::cli {
namespace {

Expected<ChosenDevice> choose_gpu(int ordinal, const cuda::CompilerOptions* options) {
  auto found = cuda::list_devices();
  if (!found) {
    return tl::unexpected(found.error());
  }
  if (found->empty()) {
    return fail(ErrorKind::environment, "no GPU was found");
  }
  if (std::cmp_greater_equal(ordinal, found->size())) {
    return bad_input("there is no GPU {}; 'scantune list devices' shows those there are (0 to {})", ordinal,
                     found->size() - 1);
  }
  ChosenDevice chosen{
      .info = (*found)[static_cast<size_t>(ordinal)], .ordinal = ordinal, .compiler = {}, .options = {}, .note = {}};
  if (options != nullptr) {
    chosen.options = *options;
    auto compiler = cuda::make_compiler(*options);
    if (!compiler) {
      return tl::unexpected(compiler.error());
    }
    chosen.compiler = *std::move(compiler);
  }
  return chosen;
}

ChosenDevice choose_cpu(const cuda::CompilerOptions* options) {
  ChosenDevice chosen{.info = cpu::info(), .ordinal = 0, .compiler = {}, .options = {}, .note = {}};
  if (options != nullptr) {
    chosen.options = *options;
    chosen.compiler = cpu::make_compiler();
  }
  return chosen;
}

Expected<std::vector<std::string>> cpu_metrics(const std::string& text) {
  if (text == "seed") {
    return bad_input("the seed's metrics are counters of a GPU; on the CPU ask for core, none or some of {}",
                     fmt::join(cpu::core_metrics(), ", "));
  }
  return cpu::resolve_metrics(text);
}

}  // namespace

Expected<DeviceRequest> parse_device(const std::optional<std::string>& text) {
  if (!text || *text == "auto") {
    return DeviceRequest{};
  }
  if (*text == "cpu") {
    return DeviceRequest{.automatic = false, .backend = Backend::cpu, .ordinal = 0};
  }
  constexpr std::string_view kPrefix = "cuda:";
  if (text->starts_with(kPrefix)) {
    const std::string_view number = std::string_view(*text).substr(kPrefix.size());
    int ordinal = 0;
    const auto [end, error] = std::from_chars(number.data(), number.data() + number.size(), ordinal);
    if (!number.empty() && error == std::errc() && end == number.data() + number.size() && ordinal >= 0) {
      return DeviceRequest{.automatic = false, .backend = Backend::cuda, .ordinal = ordinal};
    }
  }
  return bad_input("--device {}: unknown device; write auto, cpu or cuda:N, such as cuda:0", *text);
}

Expected<ChosenDevice> choose_device(const DeviceRequest& request, const cuda::CompilerOptions* options) {
  if (!request.automatic && request.backend == Backend::cpu) {
    return choose_cpu(options);
  }
  auto gpu = choose_gpu(request.ordinal, options);
  if (gpu) {
    return gpu;
  }
  if (!request.automatic) {
    return at_option("--device", fmt::format("cuda:{}", request.ordinal), gpu.error());
  }
  ChosenDevice chosen = choose_cpu(options);
  chosen.note = fmt::format("using the CPU: {}", gpu.error().message);
  return chosen;
}

Expected<std::unique_ptr<Device>> open_device(ChosenDevice& chosen, std::stop_token stop) {
  if (!chosen.options.in_process) {
    WorkerOptions options;
    options.executable = chosen.options.executable;
    options.arguments = {"worker", "--device", chosen.info.id, "--cache-dir", chosen.options.cache_dir.string()};
    options.stop = std::move(stop);
    return open_worker_device(std::move(options));
  }
  if (chosen.info.chip.backend == Backend::cpu) {
    return cpu::open_device();
  }
  return cuda::open_device(chosen.ordinal, *chosen.compiler);
}

Expected<std::vector<std::string>> choose_metrics(const std::string& text, const DeviceInfo& info,
                                                  std::string& warning) {
  if (info.chip.backend == Backend::cpu) {
    auto names = cpu_metrics(text);
    return names ? names : at_option("--metrics", text, names.error());
  }
  auto names = cuda::resolve_metrics(text, info.chip.code_name);
  if (names || names.error().kind != ErrorKind::environment) {
    return names ? names : at_option("--metrics", text, names.error());
  }
  // Without CUPTI no counter can be read, but tuning goes on: the names are kept, so that each is
  // reported as missing and why.
  warning = fmt::format("hardware counters cannot be read: {}", names.error().message);
  const auto requests = cuda::parse_metrics(text);
  if (!requests) {
    return at_option("--metrics", text, requests.error());
  }
  std::vector<std::string> asked;
  for (const auto& request : *requests) {
    asked.push_back(request.name);
  }
  return asked;
}

}  // namespace scantune::cli
