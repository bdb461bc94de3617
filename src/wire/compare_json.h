// What scantune compare prints with --format json.
#pragma once

#include <string>
#include <vector>

#include "core/side_by_side.h"

namespace scantune::wire {

// {"format": "scantune-compare", "version": 1, "comparisons": [...]}: configs/schema/compare.schema.json. `measured`
// is the run that both sides were measured in, whose samples go along; null where they are from files, which have them.
std::string compare_json(const std::vector<SideBySide>& comparisons, const Outcome* measured);

}  // namespace scantune::wire
