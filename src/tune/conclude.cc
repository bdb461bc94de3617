#include "tune/conclude.h"

#include <algorithm>

#include "tune/rounds.h"

namespace scantune {

std::vector<Standing> standings(const Outcome& outcome, Phase phase) {
  std::vector<Standing> all;
  for (int record = 0; record < static_cast<int>(outcome.records.size()); ++record) {
    if (outcome.records[static_cast<size_t>(record)].failure) {
      continue;
    }
    if (auto s = standing(outcome.rounds, phase, record, outcome.protocol)) {
      all.push_back(*s);
    }
  }
  rank(all, outcome.records);
  return all;
}

void conclude(Outcome& outcome, const Judging& judging) {
  const auto variant_of = [&](const Standing& s) -> const Variant& {
    return outcome.records[static_cast<size_t>(s.record)].variant;
  };
  std::vector<Standing>& ranking = outcome.ranking;
  ranking = judging.final_held ? standings(outcome, Phase::final) : std::vector<Standing>{};
  const size_t finalists = ranking.size();
  for (const Standing& s : standings(outcome, Phase::screen)) {
    const auto end = ranking.begin() + static_cast<std::ptrdiff_t>(finalists);
    if (std::find_if(ranking.begin(), end, [&](const Standing& f) { return f.record == s.record; }) == end) {
      ranking.push_back(s);
    }
  }
  if (ranking.empty()) {
    return;
  }
  const Phase phase = ranking.front().phase;
  if (judging.incumbent) {
    const auto stored = std::ranges::find_if(
        ranking, [&](const Standing& s) { return s.phase == phase && variant_of(s) == *judging.incumbent; });
    if (stored != ranking.end() && stored != ranking.begin() &&
        !surely_faster(ranking.front().record, stored->record, outcome.rounds, phase, outcome.protocol)) {
      std::rotate(ranking.begin(), stored, stored + 1);
      outcome.incumbent_stayed = true;
    }
  }
  const Standing& best = ranking.front();
  outcome.winner = best.record;
  outcome.equivalents = equivalents_of(best.record, ranking, outcome.rounds, phase, outcome.protocol);
  const auto baseline = std::ranges::find_if(ranking, judging.is_baseline, &Standing::record);
  outcome.baseline = baseline == ranking.end() ? std::nullopt : std::optional(baseline->record);
  outcome.copy_time_ns = standing(outcome.rounds, phase, kCopy, outcome.protocol)->time_ns;
}

}  // namespace scantune
