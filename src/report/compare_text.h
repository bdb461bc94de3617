// Two variants or results beside each other, for people.
#pragma once

#include <string>

#include "core/side_by_side.h"
#include "report/report.h"

namespace scantune::report {

// The screen of scantune compare: both sides, how much faster A is, what changed along with it. `verbose` shows every
// difference.
std::string compare_text(const SideBySide& comparison, const TextStyle& style);

}  // namespace scantune::report
