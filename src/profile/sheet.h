// What there is to say of a variant, worked out from what was measured.
#pragma once

#include "core/sheet.h"
#include "profile/measure.h"

namespace scantune::profile {

// The sheet of a record of an outcome: occupancy and what limits it, stall shares, DRAM bytes, explanations.
ProfileSheet sheet_of(const Outcome& outcome, int record);

// The same, with every reading of its counters.
ProfileSheet sheet_of(const Measurement& measurement, int record);

// "scantune::row_carry<float, 8192>" -> "row_carry"
std::string function_name(const std::string& entry);

}  // namespace scantune::profile
