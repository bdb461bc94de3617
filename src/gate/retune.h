// Whether a faster variant than the stored one exists now.
#pragma once

#include <optional>
#include <stop_token>

#include "core/check.h"
#include "core/outcome.h"
#include "device/device.h"
#include "tune/tune.h"

namespace scantune::gate {

// Tunes the entry's workload for up to `seconds`, with the stored winner as the incumbent: it is replaced only by what
// is faster by more than noise. None where it stays. An error where nothing could be measured.
Expected<std::optional<Better>> find_better(Device& device, Compiler& compiler, const BestEntry& entry, double seconds,
                                            uint64_t seed, Observer& observer, const std::stop_token& stop);

}  // namespace scantune::gate
