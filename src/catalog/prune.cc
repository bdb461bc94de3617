#include "catalog/prune.h"

#include <algorithm>

#include "catalog/occupancy.h"
#include "core/units.h"

namespace scantune {
namespace {

constexpr double kEnough = 0.5;

}  // namespace

void prune(std::vector<Candidate>& candidates, const Workload& workload, const Chip& chip) {
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
        candidate->broken = fmt::format("{} in flight an SM, where {} are needed (--no-prune tries it)",
                                        format_bytes(static_cast<int64_t>(bytes)),
                                        format_bytes(static_cast<int64_t>(std::min(needed, most))));
      }
    }
  }
}

}  // namespace scantune
