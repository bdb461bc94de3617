// All there is to say of a variant: how it was launched, how fast it was, what the counters say, what limits it.
// Made by src/profile, printed by src/report and src/wire.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "core/interval.h"
#include "core/outcome.h"
#include "core/stall.h"
#include "core/timeline.h"

namespace scantune {

// What a variant could wait for at most: a share of the warps an SM has room for.
struct Occupancy {
  double theoretical = 0;          // by the blocks an SM holds
  std::optional<double> achieved;  // by the counter sm__warps_active
  std::string limited_by;          // "registers", "shared memory", "threads", "blocks", "grid"

  bool operator==(const Occupancy&) const = default;
};

// One launch of the variant.
struct LaunchSheet {
  std::string function;  // the entry without its namespace and template arguments
  EntryResources resources;
  double waves = 0;  // its grid, in blocks that the chip holds at once; 0 where unknown
  std::optional<Occupancy> occupancy;
  LaunchProfile counters;
  std::vector<StallShare> stalls;  // largest first

  bool operator==(const LaunchSheet&) const = default;
};

// What limits a variant, as src/explain puts it.
struct Explanation {
  std::string limit;  // "bytes_in_flight"
  std::string title;  // "too few bytes in flight"
  std::string sentence;
  std::vector<std::string> evidence;  // "dram__throughput... 61.2 %, below 80 %: SOURCE"
  std::vector<std::string> advice;    // "stages up: more loads under way"
  std::string no_advice = {};         // why there is none; empty where there is

  bool operator==(const Explanation&) const = default;
};

struct ProfileSheet {
  Variant variant;
  std::optional<Failure> failure;  // then little else is known
  std::string source_digest;
  std::optional<Interval> time_ns;
  std::optional<Interval> ratio_to_copy;

  std::vector<LaunchSheet> launches;
  int64_t bytes_in_flight_per_sm = 0;  // 0 where unknown
  double bytes_needed_per_sm = 0;      // to keep DRAM busy; 0 where unknown
  std::optional<double> read_bytes;    // from DRAM, by all launches
  std::optional<double> written_bytes;

  std::vector<double> profile_s;  // how long each reading of the counters took
  std::vector<Profile> repeats;   // what each of them read, where there are several; counters are their medians
  std::optional<SampledTimeline> timeline;  // where it was asked for
  std::vector<Explanation> explanations;    // the first is what limits it
};

}  // namespace scantune
