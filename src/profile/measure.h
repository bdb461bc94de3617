// Measures a few given variants side by side and reads their counters: no search, and nothing is kept.
#pragma once

#include <functional>
#include <stop_token>
#include <string>
#include <vector>

#include "catalog/catalog.h"
#include "core/outcome.h"
#include "core/timeline.h"
#include "device/device.h"

namespace scantune::profile {

struct MeasureOptions {
  int rounds = 12;                   // each holds every variant, and the copy twice
  std::vector<std::string> metrics;  // requested counters; empty: none are read
  int repeats = 1;                   // times they are read; the record's are the medians
  int warm_runs = 0;                 // Session::warm_before_profiles
  bool timeline = false;             // sample counters over time in a run of their own
  uint64_t seed = 1;
  std::function<void(const std::string&)> progress = [](const std::string&) {};  // what is being done: "compiling"
};

// One reading of a variant's counters.
struct Reading {
  Profile profile;
  double seconds = 0;
};

struct Measurement {
  // A record a variant, in the order given. All rounds are of the final, whose size was settled before it began.
  // Variants that fail have their failure; the others are measured without them.
  Outcome outcome;
  std::vector<std::vector<Reading>> readings;  // of each record
  std::vector<SampledTimeline> timelines;      // of each record, where they were asked for
};

// Compiles, verifies, times in common rounds, then reads counters, then samples them over time: launches that are
// counted are never timed. An error
// means that nothing could be started; a stop request or a lost device ends early (Outcome::stopped). Broken
// candidates become failed records. `provenance` needs tool_version, host and time filled in.
Expected<Measurement> measure(Device& device, Compiler& compiler, const Workload& workload,
                              const std::vector<Candidate>& candidates, const MeasureOptions& options,
                              Provenance provenance, const std::stop_token& stop);

// The values of several readings put together: the median of each counter that every reading has.
Profile median_of(const std::vector<Reading>& readings);

}  // namespace scantune::profile
