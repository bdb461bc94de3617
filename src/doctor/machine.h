// What `scantune doctor` looks at, as values, so that every fault of a machine can be made up in a test.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "core/expected.h"
#include "core/metric.h"
#include "core/record.h"
#include "cuda/probes.h"

namespace scantune::doctor {

struct Gpu {
  DeviceInfo info;
  Expected<void> counters;  // whether one could be read
  Expected<cuda::GpuState> state;
};

// A folder that a run writes to.
struct Folder {
  std::string purpose;  // "cache", "results"
  std::filesystem::path path;
  Expected<void> writable;            // the folder, or where it does not exist yet, what it would be made in
  std::optional<int64_t> free_bytes;  // of its file system
};

struct Machine {
  bool nvidia_hardware = false;  // a GPU of NVIDIA's is on the bus, whatever its driver says
  bool cuda_built_in = true;
  Expected<std::string> driver;
  Expected<std::string> nvrtc;
  Expected<std::string> cupti;
  Expected<std::vector<Gpu>> gpus;
  std::string cpu;                        // "AMD EPYC 9755 x 2 cores"
  std::vector<MetricValue> cpu_counters;  // the core set, as read
  std::vector<Folder> folders;
};

// Where a run would write.
struct Places {
  std::filesystem::path cache;
  std::filesystem::path results;
};

// Looks at this machine. Starts CUDA, reads a counter of each GPU, and leaves nothing behind.
Machine look(const Places& places);

}  // namespace scantune::doctor
