#include "explain/moves.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <set>
#include <utility>

#include "catalog/occupancy.h"
#include "core/units.h"
#include "explain/features.h"
#include "explain/reading.h"
#include "explain/thresholds.h"

namespace scantune::explain {
namespace {

constexpr size_t kPerAdvice = 3;
// How far a step may lie from the variant in steps of other parameters than the advised one.
constexpr double kReach = 3;
// An expectation counts for more where it is less certain: what is not known may be better.
constexpr double kCuriosity = 0.5;
constexpr double kLuck = 3;

const Value* value_of(const Variant& variant, const std::string& param) {
  const auto it = std::ranges::find(variant.settings, param, &Setting::name);
  return it == variant.settings.end() ? nullptr : &it->value;
}

bool follows(const Advice& advice, const Variant& from, const Candidate& to) {
  if (advice.param == "kernel") {
    return to.variant.kernel != from.kernel && !to.kernel->baseline;
  }
  if (to.variant.kernel != from.kernel) {
    return false;
  }
  const Value* before = value_of(from, advice.param);
  const Value* after = value_of(to.variant, advice.param);
  if (before == nullptr || after == nullptr ||
      steps_between(from, to.variant) - steps_between(*before, *after) > kReach) {
    return false;
  }
  if (advice.direction == Direction::other) {
    return *before != *after;
  }
  const auto* x = std::get_if<int64_t>(before);
  const auto* y = std::get_if<int64_t>(after);
  return x != nullptr && y != nullptr && (advice.direction == Direction::up ? *y > *x : *y < *x);
}

bool advises(const Diagnosis& diagnosis, std::string_view param) {
  return std::ranges::any_of(diagnosis.findings, [&](const Finding& finding) {
    return std::ranges::find(finding.advice, param, &Advice::param) != finding.advice.end();
  });
}

// Bytes in flight on an SM with the registers that the compiler is likely to give it: as many more or less than
// estimated as it gave the variant that is known.
double bytes_in_flight(const Subject& from, const Kernel& kernel, const Variant& to) {
  ResourceEstimate estimate = kernel.estimate(to, from.workload, from.chip);
  const ResourceEstimate known = kernel.estimate(from.variant, from.workload, from.chip);
  if (!from.resources.empty() && known.registers_per_thread > 0) {
    const double off = static_cast<double>(from.resources.back().registers_per_thread) /
                       static_cast<double>(known.registers_per_thread);
    estimate.registers_per_thread =
        std::min(from.chip.max_registers_per_thread, static_cast<int>(estimate.registers_per_thread * off));
  }
  const Launch launch = kernel.launches(to, from.workload, from.chip).back();
  return static_cast<double>(blocks_per_sm(estimate, launch.block_threads, from.chip)) *
         static_cast<double>(estimate.bytes_in_flight_per_block);
}

}  // namespace

std::vector<Move> moves(const Subject& subject, const Diagnosis& diagnosis, const std::vector<Candidate>& space,
                        const Expectation& expectation, const std::set<size_t>& tried) {
  // Below this not even luck makes it worth a step.
  const double least = subject.ratio_to_copy ? std::log(*subject.ratio_to_copy) : -std::numeric_limits<double>::max();
  // For each piece of advice what it leads to, best first.
  std::vector<std::vector<Move>> led_to;
  for (const Finding& finding : diagnosis.findings) {
    if (finding.limit == Limit::at_copy_roof) {
      return {};
    }
    for (const Advice& advice : finding.advice) {
      std::vector<std::pair<double, size_t>> best;
      for (size_t c = 0; c < space.size(); ++c) {
        const auto outlook = expectation.of(c);
        if (outlook && !tried.contains(c) && space[c].variant != subject.variant &&
            outlook->log_ratio + kLuck * outlook->sd >= least && follows(advice, subject.variant, space[c])) {
          best.emplace_back(outlook->log_ratio + kCuriosity * outlook->sd, c);
        }
      }
      std::ranges::stable_sort(best, std::greater<>{}, &std::pair<double, size_t>::first);
      best.resize(std::min(best.size(), kPerAdvice));
      std::vector<Move>& moves = led_to.emplace_back();
      for (const auto& [_, candidate] : best) {
        moves.push_back({candidate, finding.limit, advice});
      }
    }
  }
  // The best of each first: the second best of one is often the neighbour of its best.
  std::vector<Move> found;
  std::set<size_t> there;
  for (size_t place = 0; place < kPerAdvice; ++place) {
    for (const std::vector<Move>& moves : led_to) {
      if (place < moves.size() && there.insert(moves[place].candidate).second) {
        found.push_back(moves[place]);
      }
    }
  }
  return found;
}

std::string broken_rule(const Subject& from, const Diagnosis& diagnosis, const Candidate& to) {
  if (!from.profile || from.profile->launches.empty()) {
    return {};
  }
  const bool same_family = to.variant.kernel == from.variant.kernel;
  const Value* storage_before = value_of(from.variant, "storage");
  const Value* storage_after = value_of(to.variant, "storage");
  const bool same_storage = storage_before == nullptr || storage_after == nullptr || *storage_before == *storage_after;
  if (!same_family && !advises(diagnosis, "kernel")) {
    return "no counter speaks for another family";
  }
  if (!same_family) {
    return {};
  }
  if (!same_storage && !advises(diagnosis, "storage")) {
    return "no counter speaks for another storage";
  }
  const std::optional<double> memory_stall = Reading(from).stall("long_scoreboard");
  const Value* stages_before = value_of(from.variant, "stages");
  const Value* stages_after = value_of(to.variant, "stages");
  if (same_storage && memory_stall && *memory_stall < kStallPercent && stages_before != nullptr &&
      stages_after != nullptr && std::get<int64_t>(*stages_after) > std::get<int64_t>(*stages_before)) {
    return fmt::format("stages go up only where memory stalls are high: {:.0f}% is below {:.0f}%", *memory_stall,
                       kStallPercent);
  }
  const Value* tile_before = value_of(from.variant, "tile");
  const Value* tile_after = value_of(to.variant, "tile");
  if (tile_before != nullptr && tile_after != nullptr && to.kernel->estimate != nullptr &&
      std::get<int64_t>(*tile_after) > std::get<int64_t>(*tile_before)) {
    const double before = bytes_in_flight(from, *to.kernel, from.variant);
    const double after = bytes_in_flight(from, *to.kernel, to.variant);
    if (after < before && after < bytes_needed_per_sm(from.chip)) {
      return fmt::format("the larger tile takes registers: {} in flight an SM instead of {}",
                         format_bytes(static_cast<int64_t>(after)), format_bytes(static_cast<int64_t>(before)));
    }
  }
  return {};
}

}  // namespace scantune::explain
