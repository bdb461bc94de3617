#include "gate/planted.h"

#include <algorithm>
#include <cmath>

#include "catalog/catalog.h"
#include "catalog/embedded.h"

namespace scantune::gate {
namespace {

constexpr const char* kSetting = "planted";  // thousandths of the bytes
constexpr const char* kFile = "planted_traffic.cuh";
constexpr int kBlockThreads = 256;
constexpr int kBlocksPerSm = 8;

Variant without_setting(const Variant& variant) {
  Variant own = variant;
  std::erase_if(own.settings, [](const Setting& setting) { return setting.name == kSetting; });
  return own;
}

const Kernel& own_kernel(const Variant& variant) { return **find_kernel(variant.kernel, Backend::cuda); }

std::vector<Launch> launches(const Variant& variant, const Workload& workload, const Chip& chip) {
  std::vector<Launch> all = own_kernel(variant).launches(without_setting(variant), workload, chip);
  all.push_back({.entry = fmt::format("scantune::planted_traffic<{}, {}>", cuda_type(workload.output_dtype()),
                                      variant.number(kSetting)),
                 .grid_blocks = int64_t{std::max(1, chip.multiprocessors)} * kBlocksPerSm,
                 .block_threads = kBlockThreads});
  return all;
}

int64_t workspace_bytes(const Variant& variant, const Workload& workload, const Chip& chip) {
  return own_kernel(variant).workspace_bytes(without_setting(variant), workload, chip);
}

}  // namespace

Kernel planted_kernel(const Kernel& kernel) {
  Kernel planted = kernel;
  planted.sources = {{fmt::format("planted_{}.cuh", kernel.name),
                      fmt::format("#include \"{}\"\n#include \"{}\"\n", kernel.sources.front().path, kFile)}};
  planted.sources.insert(planted.sources.end(), kernel.sources.begin(), kernel.sources.end());
  for (SourceFile& file : embedded({kFile, "device.cuh"})) {
    if (std::ranges::find(planted.sources, file.path, &SourceFile::path) == planted.sources.end()) {
      planted.sources.push_back(std::move(file));
    }
  }
  planted.launches = launches;
  planted.workspace_bytes = workspace_bytes;
  planted.estimate = nullptr;
  return planted;
}

Variant planted_variant(const Variant& variant, double extra) {
  Variant planted = variant;
  planted.settings.push_back({kSetting, static_cast<int64_t>(std::llround(1000 * extra))});
  return planted;
}

}  // namespace scantune::gate
