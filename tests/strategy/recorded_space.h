// Searches in spaces that were measured in full: what a strategy finds, and after how many variants.
#pragma once

#include <algorithm>
#include <vector>

#include "catalog/prune.h"
#include "device/recording.h"
#include "stats/stats.h"
#include "strategy/knowledge.h"
#include "strategy/strategy.h"

namespace scantune {

inline constexpr double kNear = 0.005;  // of the best: Protocol::equivalence

// Every recorded variant of a workload. A variant's result is the median ratio to the copy over all of its rounds: what
// a search with as many rounds would find.
struct RecordedSpace {
  SearchSpace space;
  double copy_time_ns = 0;                          // median of all rounds
  std::vector<double> ratio;                        // of each candidate; 0 where it failed
  std::vector<const replay::RecordedTrial*> trial;  // as ratio

  [[nodiscard]] double best() const { return std::ranges::max(ratio); }
};

inline RecordedSpace recorded_space(const Workload& workload, const Chip& chip,
                                    const replay::RecordedContext& context) {
  RecordedSpace recorded{{workload, chip, {}}, 0, {}, {}};
  std::vector<double> copies_ns;
  for (const replay::RecordedRound& round : context.rounds) {
    copies_ns.push_back(round.mean_copy_ns);
  }
  recorded.copy_time_ns = stats::median(copies_ns);
  const auto all = candidates(workload, chip, {.kernels = {}, .settings = {}, .space = {}, .prune = false});
  for (const Candidate& candidate : all.value()) {
    const replay::RecordedTrial* trial = context.find(candidate.variant);
    if (trial == nullptr || !candidate.broken.empty()) {
      continue;
    }
    std::vector<double> ratios;
    for (const replay::Pair& pair : trial->pairs) {
      ratios.push_back(context.rounds[pair.round].mean_copy_ns / pair.time_ns);
    }
    recorded.space.candidates.push_back(candidate);
    recorded.trial.push_back(trial);
    recorded.ratio.push_back(trial->failure || ratios.empty() ? 0 : stats::median(ratios));
  }
  return recorded;
}

// What pruning leaves of it: the space that a run searches unless it is told otherwise.
inline RecordedSpace pruned(const RecordedSpace& recorded) {
  std::vector<Candidate> candidates = recorded.space.candidates;
  prune(candidates, recorded.space.workload, recorded.space.chip);
  RecordedSpace left{{recorded.space.workload, recorded.space.chip, {}}, recorded.copy_time_ns, {}, {}};
  for (size_t i = 0; i < candidates.size(); ++i) {
    if (candidates[i].broken.empty()) {
      left.space.candidates.push_back(candidates[i]);
      left.ratio.push_back(recorded.ratio[i]);
      left.trial.push_back(recorded.trial[i]);
    }
  }
  return left;
}

struct Search {
  std::vector<Variant> measured;  // in the order asked for
  size_t until = 0;               // how many until one is near the best; 0 where none is
  size_t profiled = 0;            // counters read on the way
  double found = 0;               // the best found, relative to the best there is
};

// Runs a strategy to its end. Up to `under_way` requests are asked for at once, and answered in the order asked.
inline Search search(const RecordedSpace& recorded, Strategy& strategy, size_t under_way) {
  const Knowledge index(variants_of(recorded.space));
  Search search;
  double found = 0;
  while (true) {
    const auto requests = strategy.ask(under_way);
    if (requests.empty()) {
      break;
    }
    for (const Request& request : requests) {
      const size_t point = index.find(request.variant).value();
      const replay::RecordedTrial& trial = *recorded.trial[point];
      if (request.want == Request::Want::profile) {
        ++search.profiled;
        strategy.tell({request.variant, Profiled{trial.profile.value_or(Profile())}});
        continue;
      }
      const double ratio = recorded.ratio[point];
      search.measured.push_back(request.variant);
      found = std::max(found, ratio);
      if (search.until == 0 && found >= recorded.best() * (1 - kNear)) {
        search.until = search.measured.size();
      }
      if (ratio > 0) {
        const double time_ns = recorded.copy_time_ns / ratio;
        strategy.tell({request.variant, Verified{trial.resources, trial.bytes_in_flight_per_sm}});
        strategy.tell({request.variant, Measured{Phase::screen, {time_ns, time_ns, time_ns}, {ratio, ratio, ratio}}});
      } else {
        strategy.tell({request.variant, Failure{FailureKind::launch, "as recorded"}});
      }
    }
  }
  search.found = found / recorded.best();
  return search;
}

}  // namespace scantune
