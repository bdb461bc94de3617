#include "doctor/machine.h"

#include <algorithm>
#include <fstream>
#include <system_error>
#include <utility>

#include "cuda/cuda.h"
#include "device/counters.h"
#include "device/cpu.h"
#include "doctor/counter_probes.h"
#include "store/file.h"

namespace scantune::doctor {
namespace {

namespace fs = std::filesystem;

std::string first_word(const fs::path& path) {
  std::ifstream file(path);
  std::string word;
  file >> word;
  return word;
}

// Display and compute controllers of NVIDIA's, by the ids that PCI gives classes and vendors.
bool nvidia_on_the_bus() {
  std::error_code error;
  const fs::directory_iterator devices("/sys/bus/pci/devices", error);
  return std::any_of(fs::begin(devices), fs::end(devices), [](const fs::directory_entry& device) {
    const std::string type = first_word(device.path() / "class");
    return first_word(device.path() / "vendor") == "0x10de" && (type.starts_with("0x03") || type.starts_with("0x12"));
  });
}

Expected<std::vector<Gpu>> look_at_gpus(const CounterProbes& probes) {
  auto devices = cuda::list_devices();
  if (!devices) {
    return tl::unexpected(devices.error());
  }
  std::vector<Gpu> gpus;
  for (size_t i = 0; i < devices->size(); ++i) {
    auto state = cuda::probe_gpu((*devices)[i]);
    gpus.push_back({std::move((*devices)[i]), probes.of(i), std::move(state)});
  }
  return gpus;
}

void probe_counters(const Tell& tell) {
  if (const auto devices = cuda::list_devices(); devices) {
    for (size_t i = 0; i < devices->size(); ++i) {
      tell(cuda::probe_counters(static_cast<int>(i)));
    }
  }
}

Folder look_at_folder(std::string purpose, const fs::path& path) {
  Folder folder{std::move(purpose), path, {}, {}};
  std::error_code error;
  fs::path there = fs::absolute(path, error);
  while (there.has_relative_path() && !fs::exists(there, error)) {
    there = there.parent_path();
  }
  if (!fs::is_directory(there, error)) {
    folder.writable = fail(ErrorKind::environment, "{} is not a folder", there.string());
    return folder;
  }
  folder.writable = store::check_writable(there / "scantune-doctor");
  if (const fs::space_info space = fs::space(there, error); !error) {
    folder.free_bytes = static_cast<int64_t>(space.available);
  }
  return folder;
}

std::vector<MetricValue> read_cpu_counters() {
  const auto counters = cpu::perf_counters(cpu::core_metrics());
  counters->start();
  return counters->stop();
}

}  // namespace

Machine look(const Places& places) {
  // First of all, as a process that has touched CUDA cannot be forked.
  const CounterProbes probes = probe_apart(probe_counters);
  Machine machine;
  machine.nvidia_hardware = nvidia_on_the_bus();
  machine.cuda_built_in = cuda::built_in();
  machine.driver = cuda::probe_driver();
  machine.nvrtc = cuda::probe_nvrtc();
  machine.cupti = cuda::probe_cupti();
  machine.gpus = look_at_gpus(probes);
  machine.cpu = cpu::info().chip.name;
  machine.cpu_counters = read_cpu_counters();
  machine.folders.push_back(look_at_folder("cache", places.cache));
  machine.folders.push_back(look_at_folder("results", places.results));
  return machine;
}

}  // namespace scantune::doctor
