// What a history says: a machine's noise, and changes of level that no single check would find.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "core/check.h"

namespace scantune::gate {

// How unlikely a change of level must be by chance to be told: each check of a history asks again.
inline constexpr double kLevelChangeP = 0.01;
// How far, relative, levels must lie apart to be told.
inline constexpr double kLeastLevelChange = 0.003;

// Whether a line is one of a check that has a ratio to the copy, and not of an A/A run: a run of the history.
bool is_measured(const HistoryLine& line);

// The last estimate of a key's noise.
std::optional<Noise> noise_in(const std::vector<HistoryLine>& history, const std::string& key);

// The change of level in the ratios to the copy of a key's runs, in the order of the file (Pettitt's test); none where
// it may be chance.
std::optional<LevelChange> level_change_in(const std::vector<HistoryLine>& history, const std::string& key);

}  // namespace scantune::gate
