// How much of a variant an SM holds at once, from what it is estimated to need.
#pragma once

#include <string_view>
#include <vector>

#include "core/kernel.h"
#include "core/record.h"

namespace scantune {

// How many blocks each of an SM's resources would have room for. At most as many blocks as the SM has slots for.
struct OccupancyLimits {
  int slots = 0;
  int threads = 0;
  int registers = 0;
  int shared_memory = 0;

  [[nodiscard]] int blocks() const;           // of all of them together
  [[nodiscard]] std::string_view by() const;  // which of them has the least room: "registers", "shared memory", ...
};
OccupancyLimits occupancy_limits(int registers_per_thread, int64_t shared_bytes_per_block, int block_threads,
                                 const Chip& chip);

// Blocks an SM holds at once; 0 where not even one fits.
int blocks_per_sm(const ResourceEstimate& estimate, int block_threads, const Chip& chip);

// Bytes of loads that a variant keeps in flight on an SM, on average over all SMs: what its blocks hold, as
// many as fit an SM or as there are, and no more than the workload has.
double bytes_in_flight_per_sm(const Kernel& kernel, const Variant& variant, const Workload& workload, const Chip& chip);

// Bytes of loads that the blocks an SM holds keep in flight, with the occupancy that the device found for the
// launches; 0 where that or the family's estimate is not known.
int64_t resident_bytes_in_flight(const Kernel& kernel, const Variant& variant, const Workload& workload,
                                 const Chip& chip, const std::vector<EntryResources>& resources);

// Bytes that must be in flight on an SM to keep DRAM busy, by Little's law: bandwidth times latency; 0
// where the bandwidth is unknown.
double bytes_needed_per_sm(const Chip& chip);

}  // namespace scantune
