#include "gate/trend.h"

#include <cmath>

#include "stats/rank.h"
#include "stats/stats.h"

namespace scantune::gate {

bool is_measured(const HistoryLine& line) { return !line.noise && line.ratio_to_copy.median > 0; }

std::optional<Noise> noise_in(const std::vector<HistoryLine>& history, const std::string& key) {
  std::optional<Noise> last;
  for (const HistoryLine& line : history) {
    if (line.key == key && line.noise) {
      last = line.noise;
    }
  }
  return last;
}

std::optional<LevelChange> level_change_in(const std::vector<HistoryLine>& history, const std::string& key) {
  std::vector<double> ratios;
  std::vector<const HistoryLine*> lines;
  for (const HistoryLine& line : history) {
    if (line.key == key && is_measured(line)) {
      ratios.push_back(line.ratio_to_copy.median);
      lines.push_back(&line);
    }
  }
  if (ratios.empty()) {
    return std::nullopt;
  }
  const stats::ChangePoint change = stats::change_point(ratios);
  if (change.p > kLevelChangeP || change.at == 0 || change.at >= ratios.size()) {
    return std::nullopt;
  }
  const std::span<const double> all(ratios);
  const double before = stats::median(all.first(change.at));
  const double after = stats::median(all.subspan(change.at));
  if (std::abs(after / before - 1) < kLeastLevelChange) {
    return std::nullopt;
  }
  return LevelChange{.runs = static_cast<int>(ratios.size()),
                     .at = static_cast<int>(change.at),
                     .time = lines[change.at]->time,
                     .commit = lines[change.at]->commit,
                     .before = before,
                     .after = after,
                     .p = change.p};
}

}  // namespace scantune::gate
