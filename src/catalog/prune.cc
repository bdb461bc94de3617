#include "catalog/prune.h"

#include <algorithm>
#include <map>
#include <set>

#include "catalog/occupancy.h"
#include "core/units.h"

namespace scantune {
namespace {

constexpr double kEnough = 0.5;
constexpr const char* kHowToTryIt = "(--no-prune tries it)";

// Whoever asks for nothing but what a sweep found slow wants to try just that.
void apply_sweep_rules(std::vector<Candidate>& candidates, const Workload& workload, const Chip& chip) {
  std::map<const Kernel*, std::vector<std::pair<Candidate*, std::string>>> slow;
  std::set<const Kernel*> hopeful;
  for (Candidate& candidate : candidates) {
    if (!candidate.broken.empty()) {
      continue;
    }
    std::string rule = first_broken(candidate.kernel->sweep_rules, candidate.variant, workload, chip);
    if (rule.empty()) {
      hopeful.insert(candidate.kernel);
    } else {
      slow[candidate.kernel].emplace_back(&candidate, std::move(rule));
    }
  }
  for (const auto& [kernel, ruled_out] : slow) {
    if (!hopeful.contains(kernel)) {
      continue;
    }
    for (const auto& [candidate, rule] : ruled_out) {
      candidate->broken = fmt::format("{} {}", rule, kHowToTryIt);
    }
  }
}

}  // namespace

void prune(std::vector<Candidate>& candidates, const Workload& workload, const Chip& chip) {
  apply_sweep_rules(candidates, workload, chip);
  const double needed = bytes_needed_per_sm(chip);
  if (chip.backend != Backend::cuda || needed <= 0) {
    return;
  }
  for (const bool baseline : {false, true}) {
    std::vector<std::pair<Candidate*, double>> in_flight;
    double most = 0;
    for (Candidate& candidate : candidates) {
      if (candidate.broken.empty() && candidate.kernel->baseline == baseline) {
        in_flight.emplace_back(&candidate,
                               bytes_in_flight_per_sm(*candidate.kernel, candidate.variant, workload, chip));
        most = std::max(most, in_flight.back().second);
      }
    }
    const double least = kEnough * std::min(needed, most);
    for (auto& [candidate, bytes] : in_flight) {
      if (bytes < least) {
        candidate->broken =
            fmt::format("{} in flight an SM, where {} are needed {}", format_bytes(static_cast<int64_t>(bytes)),
                        format_bytes(static_cast<int64_t>(std::min(needed, most))), kHowToTryIt);
      }
    }
  }
}

}  // namespace scantune
