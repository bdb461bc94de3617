#include "doctor/examine.h"

#include <algorithm>
#include <set>
#include <utility>

#include "core/units.h"

namespace scantune::doctor {
namespace {

constexpr int kOldestGpu = 80;  // kernels are built and tested for sm_80 and newer
constexpr double kEnoughFree = 0.9;
constexpr int64_t kEnoughDiskBytes = int64_t{1} << 30;  // a sweep of the standard suite writes some ten megabytes
constexpr int kHot = 85;                                // degrees Celsius: near where GPUs lower their clocks

HealthCheck ok(std::string subject, std::string what) { return {std::move(subject), Health::ok, std::move(what), {}}; }

HealthCheck driver(const Machine& machine) {
  if (machine.driver) {
    return ok("driver", *machine.driver);
  }
  if (!machine.cuda_built_in) {
    return {"driver", machine.nvidia_hardware ? Health::broken : Health::degraded, machine.driver.error().message,
            "build with scripts/run.sh on a machine with a driver or a toolkit, or with scripts/test.sh --with-cuda"};
  }
  if (!machine.nvidia_hardware) {
    return {"driver", Health::degraded, machine.driver.error().message + "; no GPU of NVIDIA's is on the bus",
            "none is needed to tune the CPU (--device cpu)"};
  }
  return {"driver", Health::broken, machine.driver.error().message,
          "install or update NVIDIA's driver (580 or newer), and load it: modprobe nvidia"};
}

// What is found in the toolkit, or in the wheels.
HealthCheck library(const Machine& machine, const std::string& subject, const Expected<std::string>& found,
                    Health without, const std::string& loss) {
  if (found) {
    return ok(subject, *found);
  }
  const bool gpu = machine.gpus && !machine.gpus->empty();
  return {subject, gpu ? without : Health::degraded, fmt::format("{}: {}", found.error().message, loss),
          "install the CUDA 13 toolkit, or point SCANTUNE_CUDA_ROOT at one or at a folder of the nvidia-* wheels"};
}

HealthCheck gpus(const Machine& machine) {
  if (!machine.gpus) {
    return {"GPUs", machine.nvidia_hardware ? Health::broken : Health::degraded, machine.gpus.error().message,
            machine.nvidia_hardware ? "see the driver above" : "none is needed to tune the CPU (--device cpu)"};
  }
  if (machine.gpus->empty()) {
    return {"GPUs", machine.nvidia_hardware ? Health::broken : Health::degraded, "the driver shows none",
            "look at CUDA_VISIBLE_DEVICES, and in a container at what it was given (--gpus all)"};
  }
  std::string names;
  for (const Gpu& gpu : *machine.gpus) {
    names += fmt::format("{}{} {}", names.empty() ? "" : ", ", gpu.info.id, gpu.info.chip.name);
  }
  return ok("GPUs", names);
}

HealthCheck architecture(const Gpu& gpu) {
  const std::string subject = "architecture of " + gpu.info.id;
  const std::string what = sm_name(gpu.info.chip);
  if (gpu.info.chip.compute_capability < kOldestGpu) {
    return {subject, Health::degraded, what + ", older than what kernels are built and tested for (sm_80)",
            "expect variants that do not compile; they are reported and left out"};
  }
  return ok(subject, what);
}

HealthCheck counters(const Gpu& gpu) {
  const std::string subject = "counters of " + gpu.info.id;
  if (gpu.counters) {
    return ok(subject, "can be read");
  }
  // The reason says what to do: it knows which of a dozen causes it was.
  return {subject, Health::degraded, "cannot be read: tuning works, but nothing is explained",
          gpu.counters.error().message};
}

HealthCheck memory(const Gpu& gpu, const cuda::GpuState& state) {
  const std::string subject = "memory of " + gpu.info.id;
  const int64_t total = state.memory_bytes.value_or(0);
  const int64_t free = state.free_bytes.value_or(0);
  const std::string what = fmt::format("{} of {} free", format_bytes(free), format_bytes(total));
  if (static_cast<double>(free) < kEnoughFree * static_cast<double>(total)) {
    return {subject, Health::degraded, what + ": large workloads may not fit",
            "end what holds it (nvidia-smi lists the processes), or tune smaller shapes"};
  }
  return ok(subject, what);
}

HealthCheck neighbours(const Gpu& gpu, int processes) {
  const std::string subject = "other work on " + gpu.info.id;
  if (processes > 0) {
    return {subject, Health::degraded,
            fmt::format("{} other process{} may run beside what is timed", processes, processes == 1 ? "" : "es"),
            "end it, or expect rounds to be discarded and intervals to be wide"};
  }
  return ok(subject, "none");
}

HealthCheck mig(const Gpu& gpu, bool on) {
  const std::string subject = "MIG on " + gpu.info.id;
  if (on) {
    return {subject, Health::degraded, "on: results are of an instance, whose neighbours share memory and clocks",
            "tune a whole GPU (nvidia-smi -i N -mig 0, as root), unless instances are what the kernels will run on"};
  }
  return ok(subject, "off");
}

HealthCheck ecc(const Gpu& gpu, const cuda::GpuState& state) {
  const std::string subject = "ECC of " + gpu.info.id;
  if (const uint64_t errors = state.uncorrected_errors.value_or(0); errors > 0) {
    return {subject, Health::broken, fmt::format("{} uncorrected errors of memory since the driver was loaded", errors),
            "reset or replace the GPU: what it computes cannot be trusted"};
  }
  if (state.ecc == false) {
    return {subject, Health::degraded, "off: a flipped bit is seen only where it makes a result wrong",
            "switch it on (nvidia-smi -i N -e 1, as root, then reboot), unless it will be off in use"};
  }
  return ok(subject, "on, no uncorrected errors");
}

HealthCheck clocks(const Gpu& gpu, const cuda::GpuState& state) {
  const std::string subject = "clocks of " + gpu.info.id;
  std::string what = state.sm_clock_mhz && state.max_sm_clock_mhz
                         ? fmt::format("SMs at {} of at most {} MHz", *state.sm_clock_mhz, *state.max_sm_clock_mhz)
                         : "SM clock not known";
  what += state.temperature_c ? fmt::format(", {} °C", *state.temperature_c) : "";
  if (!state.slowed_by.empty()) {
    return {subject, Health::degraded, fmt::format("{}; {}", what, state.slowed_by),
            "look at cooling and power supply; until then rounds are discarded and results are of a slower GPU"};
  }
  if (state.temperature_c.value_or(0) >= kHot) {
    return {subject, Health::degraded, what + ": hot before anything has run", "look at the cooling"};
  }
  return ok(subject, what);
}

void add_gpu(const Gpu& gpu, std::vector<HealthCheck>& checks) {
  checks.push_back(architecture(gpu));
  checks.push_back(counters(gpu));
  if (!gpu.state) {
    checks.push_back({"state of " + gpu.info.id, Health::degraded, gpu.state.error().message,
                      "install NVML (libnvidia-ml.so.1), a part of the driver: without it throttling is not seen"});
    return;
  }
  if (gpu.state->free_bytes) {
    checks.push_back(memory(gpu, *gpu.state));
  }
  if (gpu.state->processes) {
    checks.push_back(neighbours(gpu, *gpu.state->processes));
  }
  if (gpu.state->mig) {
    checks.push_back(mig(gpu, *gpu.state->mig));
  }
  if (gpu.state->ecc || gpu.state->uncorrected_errors) {
    checks.push_back(ecc(gpu, *gpu.state));
  }
  checks.push_back(clocks(gpu, *gpu.state));
}

HealthCheck cpu_counters(const Machine& machine) {
  const auto read =
      std::ranges::count_if(machine.cpu_counters, [](const MetricValue& m) { return m.value.has_value(); });
  if (std::cmp_equal(read, machine.cpu_counters.size()) && read > 0) {
    return ok("CPU counters", fmt::format("can be read; {}", machine.cpu));
  }
  std::set<std::string> reasons;
  for (const MetricValue& metric : machine.cpu_counters) {
    if (!metric.value) {
      reasons.insert(metric.reason);
    }
  }
  std::string remedy;
  for (const std::string& reason : reasons) {
    remedy += (remedy.empty() ? "" : "; ") + reason;
  }
  return {"CPU counters", Health::degraded,
          fmt::format("{} of {} can be read: only the CPU's own kernels miss them", read, machine.cpu_counters.size()),
          remedy};
}

HealthCheck folder(const Folder& folder) {
  const std::string subject = folder.purpose + " folder";
  const std::string path = folder.path.string();
  if (!folder.writable) {
    return {subject, Health::broken, fmt::format("{}: {}", path, folder.writable.error().message),
            folder.purpose == "cache" ? "name another with --cache-dir" : "name another with --out and --journal"};
  }
  if (folder.free_bytes && *folder.free_bytes < kEnoughDiskBytes) {
    return {subject, Health::degraded, fmt::format("{}: {} free", path, format_bytes(*folder.free_bytes)),
            "make room: a run that cannot keep what it measures ends"};
  }
  return ok(subject, folder.free_bytes ? fmt::format("{}, {} free", path, format_bytes(*folder.free_bytes)) : path);
}

}  // namespace

std::vector<HealthCheck> examine(const Machine& machine) {
  std::vector<HealthCheck> checks = {
      driver(machine), gpus(machine),
      library(machine, "NVRTC", machine.nvrtc, Health::broken, "no kernel can be compiled"),
      library(machine, "CUPTI", machine.cupti, Health::degraded, "no counter can be read")};
  if (machine.gpus) {
    for (const Gpu& gpu : *machine.gpus) {
      add_gpu(gpu, checks);
    }
  }
  checks.push_back(cpu_counters(machine));
  for (const Folder& one : machine.folders) {
    checks.push_back(folder(one));
  }
  return checks;
}

}  // namespace scantune::doctor
