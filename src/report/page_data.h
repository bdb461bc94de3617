// Outcomes as a report shows them: every figure of its page made here, from raw samples and counters.
#pragma once

#include "core/outcome.h"
#include "wire/report_json.h"

namespace scantune::report {

// A run's outcome. The records are sorted: measured ones as ranked, then the others as they were asked for. `source`
// is the index of the file it came from; peers are left to the caller.
wire::ReportOutcome page_outcome(const Outcome& outcome, int source);

// What `scantune profile` printed, read back: of whatever device, what limits its variant is told, as the profile did.
wire::ReportOutcome page_profile(const Outcome& outcome, int source);

// An entry of a best file, of which no more is known than its contenders.
wire::ReportOutcome page_outcome(const BestEntry& entry, int source);

}  // namespace scantune::report
