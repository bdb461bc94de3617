// What scantune profile and scantune compare print with --format json and csv.
#pragma once

#include <string>
#include <vector>

#include "core/sheet.h"

namespace scantune::wire {

// {"format": "scantune-profile", "version": 1, ...}: the sheet of one variant, with all that it was made from.
// configs/schema/profile.schema.json. Ends in a newline.
std::string profile_json(const Outcome& outcome, const ProfileSheet& sheet, int warm_runs);

// The same as a table for spreadsheets: a row a launch and value, "launch,function,name,value,unit,reason". The first
// rows, without a launch, are of the whole variant. Lines end in a newline.
std::string profile_csv(const Outcome& outcome, const ProfileSheet& sheet);

}  // namespace scantune::wire
