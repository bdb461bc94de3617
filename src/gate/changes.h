// What is not as it was when the baseline was measured, ranked by what it can explain of a slowdown.
#pragma once

#include <string>
#include <vector>

#include "core/check.h"
#include "core/outcome.h"

namespace scantune::gate {

// The variant now, beside the stored one. What is not known is empty.
struct Present {
  Provenance provenance;  // device, driver, compiler, source digest
  std::vector<EntryResources> resources;
  int64_t bytes_in_flight_per_sm = 0;
  std::optional<Profile> profile;
  Interval time_ns;
  Interval ratio_to_copy;
  Interval copy_time_ns;
};

// What a variant is built and run by and is another than then: sources, compiler, driver, GPU; the likeliest cause
// first.
std::vector<Change> causes_since(const BestEntry& entry, const Contender& then, const Provenance& now);

// Causes first (sources, compiler, driver, GPU), then what they did to resources and counters, by the share of the
// slowdown that each would account for alone (explain::changes); symptoms and what explains nothing are left out, but
// for a clock or copy that changed, which the ratio to the copy has taken into account already.
std::vector<Change> changes_since(const BestEntry& entry, const Contender& then, const Present& now);

// The clock of the SMs while the counters were read, in MHz: cycles over time; 0 where they were not read.
double profiled_clock_mhz(const std::optional<Profile>& profile);

// What is missing to compare counters, in one line; empty where nothing is.
std::string counters_missing(const std::optional<Profile>& then, const std::optional<Profile>& now);

}  // namespace scantune::gate
