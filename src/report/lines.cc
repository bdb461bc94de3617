// The two lines that head a workload's screen.
#include "core/units.h"
#include "report/report.h"

namespace scantune::report {
namespace {

std::string bandwidth(double bytes_per_s) {
  return bytes_per_s >= 1e12 ? fmt::format("{:.1f} TB/s", bytes_per_s / 1e12) : format_rate(bytes_per_s);
}

}  // namespace

std::string device_line(const DeviceInfo& info, const std::string& version) {
  const Chip& chip = info.chip;
  const bool gpu = chip.backend == Backend::cuda;
  std::string details;
  const auto add = [&details](const std::string& detail) { details += (details.empty() ? "" : ", ") + detail; };
  if (gpu) {
    add(chip.code_name);
    add(sm_name(chip));
    add(fmt::format("{} SMs", chip.multiprocessors));
  } else {
    // The name that keys a CPU's results may say these already.
    if (chip.name.find(chip.code_name) == std::string::npos) {
      add(chip.code_name);
    }
    if (chip.name.find(" CPUs") == std::string::npos) {
      add(fmt::format("{} CPU{}", chip.multiprocessors, chip.multiprocessors == 1 ? "" : "s"));
    }
    if (chip.cache_bytes > 0) {
      add(format_bytes(chip.cache_bytes) + " last-level cache");
    }
  }
  if (chip.dram_bytes_per_s > 0) {
    add(bandwidth(chip.dram_bytes_per_s));
  }
  std::string line =
      fmt::format("scantune {} · {} {}{}", version, info.id, chip.name, details.empty() ? "" : " (" + details + ")");
  if (!info.driver.empty()) {
    line += fmt::format(" · {} {}", gpu ? "driver" : "kernel", info.driver);
  }
  if (!info.compiler.empty()) {
    line += " · " + info.compiler;
  }
  return line;
}

std::string workload_line(const Workload& workload) {
  const Geometry g = workload.geometry();
  std::string line = fmt::format("{} {}, dim {} · outer {} x n {} x inner {} · {} in, {} out",
                                 to_string(workload.shape), name(workload.dtype), workload.shape.axis(), g.outer, g.n,
                                 g.inner, format_bytes(workload.bytes_read()), format_bytes(workload.bytes_written()));
  if (workload.accumulator != default_accumulator(workload.dtype)) {
    line += fmt::format(" · sums in {}", name(workload.accumulator));
  }
  if (workload.cache == CacheState::hot) {
    line += " · hot cache";
  }
  if (workload.deterministic) {
    line += " · deterministic";
  }
  return line;
}

}  // namespace scantune::report
