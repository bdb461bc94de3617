// What follows from the rounds of a run: who won, who is as fast, how fast each is.
#pragma once

#include <functional>
#include <optional>
#include <vector>

#include "core/outcome.h"

namespace scantune {

// The standings of all records that did not fail, over the rounds of a phase; best first.
std::vector<Standing> standings(const Outcome& outcome, Phase phase);

// How a run is judged.
struct Judging {
  bool final_held = false;  // the final is whole: it decides. Else the screen does
  std::function<bool(int record)> is_baseline;
  std::optional<Variant> incumbent;  // stays the winner unless another is faster by more than noise
};

// Fills in ranking, winner, equivalents, baseline and the copy's time from the outcome's records,
// rounds and protocol. Nothing where nothing was measured.
void conclude(Outcome& outcome, const Judging& judging);

}  // namespace scantune
