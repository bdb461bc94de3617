// One variant under the magnifying glass, for people.
#pragma once

#include <string>
#include <vector>

#include "core/sheet.h"
#include "report/report.h"

namespace scantune::report {

// The screen of scantune profile: time, how it was launched, what limits its occupancy, counters, stall reasons with
// what the largest mean, what limits it and what to try next.
std::string profile_text(const Outcome& outcome, const ProfileSheet& sheet, const TextStyle& style);

// Its parts that other screens show as well.

// One column a launch: grid, block, registers, shared memory, occupancy; empty where nothing is known of a launch.
std::vector<std::string> launch_lines(const ProfileSheet& sheet);

// One row a stall reason, one column a launch, largest first, then a sentence for each of those that matter.
std::vector<std::string> stall_lines(const ProfileSheet& sheet, size_t width);

// A table: the first column to the left, the others to the right, two blanks between them.
std::vector<std::string> table_lines(const std::vector<std::vector<std::string>>& rows);

}  // namespace scantune::report
