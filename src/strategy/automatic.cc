#include <algorithm>
#include <cmath>
#include <functional>
#include <iterator>
#include <map>
#include <numeric>
#include <set>
#include <utility>

#include "catalog/occupancy.h"
#include "catalog/prune.h"
#include "strategy/baselines.h"
#include "strategy/knowledge.h"
#include "strategy/neighbours.h"
#include "strategy/strategy.h"

namespace scantune {
namespace {

// docs/search.md says where these come from.
constexpr size_t kStarts = 2;      // of a family, at once
constexpr size_t kAtOnce = 4;      // under way while a step is looked for: its result says where the next goes
constexpr size_t kTrades = 3;      // how many of the best are left by trades, when no step helps
constexpr size_t kLikely = 24;     // likeliest variants that are tried in any case
constexpr double kHopeful = 0.85;  // of the best ratio: a family whose best is below has no chance

// How likely a variant is to be good, by what is known of it before it is compiled; higher is better. Loads in flight
// count first, up to what Little's law asks for, and less up to three times that. Few warps of few blocks do the same
// work with fewer barriers and less of it unevenly; the last wave of blocks should not leave SMs idle.
double promise(const Candidate& candidate, const SearchSpace& space) {
  const ResourceEstimate estimate = candidate.kernel->estimate(candidate.variant, space.workload, space.chip);
  const Launch launch = candidate.kernel->launches(candidate.variant, space.workload, space.chip).back();
  const int blocks = std::max(1, blocks_per_sm(estimate, launch.block_threads, space.chip));
  const double in_flight = bytes_in_flight_per_sm(*candidate.kernel, candidate.variant, space.workload, space.chip) /
                           std::max(1.0, bytes_needed_per_sm(space.chip));
  const double waves = static_cast<double>(launch.grid_blocks) / (std::max(1, space.chip.multiprocessors) * blocks);
  const double evenness = waves > 1 ? waves / std::ceil(waves) : 1;
  return std::min(in_flight, 1.0) + 0.5 * std::min(in_flight / 3, 1.0) + 0.2 * std::min(waves, 1.0) + 0.2 * evenness -
         0.05 * std::log2(launch.block_threads / 32.0) - 0.1 * std::log2(blocks);
}

class Automatic final : public Strategy {
 public:
  explicit Automatic(const SearchSpace& space)
      : variants_(variants_of(space)),
        steps_(neighbours(variants_)),
        trades_(trades(variants_)),
        known_(variants_),
        order_(variants_.size()) {
    std::vector<Candidate> pruned = space.candidates;
    prune(pruned, space.workload, space.chip);
    std::vector<double> promises;
    for (size_t i = 0; i < variants_.size(); ++i) {
      // Behind all others, not left out: who switches pruning off wants to see what it would miss.
      constexpr double kBehind = 100;
      likely_.push_back(pruned[i].broken.empty());
      promises.push_back(promise(space.candidates[i], space) - (likely_[i] ? 0 : kBehind));
      baseline_.push_back(space.candidates[i].kernel->baseline);
    }
    std::iota(order_.begin(), order_.end(), size_t{0});
    std::ranges::stable_sort(order_, std::greater<>(), [&](size_t i) { return promises[i]; });
    const auto by_promise = [&](std::vector<size_t>& points) {
      std::ranges::stable_sort(points, std::greater<>(), [&](size_t i) { return promises[i]; });
    };
    std::ranges::for_each(steps_, by_promise);
    std::ranges::for_each(trades_, by_promise);
    choose_starts();
    baselines_ = usual_baselines(space);
  }

  void tell(const Event& event) override { known_.tell(event); }

  std::vector<Request> ask(size_t n) override {
    const Wanted wanted = next();
    const auto under_way =
        static_cast<size_t>(std::ranges::count_if(wanted.points, [&](size_t point) { return known_.awaited(point); }));
    const size_t room = std::min(n, wanted.at_once - std::min(wanted.at_once, under_way));
    std::vector<Request> requests;
    for (const size_t point : wanted.points) {
      if (requests.size() < room && !known_.awaited(point)) {
        known_.ask(point);
        requests.push_back({variants_[point], Request::Want::measure});
      }
    }
    return requests;
  }

  // What is wanted next; what would be if one of these were the best; what later stages look at, as far as is known
  // now; and what lies next to all of that.
  [[nodiscard]] std::vector<Variant> likely(size_t n) const override {
    const auto awaited = [&](size_t point) { return known_.awaited(point); };
    const size_t enough = n + static_cast<size_t>(std::ranges::count_if(order_, awaited));
    const std::vector<size_t> best = best_first();
    const std::vector<size_t> wanted = next().points;
    std::vector<size_t> points = wanted;
    for (const size_t point : wanted) {
      add_unknown(steps_[point], points);
    }
    for (size_t i = 0; i < std::min(best.size(), kTrades); ++i) {
      add_unknown(trades_[best[i]], points);
    }
    add_unknown(likely_of_hopeful_families(best), points);
    add_unknown(baselines_, points);
    for (size_t i = 0; i < points.size() && points.size() < enough; ++i) {
      add_unknown(steps_[points[i]], points);
      add_unknown(trades_[points[i]], points);
    }
    std::erase_if(points, awaited);
    points.resize(std::min(n, points.size()));
    std::vector<Variant> variants;
    std::ranges::transform(points, std::back_inserter(variants), [&](size_t point) { return variants_[point]; });
    return variants;
  }

 private:
  struct Wanted {
    std::vector<size_t> points;  // not known, the likeliest first
    size_t at_once = 0;          // how many of them may be under way
  };

  // The likeliest of each family that has any, the baseline only where it is all there is.
  void choose_starts() {
    const bool all_baseline = std::ranges::all_of(baseline_, std::identity());
    const bool none_likely = std::ranges::none_of(likely_, std::identity());
    std::map<std::string, size_t> of_family;
    for (const size_t i : order_) {
      if ((likely_[i] || none_likely) && (all_baseline || !baseline_[i]) &&
          of_family[variants_[i].kernel]++ < kStarts) {
        starts_.push_back(i);
      }
    }
  }

  void add_unknown(const std::vector<size_t>& points, std::vector<size_t>& to) const {
    for (const size_t point : points) {
      if (!known_.known(point) && std::ranges::find(to, point) == to.end()) {
        to.push_back(point);
      }
    }
  }

  // What is missing: first of the starts, then around the best, then of what is likely at all.
  [[nodiscard]] Wanted next() const {
    Wanted wanted{.points = {}, .at_once = variants_.size()};
    add_unknown(starts_, wanted.points);
    if (!wanted.points.empty()) {
      return wanted;
    }
    wanted.at_once = kAtOnce;
    const std::vector<size_t> best = best_first();
    for (size_t i = 0; i < std::min<size_t>(best.size(), 1); ++i) {
      add_unknown(steps_[best[i]], wanted.points);
    }
    if (!wanted.points.empty()) {
      return wanted;
    }
    for (size_t i = 0; i < std::min(best.size(), kTrades); ++i) {
      add_unknown(trades_[best[i]], wanted.points);
    }
    if (!wanted.points.empty()) {
      return wanted;
    }
    // Nothing better lies next to the best: what is left to ask does not depend on each other's results.
    wanted.at_once = variants_.size();
    add_unknown(likely_of_hopeful_families(best), wanted.points);
    add_unknown(baselines_, wanted.points);
    return wanted;
  }

  [[nodiscard]] std::vector<size_t> best_first() const {
    std::vector<size_t> best;
    std::ranges::copy_if(order_, std::back_inserter(best), [&](size_t i) { return known_.ratio(i) > 0; });
    std::ranges::stable_sort(best, std::greater<>(), [&](size_t i) { return known_.ratio(i); });
    return best;
  }

  [[nodiscard]] std::vector<size_t> likely_of_hopeful_families(const std::vector<size_t>& best) const {
    std::set<std::string> hopeful;
    for (const size_t i : best) {
      if (known_.ratio(i) >= kHopeful * known_.ratio(best.front())) {
        hopeful.insert(variants_[i].kernel);
      }
    }
    std::vector<size_t> points;
    for (const size_t i : order_) {
      if (points.size() < kLikely && likely_[i] && (hopeful.empty() || hopeful.contains(variants_[i].kernel))) {
        points.push_back(i);
      }
    }
    return points;
  }

  std::vector<Variant> variants_;
  std::vector<std::vector<size_t>> steps_;   // of each variant, the likeliest first
  std::vector<std::vector<size_t>> trades_;  // as those
  Knowledge known_;
  std::vector<size_t> order_;  // all variants, the likeliest first
  std::vector<bool> likely_;   // not pruned
  std::vector<bool> baseline_;
  std::vector<size_t> starts_;
  std::vector<size_t> baselines_;
};

// A variant of each family in turn, so that a budget which ends early has seen all of them.
std::vector<Variant> families_in_turn(std::vector<Variant> variants) {
  std::map<std::string, size_t> of_family;
  std::vector<std::pair<size_t, Variant>> turns;
  for (Variant& variant : variants) {
    const size_t turn = of_family[variant.kernel]++;
    turns.emplace_back(turn, std::move(variant));
  }
  std::ranges::stable_sort(turns, {}, [](const auto& turn) { return turn.first; });
  std::ranges::transform(turns, variants.begin(), [](auto& turn) { return std::move(turn.second); });
  return variants;
}

}  // namespace

std::unique_ptr<Strategy> automatic(const SearchSpace& space) {
  const bool modelled = std::ranges::all_of(space.candidates, [](const Candidate& candidate) {
    return candidate.kernel->estimate != nullptr && candidate.kernel->launches != nullptr;
  });
  return modelled ? std::make_unique<Automatic>(space) : exhaustive(families_in_turn(variants_of(space)));
}

}  // namespace scantune
