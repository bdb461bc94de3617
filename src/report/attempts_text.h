// What was tried, and what became of it.
#pragma once

#include <string>
#include <vector>

#include "core/outcome.h"
#include "report/report.h"

namespace scantune::report {

// One row a family: how many variants, what became of them, the best.
std::vector<std::string> family_lines(const Outcome& outcome);

// "84 variants in 6.1 s: 78 measured, 4 ruled out by constraints, 2 did not compile", then what was
// verified, then the first failure of each kind (every failure but constraints when verbose).
std::vector<std::string> tried_lines(const Outcome& outcome, const TextStyle& style);

// Where the time went.
std::vector<std::string> time_lines(const TimeSpent& spent);

}  // namespace scantune::report
