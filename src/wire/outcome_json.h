// What --format json prints.
#pragma once

#include <string>
#include <vector>

#include "core/outcome.h"

namespace scantune::wire {

// The outcomes of a run: one object, {"format": "scantune-run", "version": 1, "outcomes": [...]},
// every record and every raw sample included. Ends in a newline.
std::string run_json(const std::vector<Outcome>& outcomes);

}  // namespace scantune::wire
