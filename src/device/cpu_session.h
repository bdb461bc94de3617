// A workload in the memory of this machine, and the variants run on it.
#pragma once

#include <memory>

#include "cpu/leaves.h"
#include "device/counters.h"
#include "device/device.h"

namespace scantune::cpu {

// Memory that open_session() takes, in bytes, everything included.
int64_t session_bytes(const Workload& workload, const Chip& chip);

// Allocates and fills the tensors, and finds the fastest copy. `leaves` lives as long as the program.
Expected<std::unique_ptr<Session>> open_session(const Leaves& leaves, const Chip& chip, CountersFactory counters,
                                                const Workload& workload, uint64_t seed);

}  // namespace scantune::cpu
