// Leaves out variants that cannot be the best, before anything is compiled: rules from sweeps, and a model of two
// numbers.
#pragma once

#include <vector>

#include "catalog/catalog.h"

namespace scantune {

// Marks admitted candidates that cannot be the best as ruled out, with the reason in `broken`: first those that break
// one of their family's sweep rules (Kernel::sweep_rules), unless none of the family keeps them all, then those that
// cannot keep enough bytes in flight. A scan is bound by DRAM, so what counts is how many bytes of loads an SM has
// under way (occupancy.h). Enough is what Little's law asks for, or, where no candidate reaches that (small workloads),
// what the best one has. A candidate with less than half of it is left out: half, as the estimate of registers, and so
// of occupancy, may be off by that much.
//
// Baselines are compared with their own kind only: they are there to be compared with. Nothing is left
// out on a CPU, or where the chip's bandwidth is unknown.
void prune(std::vector<Candidate>& candidates, const Workload& workload, const Chip& chip);

}  // namespace scantune
