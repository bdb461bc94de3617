// Counters over time inside one run, as a plot of characters and a few figures.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "core/timeline.h"

namespace scantune::report {

// The plot, each counter over time: a long run is shown in three panels, its start and its tail with a sample a column,
// what lies between them squeezed. Then the figures, or why there are none; where there is no timeline, only why.
// `launches`: of the variant. Lines are of at most `width` columns, as far as that is 40 or more.
std::vector<std::string> timeline_lines(const SampledTimeline& sampled, size_t launches, size_t width);

// The figures alone, a sentence each: "at 90% of its steady ...".
std::vector<std::string> phase_sentences(const RunPhases& phases, size_t launches);

}  // namespace scantune::report
