// One workload tuned on several devices of one chip at a time.
#pragma once

#include <vector>

#include "tune/tune.h"

namespace scantune {

// As tune(), with the screen shared out: each device takes the strategy's next variants and measures them beside copies
// of its own, and it is their ratios to these that meet. The final and the counters belong to the first device,
// whose figures and UUID the outcome has. A device that is lost, or cannot be opened, leaves its variants to the
// others; a budget of trials is shared out evenly. `devices` are of one chip, one at least, and their memory holds a
// session each.
//
// Events are kept in the order they happen, one at a time, rounds with the UUID of their device (RoundTaken::uuid).
Expected<Outcome> tune_together(const std::vector<Device*>& devices, Compiler& compiler, const Workload& workload,
                                const std::vector<Candidate>& candidates, Strategy& strategy,
                                const TuneOptions& options, const Provenance& provenance, Observer& observer,
                                const std::stop_token& stop);

}  // namespace scantune
