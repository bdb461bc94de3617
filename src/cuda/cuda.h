// The CUDA backend as the rest of the tool sees it. This header includes no CUDA header, and
// nothing here touches the driver, NVRTC or CUPTI before it is called. A build without the CUDA
// headers has the same functions (cuda/unavailable.cc); each says so.
#pragma once

#include <chrono>
#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "core/record.h"
#include "core/trace.h"
#include "device/device.h"

namespace scantune::cuda {

// Whether this binary was built with the CUDA headers.
bool built_in();

// Whether there is a driver's library to open, which is all that is done; an error (kind environment) says which
// file is missing.
Expected<void> find_driver();

// Starts the driver, which takes a tenth of a second: for a thread that has nothing else to do. Whether that works is
// said by what needs it.
void preload_driver();

// Ranges of the NVTX domain "scantune", for nsys and its like; null where no such tool listens to this process, which
// is settled once. A tool that NVTX_INJECTION64_PATH names is loaded by the first call.
Tracer* nvtx();

// Every GPU of the host, without creating a context (free_bytes is 0, for want of one). An error
// of kind environment says which file or driver is missing.
Expected<std::vector<DeviceInfo>> list_devices();

struct CompilerOptions {
  std::filesystem::path cache_dir;               // cubins; created when first written; empty: no cache
  int processes = 0;                             // compiler processes; 0: one a core
  std::chrono::milliseconds time_limit{60'000};  // for one variant
  enum class Image { tuned, cubin, ptx };        // tuned: a cubin; the others: to give away, see nvrtc.h
  Image image = Image::tuned;
  bool in_process = false;                              // no child processes: for debuggers, ncu and sanitizers
  std::filesystem::path executable = "/proc/self/exe";  // whose subcommand compile-server is the child
};

// NVRTC, in child processes of this binary (the hidden subcommand that runs serve_compiles).
Expected<std::unique_ptr<Compiler>> make_compiler(CompilerOptions options);

// "NVRTC 13.0", as DeviceInfo::compiler has it; needs no GPU. An error of kind environment where NVRTC is missing.
Expected<std::string> compiler_name();

// The body of a compiler process: reads requests from standard input, one JSON line each, and
// answers on standard output. Returns the exit code.
int serve_compiles();

// Opens a GPU and its primary context. Sessions compile their verification kernels with
// `compiler`, which must outlive the device. Bad input where there is no such GPU.
Expected<std::unique_ptr<Device>> open_device(int ordinal, Compiler& compiler);

// A counter that a chip has, and in how many passes it is collected when alone.
struct MetricInfo {
  std::string name;
  std::string unit;
  std::string description;
  int passes = 0;
};

// Opens CUPTI's libraries, which takes a third of a second the first time: for a thread that has nothing else to
// do. Whether that works is said by what needs them.
void preload_counters();

// The chips CUPTI knows by code name ("GH100"), and the metrics of the sets on one of them, or all
// its metrics. No GPU needed.
Expected<std::vector<std::string>> metric_chips();
Expected<std::vector<MetricInfo>> list_metrics(const std::string& chip_code_name, bool all);

// The same of these metrics, without those the chip does not have.
Expected<std::vector<MetricInfo>> describe_metrics(const std::vector<std::string>& names,
                                                   const std::string& chip_code_name);

// What it costs to collect metrics: how many they are, and the passes they take together.
struct PassCount {
  std::string asked;  // "core", or "core,stalls"
  int metrics = 0;
  int passes = 0;
  std::vector<std::string> missing;  // names of a set that the chip does not have or cannot collect
};
struct PassCounts {
  PassCount together;
  std::vector<PassCount> items;  // of each set, name or pattern asked for, alone
};

// Of what --metrics takes, on a chip. No GPU needed. Errors as of resolve_metrics.
Expected<PassCounts> count_passes_of(const std::string& text, const std::string& chip_code_name);

// Checks metrics (sets, none, names and patterns such as lts__*, comma-separated in `text`) for a chip and gives
// the requested names back, patterns as what they match. Unknown names, and patterns that match nothing, are bad
// input. An error of kind environment where CUPTI is missing.
Expected<std::vector<std::string>> resolve_metrics(const std::string& text, const std::string& chip_code_name);

}  // namespace scantune::cuda
