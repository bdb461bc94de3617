#include "strategy/baselines.h"

#include <algorithm>

namespace scantune {

std::vector<size_t> usual_baselines(const SearchSpace& space) {
  constexpr size_t kCount = 3;
  std::vector<size_t> points;
  for (size_t i = 0; i < space.candidates.size(); ++i) {
    if (space.candidates[i].kernel->baseline) {
      points.push_back(i);
    }
  }
  std::ranges::stable_sort(points, {}, [&](size_t i) {
    const Candidate& candidate = space.candidates[i];
    const auto apart = candidate.kernel->apart_from_usual;
    return apart == nullptr ? 0.0 : apart(candidate.variant, space.workload);
  });
  points.resize(std::min(kCount, points.size()));
  return points;
}

}  // namespace scantune
