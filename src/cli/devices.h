// Which device a command is for.
#pragma once

#include <memory>
#include <optional>
#include <stop_token>
#include <string>
#include <string_view>
#include <vector>

#include "core/expected.h"
#include "cuda/cuda.h"
#include "device/device.h"
#include "device/recording.h"

namespace scantune::cli {

// --device as typed: auto, cpu, cuda:N or replay:FILE.
struct DeviceRequest {
  bool automatic = true;
  Backend backend = Backend::cpu;  // where not automatic
  int ordinal = 0;                 // of a GPU
  std::string recording = {};      // the journal to replay; else empty

  [[nodiscard]] bool is_replay() const { return !recording.empty(); }
  bool all = false;  // every GPU of the host; `ordinal` is 0
};

Expected<DeviceRequest> parse_device(const std::optional<std::string>& text);

// The code name of the chip that --chip names, in any case, as CUPTI spells it; a name that is not known as it is, for
// CUPTI to refuse.
std::string chip_with_counters(const std::string& name);

// What a device is, found without opening it. The CPU touches nothing CUDA.
struct FoundDevice {
  DeviceInfo info;
  std::string note;                                   // why the automatic choice is the CPU; else empty
  std::shared_ptr<replay::Recording> recording = {};  // of a replay; else null
};
Expected<FoundDevice> find_device(const DeviceRequest& request);

// A device with what compiles for it.
struct OpenDevice {
  std::unique_ptr<Compiler> compiler;  // outlives the device
  std::unique_ptr<Device> device;
  std::string note;                     // why the automatic choice is the CPU; else empty
  std::vector<std::string> notes = {};  // what a recording holds and is left out
};

// Opens a device: in a worker process, or in this one where the options say so. A GPU without a
// compiler for it is an error where it was asked for by name, and not the automatic choice. After a
// stop request, what waits for a worker returns within a moment.
Expected<OpenDevice> open_device(const DeviceRequest& request, const cuda::CompilerOptions& options,
                                 const std::stop_token& stop);

// The range of a run of a command, for a tool that listens to NVTX, where one does. `workloads`: how many it is asked
// for, where that is known.
Range session_range(std::string_view command, std::optional<size_t> workloads);

// The ordinals of the host's GPUs, those of one model together.
Expected<std::vector<std::vector<int>>> gpus_by_model();

// --metrics for a device: requested names. `warning` says why GPU counters cannot be read, where
// that is known already; the names are then those that will be reported as missing.
Expected<std::vector<std::string>> choose_metrics(const std::string& text, const DeviceInfo& info,
                                                  std::string& warning);

// Whether results are a replay's.
bool is_replay(const DeviceInfo& info);

}  // namespace scantune::cli
