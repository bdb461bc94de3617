// What can be learned of the CUDA software and of each GPU without tuning: for `scantune doctor`. Includes no CUDA
// header; a build without CUDA has the same functions, and each says so.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "core/expected.h"
#include "core/record.h"

namespace scantune::cuda {

// The driver's version, once it is open and ready; else why not.
Expected<std::string> probe_driver();

// "13.0, /usr/local/cuda/lib64/libnvrtc.so.13"; opens NVRTC and asks it for its version.
Expected<std::string> probe_nvrtc();

// CUPTI's file; opens it and the library it reads counters with.
Expected<std::string> probe_cupti();

// Reads one counter of a launch, as tuning would. An error says why that is not possible and what to do.
Expected<void> probe_counters(int ordinal);

// The state of one GPU as NVML tells it. A figure that NVML, or the GPU, does not have is missing.
struct GpuState {
  std::optional<int64_t> memory_bytes;
  std::optional<int64_t> free_bytes;
  std::optional<int> processes;  // that compute on it now, this one not counted
  std::optional<bool> mig;       // split into several instances
  std::optional<bool> ecc;
  std::optional<uint64_t> uncorrected_errors;  // of memory, since the driver was loaded
  std::optional<int> sm_clock_mhz;
  std::optional<int> max_sm_clock_mhz;
  std::optional<int> temperature_c;
  std::string slowed_by;  // see slowdown_text (cuda/clock_watch.h)
};

// The ids of the processes that have a CUDA context on a GPU now, this one and its children included; of another
// container's as NVML gives them, which may be those of the host. An error where NVML cannot be opened, does not know
// the GPU ("GPU-...", as in DeviceInfo) or does not tell.
Expected<std::vector<int64_t>> compute_processes(const std::string& uuid);

// An error where NVML cannot be opened or does not know the GPU.
Expected<GpuState> probe_gpu(const DeviceInfo& info);

}  // namespace scantune::cuda
