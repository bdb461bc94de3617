// What --format json prints, and how it is read back.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "core/expected.h"
#include "core/outcome.h"

namespace scantune::wire {

// The outcomes of a run: one object, {"format": "scantune-run", "version": 1, "outcomes": [...]},
// every record and every raw sample included. Ends in a newline.
std::string run_json(const std::vector<Outcome>& outcomes);

// Reads that again. What is not in it (why the last discarded round was) stays empty. An error (bad_input) names the
// member at fault; the caller adds the path.
Expected<std::vector<Outcome>> parse_run(std::string_view text);

}  // namespace scantune::wire
