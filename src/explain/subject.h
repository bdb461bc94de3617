// A profiled variant: all that a diagnosis is made of.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "core/outcome.h"

namespace scantune::explain {

struct Subject {
  Workload workload;
  Chip chip;
  Variant variant;
  std::vector<EntryResources> resources;  // one a launch; empty on a CPU
  int64_t bytes_in_flight_per_sm = 0;     // 0 where unknown
  std::optional<Profile> profile;
  std::optional<double> time_ns;        // as timed beside the copy, without counters
  std::optional<double> ratio_to_copy;  // time of the copy / time of the variant
};

// A record of a run, with its standing where it was measured.
Subject subject_of(const Outcome& outcome, int record);

// A variant as a best file keeps it.
Subject subject_of(const BestEntry& entry, const Contender& contender);

}  // namespace scantune::explain
