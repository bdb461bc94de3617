// What a tuning run is to do: every option of the root command, checked as far as that goes without
// a device.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "cli/command_line.h"
#include "cli/devices.h"
#include "cli/options.h"

namespace scantune::cli {

// One workload to tune. A workload of a suite that cannot be done here is skipped; one that was
// asked for by --shape is an error.
struct Job {
  Workload workload;
  bool from_suite = false;
  std::vector<Candidate> candidates;  // filled in by admit()
};

struct Plan {
  std::vector<Job> jobs;
  DeviceRequest device;
  std::vector<int> gpus;  // with cuda:all: those to tune on, of one model; the first is `device`
  Selection selection;
  Budget budget;
  StrategyKind strategy = StrategyKind::automatic;
  uint64_t seed = 1;
  std::string metrics = "core";
  int profiled = TuneOptions().profiled;
  std::filesystem::path out;      // empty: standard output
  std::filesystem::path journal;  // empty: none
  bool fresh = false;
  bool retry_failed = false;
  cuda::CompilerOptions compiler;
  Format format = Format::text;
  bool quiet = false;
  bool verbose = false;
  bool progress = true;
};

// Reads the suite; writes nothing and touches no device.
Expected<Plan> make_plan(const TuneCommand& command);

// Looks up the variants of each job on a chip. Jobs of a suite that no family can do are taken out
// and said in `skipped`, one line each.
Expected<void> admit(Plan& plan, const Chip& chip, std::vector<std::string>& skipped);

}  // namespace scantune::cli
