// How much of a variant an SM holds at once, from what it is estimated to need.
#pragma once

#include "core/kernel.h"

namespace scantune {

// Blocks an SM holds at once; 0 where not even one fits.
int blocks_per_sm(const ResourceEstimate& estimate, int block_threads, const Chip& chip);

// Bytes of loads that a variant keeps in flight on an SM, on average over all SMs: what its blocks hold, as
// many as fit an SM or as there are, and no more than the workload has.
double bytes_in_flight_per_sm(const Kernel& kernel, const Variant& variant, const Workload& workload, const Chip& chip);

// Bytes that must be in flight on an SM to keep DRAM busy, by Little's law: bandwidth times latency; 0
// where the bandwidth is unknown.
double bytes_needed_per_sm(const Chip& chip);

}  // namespace scantune
