// What profile and compare share: the options of measuring a few given variants, and an open device to do it on.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "cli/command_line.h"
#include "cli/devices.h"
#include "cli/signals.h"
#include "cli/terminal.h"
#include "core/workload.h"
#include "profile/measure.h"

namespace scantune::cli {

struct MeasurePlan {
  DeviceRequest device;
  cuda::CompilerOptions compiler;
  std::string metrics;
  profile::MeasureOptions options;  // but for its metrics, which are the device's to know
  bool quiet = false;
};

// Checks the options as far as that goes without a device.
Expected<MeasurePlan> plan_measure(const Target& target, const MeasureArguments& arguments, int default_rounds);

// --shape and what goes with it: exactly one workload.
Expected<Workload> one_workload(const Target& target);

// A number of something; an error names the option and what it takes.
Expected<int> parse_count(std::string_view option, const std::optional<std::string>& text, int otherwise, int least,
                          int most);

// --cache-dir, else the default.
Expected<std::filesystem::path> cache_dir_of(const std::optional<std::string>& text);

// A device made ready to measure on. Ctrl-C asks it to stop.
class MeasuringDevice {
 public:
  MeasuringDevice(std::string_view command, MeasurePlan plan);

  // Opens the device and checks the metrics for it.
  Expected<void> open();

  [[nodiscard]] const DeviceInfo& info() const { return open_.device->info(); }

  // Measures; notes on standard error say what is being done, on a terminal.
  Expected<profile::Measurement> measure(const Workload& workload, const std::vector<Candidate>& candidates);

  // "scantune: TEXT" on standard error, unless --quiet.
  void note(const std::string& text) const;

 private:
  MeasurePlan plan_;
  report::TextStyle style_;
  std::unique_ptr<Interrupts> interrupts_;  // before the device and tools that listen: threads inherit blocked signals
  Range session_;
  OpenDevice open_;
};

// The exit code that an outcome of measuring stands for.
int exit_code_of(const Outcome& outcome);

}  // namespace scantune::cli
