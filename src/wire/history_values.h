// The parts that histories of checks, reports of them and checks have in common. Included by the .cc files of this
// folder only.
#pragma once

#include <optional>

#include "core/check.h"
#include "wire/values_json.h"

namespace scantune::wire {

// As write_interval, but zero is a value: of a slowdown, and not "not measured".
Json write_slowdown(const Interval& interval, bool known);

Json write_noise(const Noise& noise);
Noise read_noise(const Node& node);

Json write_level_change(const std::optional<LevelChange>& change);

// What a line of a history says, its key left out, added to an object.
void add_history_members(Json& object, const HistoryLine& line);

}  // namespace scantune::wire
