// What scantune profile and scantune compare print with --format json and csv.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/expected.h"
#include "core/sheet.h"

namespace scantune::wire {

// {"format": "scantune-profile", "version": 1, ...}: the sheet of one variant, with all that it was made from.
// configs/schema/profile.schema.json. Ends in a newline.
std::string profile_json(const Outcome& outcome, const ProfileSheet& sheet, int warm_runs);

// A profile read back, as an outcome of one record that is its winner where it was measured. What is not in the file
// (time spent, discarded rounds) is empty.
struct ProfileDocument {
  Outcome outcome;
  std::optional<SampledTimeline> timeline;
};

// Reads what profile_json() wrote. An error (bad_input) names the member at fault; the caller adds the path.
Expected<ProfileDocument> parse_profile(std::string_view text);

// The same as a table for spreadsheets: a row a launch and value, "launch,function,name,value,unit,reason". The first
// rows, without a launch, are of the whole variant. Lines end in a newline.
std::string profile_csv(const Outcome& outcome, const ProfileSheet& sheet);

}  // namespace scantune::wire
