#include "gate/retune.h"

#include <algorithm>
#include <random>

#include "catalog/catalog.h"
#include "stats/stats.h"
#include "strategy/strategy.h"

namespace scantune::gate {

Expected<std::optional<Better>> find_better(Device& device, Compiler& compiler, const BestEntry& entry, double seconds,
                                            uint64_t seed, Observer& observer, const std::stop_token& stop) {
  const Chip& chip = device.info().chip;
  const Variant& stored = entry.contenders.front().variant;
  auto all = candidates(entry.workload, chip, {});
  if (!all) {
    return tl::unexpected(all.error());
  }
  if (std::ranges::find(*all, stored, &Candidate::variant) == all->end()) {
    const auto kernel = find_kernel(stored.kernel, chip.backend);  // of a space of the user's own
    if (!kernel) {
      return tl::unexpected(kernel.error());
    }
    all->push_back({*kernel, stored, {}});
  }
  std::vector<Variant> admitted;
  for (Candidate& candidate : *all) {
    if (candidate.variant == stored) {
      candidate.broken.clear();  // pruned or not, it was measured
    }
    if (candidate.broken.empty() && candidate.variant != stored) {
      admitted.push_back(candidate.variant);
    }
  }
  // A search that ends early has met the stored variant, and a bit of every family.
  std::mt19937_64 random(seed);
  std::ranges::shuffle(admitted, random);
  admitted.insert(admitted.begin(), stored);
  const auto strategy = exhaustive(admitted);
  TuneOptions options;
  options.budget.seconds = seconds;
  options.seed = seed;
  options.incumbent = stored;
  const auto outcome = tune(device, compiler, entry.workload, *all, *strategy, options, {}, observer, stop);
  if (!outcome) {
    return tl::unexpected(outcome.error());
  }
  if (!outcome->winner) {
    return fail(ErrorKind::failed, "no variant was measured{}",
                outcome->stop_detail.empty() ? "" : ": " + outcome->stop_detail);
  }
  const Standing& best = outcome->ranking.front();
  const Variant& winner = outcome->records.at(static_cast<size_t>(*outcome->winner)).variant;
  const auto incumbent = std::ranges::find(outcome->records, stored, &Record::variant);
  if (winner == stored || incumbent == outcome->records.end()) {
    return std::nullopt;
  }
  const auto index = static_cast<int>(incumbent - outcome->records.begin());
  const std::vector<double> speedups = stats::paired_speedup(outcome->rounds, best.phase, *outcome->winner, index);
  if (speedups.empty()) {
    return std::nullopt;  // the two did not meet: nothing is known of which is faster
  }
  return Better{winner, best.ratio_to_copy, stats::median(speedups)};
}

}  // namespace scantune::gate
