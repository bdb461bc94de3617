#include <fmt/ranges.h>

#include <algorithm>

#include "core/sha256.h"
#include "exports/export.h"
#include "exports/make.h"
#include "wire/best_json.h"

namespace scantune::exports {

const std::vector<Format>& formats() {
  static const std::vector<Format> all = {
      {"cmake", "a folder for add_subdirectory or find_package: kernels, tuned table, a function a type", true, false,
       make_cmake},
      {"header", "the same as one C++17/CUDA header", true, false, make_header},
      {"bundle", "cubins and PTX with a JSON manifest, for users of the driver API and for check --against", true, true,
       make_bundle},
      {"torch", "a Python package for PyTorch on the CUDA kernels: reverse_cumsum, ModelNew", true, false, make_torch},
      {"triton", "one Python module of Triton kernels, tuned for the chip", false, false, make_triton},
      {"jsonl", "wisdom: a line of JSON for each workload's winner", false, false, make_jsonl},
      {"csv", "every variant that the best file keeps, a line each", false, false, make_csv},
      {"t4", "T4 1.0 results, the auto-tuning exchange format", false, false, make_t4},
      {"kernel-tuner", "cache files that Kernel Tuner opens in simulation mode", false, false, make_kernel_tuner},
      {"nvbench", "JSON that nvbench's compare script reads", false, false, make_nvbench},
      {"google-benchmark", "JSON that Google Benchmark's compare tool reads", false, false, make_google_benchmark},
  };
  return all;
}

Expected<const Format*> find_format(std::string_view name) {
  const auto it = std::ranges::find(formats(), name, &Format::name);
  if (it != formats().end()) {
    return &*it;
  }
  std::vector<std::string_view> known;
  for (const Format& format : formats()) {
    known.push_back(format.name);
  }
  return bad_input("--format {}: unknown format; known: {}", name, fmt::join(known, ", "));
}

ExportInput export_input(std::string_view best_text, std::vector<BestEntry> entries) {
  std::ranges::sort(entries, {}, [](const BestEntry& entry) { return wire::best_key(entry.workload, entry.chip); });
  return {std::move(entries), sha256(best_text), nullptr, nullptr};
}

Expected<std::vector<BestEntry>> gpu_entries(const ExportInput& input, std::string_view format) {
  std::vector<BestEntry> entries;
  std::ranges::copy_if(input.entries, std::back_inserter(entries),
                       [](const BestEntry& entry) { return entry.chip.backend == Backend::cuda; });
  if (entries.empty()) {
    return bad_input("--format {}: none of the entries was measured on a GPU, and it is for GPUs", format);
  }
  return entries;
}

}  // namespace scantune::exports
