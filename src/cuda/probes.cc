#include "cuda/probes.h"

#include <optional>
#include <utility>
#include <vector>

#include "cuda/clock_watch.h"
#include "cuda/context.h"
#include "cuda/counters.h"
#include "cuda/cupti_api.h"
#include "cuda/driver.h"
#include "cuda/library.h"
#include "cuda/nvrtc.h"

namespace scantune::cuda {
namespace {

constexpr int64_t kProbeBytes = int64_t{1} << 20;
constexpr const char* kProbeMetric = "gpu__time_duration.sum";

// NVML's functions are called by their ABI, which is stable; its header is not part of every toolkit.
constexpr int kNvmlSuccess = 0;
constexpr int kNvmlInsufficientSize = 7;
constexpr int kNvmlClockSm = 1;
constexpr int kNvmlTemperatureGpu = 0;
constexpr int kNvmlUncorrected = 1;
constexpr int kNvmlVolatile = 0;

struct NvmlMemory {
  unsigned long long total;
  unsigned long long free;
  unsigned long long used;
};

// nvml.h's nvmlProcessInfo_t, as functions whose names end in _v3 have it.
struct NvmlProcess {
  unsigned id;
  unsigned long long used_bytes;
  unsigned gpu_instance;
  unsigned compute_instance;
};

// NVML, open for as long as this lives.
class Nvml {
 public:
  static Expected<Nvml> open() {
    const auto init = find_symbol(LibraryId::nvml, "nvmlInit_v2");
    if (!init) {
      return tl::unexpected(init.error());
    }
    if (const int result = reinterpret_cast<int (*)()>(*init)(); result != kNvmlSuccess) {
      return fail(ErrorKind::environment, "nvmlInit failed with {}", result);
    }
    return Nvml();
  }
  Nvml(Nvml&& other) noexcept : open_(std::exchange(other.open_, false)) {}
  Nvml(const Nvml&) = delete;
  Nvml& operator=(const Nvml&) = delete;
  Nvml& operator=(Nvml&&) = delete;
  ~Nvml() {
    if (open_) {
      (void)call("nvmlShutdown");
    }
  }

  // Whether the call was made and succeeded. Older drivers lack some functions, and GPUs some features.
  template <class... Args>
  [[nodiscard]] bool ask(const char* function, Args... args) const {
    return call(function, args...) == kNvmlSuccess;
  }

  // The result of the call; nothing where there is no such function.
  template <class... Args>
  [[nodiscard]] std::optional<int> call(const char* function, Args... args) const {
    const auto symbol = find_symbol(LibraryId::nvml, function);
    return symbol ? std::optional(reinterpret_cast<int (*)(Args...)>(*symbol)(args...)) : std::nullopt;
  }

 private:
  Nvml() = default;
  bool open_ = true;
};

// Processes come and go between the call that counts them and the one that lists them: room for some more is asked for.
constexpr unsigned kMoreProcesses = 16;

// Those with a context on a device; nothing where NVML does not tell.
std::optional<std::vector<int64_t>> processes_on(const Nvml& nvml, void* device) {
  constexpr const char* kList = "nvmlDeviceGetComputeRunningProcesses_v3";
  std::vector<NvmlProcess> list;
  unsigned count = 0;
  auto result = nvml.call(kList, device, &count, static_cast<NvmlProcess*>(nullptr));
  if (result == kNvmlInsufficientSize) {
    list.resize(count + kMoreProcesses);
    count = static_cast<unsigned>(list.size());
    result = nvml.call(kList, device, &count, list.data());
  }
  if (result != kNvmlSuccess) {
    return std::nullopt;
  }
  std::vector<int64_t> ids;
  for (unsigned i = 0; i < count; ++i) {
    ids.push_back(list[i].id);
  }
  return ids;
}

std::string where(const std::string& version, LibraryId id) {
  return version.empty() ? library_path(id) : fmt::format("{}, {}", version, library_path(id));
}

}  // namespace

Expected<std::string> probe_driver() {
  const auto driver = open_driver();
  if (!driver) {
    return tl::unexpected(driver.error());
  }
  return driver_version(*driver);
}

Expected<std::string> probe_nvrtc() {
  auto version = nvrtc_version();
  if (!version) {
    return version;
  }
  return where(*version, LibraryId::nvrtc);
}

Expected<std::string> probe_cupti() {
  if (const auto api = cupti_api(); !api) {
    return tl::unexpected(api.error());
  }
  return where("", LibraryId::cupti);
}

Expected<void> probe_counters(int ordinal) {
  const auto driver = open_driver();
  if (!driver) {
    return tl::unexpected(driver.error());
  }
  const auto wrong = [](const Failure& failure) { return tl::unexpected(to_error(failure)); };
  CUdevice device = 0;
  if (const CUresult result = driver->DeviceGet(&device, ordinal); result != CUDA_SUCCESS) {
    return wrong(describe(*driver, "cuDeviceGet", result, FailureKind::device));
  }
  const auto context = Context::open(*driver, device);
  if (!context) {
    return wrong(context.error());
  }
  if (const auto entered = (*context)->enter(); !entered) {
    return wrong(entered.error());
  }
  const auto stream = make_stream(*context);
  if (!stream) {
    return wrong(stream.error());
  }
  const auto buffer = allocate(*context, kProbeBytes);
  if (!buffer) {
    return wrong(buffer.error());
  }
  const auto checked = [&](const char* call, CUresult result) -> Expected<void> {
    if (result != CUDA_SUCCESS) {
      return wrong(describe(*driver, call, result, FailureKind::launch));
    }
    return {};
  };
  ProfiledLaunch launch;
  launch.entry = "memset";
  launch.enqueue = [&] {
    return checked("cuMemsetD8Async",
                   driver->MemsetD8Async(buffer->get(), 0, static_cast<size_t>(kProbeBytes), stream->get()));
  };
  PassHooks hooks;
  hooks.before = [] { return Expected<void>(); };
  hooks.synchronize = [&] { return checked("cuStreamSynchronize", driver->StreamSynchronize(stream->get())); };
  // Once uncounted, so that the context has all that it loads at its first work before CUPTI looks at it.
  if (auto warm = launch.enqueue().and_then(hooks.synchronize); !warm) {
    return warm;
  }
  // A range a launch: what the driver makes of a memset is its own affair.
  const auto profiler = make_profiler((*context)->handle(), ordinal, RangeMode::per_launch);
  const auto profile = profiler->profile({launch}, {kProbeMetric}, hooks);
  if (!profile) {
    return wrong(profile.error());
  }
  const MetricValue& value = profile->launches.front().metrics.front();
  return value.value ? Expected<void>() : fail(ErrorKind::environment, "{}", value.reason);
}

Expected<std::vector<int64_t>> compute_processes(const std::string& uuid) {
  const auto nvml = Nvml::open();
  if (!nvml) {
    return tl::unexpected(nvml.error());
  }
  void* device = nullptr;
  if (!nvml->ask("nvmlDeviceGetHandleByUUID", uuid.c_str(), &device)) {
    return fail(ErrorKind::environment, "NVML does not know the GPU {}", uuid);
  }
  auto ids = processes_on(*nvml, device);
  if (!ids) {
    return fail(ErrorKind::environment, "NVML does not tell which processes use the GPU {}", uuid);
  }
  return *std::move(ids);
}

Expected<GpuState> probe_gpu(const DeviceInfo& info) {
  const auto nvml = Nvml::open();
  if (!nvml) {
    return tl::unexpected(nvml.error());
  }
  void* device = nullptr;
  if (!nvml->ask("nvmlDeviceGetHandleByUUID", info.uuid.c_str(), &device)) {
    return fail(ErrorKind::environment, "NVML does not know the GPU {}", info.uuid);
  }
  GpuState state;
  if (NvmlMemory memory{}; nvml->ask("nvmlDeviceGetMemoryInfo", device, &memory)) {
    state.memory_bytes = static_cast<int64_t>(memory.total);
    state.free_bytes = static_cast<int64_t>(memory.free);
  }
  if (const auto processes = processes_on(*nvml, device)) {
    state.processes = static_cast<int>(processes->size());
  }
  int current = 0;
  int pending = 0;
  if (nvml->ask("nvmlDeviceGetMigMode", device, &current, &pending)) {
    state.mig = current != 0;
  }
  if (nvml->ask("nvmlDeviceGetEccMode", device, &current, &pending)) {
    state.ecc = current != 0;
  }
  if (unsigned long long errors = 0;
      nvml->ask("nvmlDeviceGetTotalEccErrors", device, kNvmlUncorrected, kNvmlVolatile, &errors)) {
    state.uncorrected_errors = errors;
  }
  unsigned figure = 0;
  if (nvml->ask("nvmlDeviceGetClockInfo", device, kNvmlClockSm, &figure)) {
    state.sm_clock_mhz = static_cast<int>(figure);
  }
  if (nvml->ask("nvmlDeviceGetMaxClockInfo", device, kNvmlClockSm, &figure)) {
    state.max_sm_clock_mhz = static_cast<int>(figure);
  }
  if (nvml->ask("nvmlDeviceGetTemperature", device, kNvmlTemperatureGpu, &figure)) {
    state.temperature_c = static_cast<int>(figure);
  }
  unsigned long long reasons = 0;
  if (nvml->ask("nvmlDeviceGetCurrentClocksEventReasons", device, &reasons) ||
      nvml->ask("nvmlDeviceGetCurrentClocksThrottleReasons", device, &reasons)) {  // its name before driver 535
    state.slowed_by = slowdown_text(reasons);
  }
  return state;
}

}  // namespace scantune::cuda
