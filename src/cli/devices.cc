#include "cli/devices.h"

#include <algorithm>
#include <charconv>
#include <future>
#include <utility>

#include "cli/options.h"
#include "cli/recorded_metrics.h"
#include "core/pattern.h"
#include "cuda/metrics.h"
#include "device/cpu.h"
#include "device/replay.h"
#include "device/traced.h"
#include "device/worker.h"

namespace scantune::cli {
namespace {

const std::string kUsingTheCpu = "using the CPU: ";

// A GPU as `list` describes it.
Expected<DeviceInfo> find_gpu(int ordinal) {
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
  return (*found)[static_cast<size_t>(ordinal)];
}

Expected<std::unique_ptr<Device>> open_worker(const std::string& id, const cuda::CompilerOptions& options,
                                              std::stop_token stop) {
  WorkerOptions worker;
  worker.executable = options.executable;
  worker.arguments = {"worker", "--device", id, "--cache-dir", options.cache_dir.string()};
  worker.stop = std::move(stop);
  return open_worker_device(std::move(worker));
}

Expected<OpenDevice> with_compiler(Expected<std::unique_ptr<Device>> device, std::unique_ptr<Compiler> compiler) {
  if (!device) {
    return tl::unexpected(device.error());
  }
  return OpenDevice{.compiler = std::move(compiler), .device = *std::move(device), .note = {}};
}

Expected<OpenDevice> open_gpu(int ordinal, const cuda::CompilerOptions& options, std::stop_token stop) {
  // A process that finds no driver need not be started to say so.
  if (const auto driver = cuda::find_driver(); !driver) {
    return tl::unexpected(driver.error());
  }
  if (options.in_process) {
    const auto starting = std::async(std::launch::async, cuda::preload_driver);
    return cuda::make_compiler(options).and_then([&](std::unique_ptr<Compiler> compiler) {
      auto device = cuda::open_device(ordinal, *compiler);
      return with_compiler(std::move(device), std::move(compiler));
    });
  }
  // The worker says what its GPU is: this process does not start CUDA, which takes a tenth of a second. To load NVRTC
  // takes as long. (Not the other way round: a worker ends with the thread that started it.)
  auto loading = std::async(std::launch::async, cuda::make_compiler, options);
  auto device = open_worker(fmt::format("cuda:{}", ordinal), options, std::move(stop));
  return loading.get().and_then(
      [&](std::unique_ptr<Compiler> compiler) { return with_compiler(std::move(device), std::move(compiler)); });
}

Expected<OpenDevice> open_cpu(const cuda::CompilerOptions& options, std::stop_token stop) {
  auto device = options.in_process ? Expected<std::unique_ptr<Device>>(cpu::open_device())
                                   : open_worker("cpu", options, std::move(stop));
  if (!device) {
    return tl::unexpected(device.error());
  }
  return OpenDevice{.compiler = cpu::make_compiler(), .device = *std::move(device), .note = {}};
}

Expected<std::shared_ptr<replay::Recording>> open_recording(const std::string& file) {
  auto recording = replay::Recording::open(file);
  return recording ? recording : at_option("--device", "replay", recording.error());
}

Expected<OpenDevice> open_replay(const std::string& file) {
  auto recording = open_recording(file);
  if (!recording) {
    return tl::unexpected(recording.error());
  }
  return OpenDevice{.compiler = replay::make_compiler(*recording),
                    .device = replay::make_device(*recording, read_recorded),
                    .note = {},
                    .notes = (*recording)->notes()};
}

// The names asked for, as they are: what can be read was settled when the recording was made.
Expected<std::vector<std::string>> asked_metrics(const std::string& text) {
  const auto requests = cuda::parse_metrics(text);
  if (!requests) {
    return at_option("--metrics", text, requests.error());
  }
  return cuda::without_chip(*requests);
}

Expected<OpenDevice> open_untraced(const DeviceRequest& request, const cuda::CompilerOptions& options,
                                   const std::stop_token& stop) {
  if (request.is_replay()) {
    return open_replay(request.recording);
  }
  if (!request.automatic && request.backend == Backend::cpu) {
    return open_cpu(options, stop);
  }
  auto gpu = open_gpu(request.ordinal, options, stop);
  if (gpu) {
    return gpu;
  }
  if (!request.automatic) {
    return at_option("--device", fmt::format("cuda:{}", request.ordinal), gpu.error());
  }
  auto cpu = open_cpu(options, stop);
  if (cpu) {
    cpu->note = kUsingTheCpu + gpu.error().message;
  }
  return cpu;
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
    if (number == "all") {
      return DeviceRequest{.automatic = false, .backend = Backend::cuda, .ordinal = 0, .all = true};
    }
    int ordinal = 0;
    const auto [end, error] = std::from_chars(number.data(), number.data() + number.size(), ordinal);
    if (!number.empty() && error == std::errc() && end == number.data() + number.size() && ordinal >= 0) {
      return DeviceRequest{.automatic = false, .backend = Backend::cuda, .ordinal = ordinal};
    }
  }
  if (text->starts_with(kReplayPrefix)) {
    std::string file = text->substr(kReplayPrefix.size());
    if (file.empty()) {
      return bad_input(
          "--device replay:: the file is missing; write replay:FILE, with a journal that a run has written");
    }
    return DeviceRequest{.automatic = false, .backend = Backend::cpu, .ordinal = 0, .recording = std::move(file)};
  }
  return bad_input("--device {}: unknown device; write auto, cpu, cuda:N, such as cuda:0, cuda:all or replay:FILE",
                   *text);
}

std::string chip_with_counters(const std::string& name) {
  if (const auto chip = reference_chip(name)) {
    return chip->code_name;
  }
  const auto known = cuda::metric_chips().value_or(std::vector<std::string>{});
  const auto it = std::ranges::find_if(known, [&](const std::string& chip) { return same_word(chip, name); });
  return it == known.end() ? name : *it;
}

Expected<FoundDevice> find_device(const DeviceRequest& request) {
  if (request.is_replay()) {
    auto recording = open_recording(request.recording);
    if (!recording) {
      return tl::unexpected(recording.error());
    }
    return FoundDevice{(*recording)->info(), {}, *recording};
  }
  if (!request.automatic && request.backend == Backend::cpu) {
    return FoundDevice{cpu::info(), {}};
  }
  if (request.all) {
    return bad_input("--device cuda:all: only tuning uses every GPU; name one, such as cuda:0");
  }
  auto gpu = find_gpu(request.ordinal);
  if (gpu) {
    return FoundDevice{*std::move(gpu), {}};
  }
  if (request.automatic) {
    return FoundDevice{cpu::info(), kUsingTheCpu + gpu.error().message};
  }
  return at_option("--device", fmt::format("cuda:{}", request.ordinal), gpu.error());
}

Expected<OpenDevice> open_device(const DeviceRequest& request, const cuda::CompilerOptions& options,
                                 const std::stop_token& stop) {
  auto open = open_untraced(request, options, stop);
  if (open) {
    open->compiler = traced(std::move(open->compiler), cuda::nvtx());
    open->device = traced(std::move(open->device), cuda::nvtx());
  }
  return open;
}

Range session_range(std::string_view command, std::optional<size_t> workloads) {
  Tracer* const tracer = cuda::nvtx();
  return {tracer,
          tracer == nullptr
              ? Span{}
              : Span{.kind = Span::Kind::session, .text = fmt::format("scantune {}", command), .payload = workloads}};
}

Expected<std::vector<std::vector<int>>> gpus_by_model() {
  const auto found = cuda::list_devices();
  if (!found) {
    return tl::unexpected(found.error());
  }
  std::vector<std::vector<int>> models;
  for (size_t i = 0; i < found->size(); ++i) {
    const auto alike = std::ranges::find_if(models, [&](const std::vector<int>& model) {
      return (*found)[static_cast<size_t>(model.front())].chip == (*found)[i].chip;
    });
    if (alike == models.end()) {
      models.push_back({static_cast<int>(i)});
    } else {
      alike->push_back(static_cast<int>(i));
    }
  }
  if (models.empty()) {
    return fail(ErrorKind::environment, "no GPU was found");
  }
  return models;
}

Expected<std::vector<std::string>> choose_metrics(const std::string& text, const DeviceInfo& info,
                                                  std::string& warning) {
  if (info.chip.backend == Backend::cpu) {
    auto names = cpu::resolve_metrics(text);
    return names ? names : at_option("--metrics", text, names.error());
  }
  if (is_replay(info)) {
    return asked_metrics(text);
  }
  auto names = cuda::resolve_metrics(text, info.chip.code_name);
  if (names || names.error().kind != ErrorKind::environment) {
    return names ? names : at_option("--metrics", text, names.error());
  }
  // Without CUPTI no counter can be read, but tuning goes on: the names are kept, so that each is
  // reported as missing and why.
  warning = fmt::format("hardware counters cannot be read: {}", names.error().message);
  return asked_metrics(text);
}

bool is_replay(const DeviceInfo& info) { return info.id.starts_with(kReplayPrefix); }

}  // namespace scantune::cli
