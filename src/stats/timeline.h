// The start, the steady state and the tail of a run, from counters sampled over time.
#pragma once

#include <string>
#include <tl/expected.hpp>

#include "core/timeline.h"

namespace scantune::stats {

// Of a timeline with DRAM's reads and writes among its metrics, in percent of the peak (timeline_metrics()). Else, or
// where it has too few samples or the run leaves DRAM idle, in one line why not.
tl::expected<RunPhases, std::string> phases_of(const Timeline& timeline);

}  // namespace scantune::stats
