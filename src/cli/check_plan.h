// What a check is to do: every option of scantune check, checked as far as that goes without a device.
#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "cli/command_line.h"
#include "cli/devices.h"
#include "core/check.h"
#include "core/outcome.h"
#include "store/bundle.h"

namespace scantune::cli {

enum class ReportFormat { text, json, junit, markdown, github };

// A report, and where it goes.
struct ReportTo {
  ReportFormat format = ReportFormat::text;
  std::filesystem::path file;  // empty: standard output
};

struct CheckPlan {
  std::string baseline;
  std::vector<BestEntry> entries;   // of the baseline file
  std::vector<Workload> workloads;  // that were asked for; empty: all
  std::string against;
  std::optional<store::LoadedBundle> bundle;
  DeviceRequest device;
  cuda::CompilerOptions compiler;
  CheckRule rule;
  std::optional<double> max_time_s;  // for all of it
  bool retune = false;
  bool aa = false;
  int sessions = 8;
  double planted = 0;
  uint64_t seed = 1;
  std::filesystem::path history;  // empty: none
  std::string commit;
  std::vector<ReportTo> reports;
  bool quiet = false;
  bool verbose = false;
};

// Reads the baseline and the suite; touches no device. Makes sure that reports and history can be written later.
Expected<CheckPlan> make_check_plan(const CheckCommand& command);

}  // namespace scantune::cli
