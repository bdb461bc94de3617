#include "explain/subject.h"

namespace scantune::explain {

Subject subject_of(const Outcome& outcome, int record) {
  const Record& of = outcome.records.at(static_cast<size_t>(record));
  Subject subject{.workload = outcome.workload,
                  .chip = outcome.device.chip,
                  .variant = of.variant,
                  .resources = of.resources,
                  .bytes_in_flight_per_sm = of.bytes_in_flight_per_sm,
                  .profile = of.profile,
                  .time_ns = {},
                  .ratio_to_copy = {}};
  if (const Standing* standing = standing_of(outcome, record)) {
    subject.time_ns = standing->time_ns.median;
    subject.ratio_to_copy = standing->ratio_to_copy.median;
  }
  return subject;
}

Subject subject_of(const BestEntry& entry, const Contender& contender) {
  return {.workload = entry.workload,
          .chip = entry.chip,
          .variant = contender.variant,
          .resources = contender.resources,
          .bytes_in_flight_per_sm = contender.bytes_in_flight_per_sm,
          .profile = contender.profile,
          .time_ns = contender.time_ns.median,
          .ratio_to_copy = contender.ratio_to_copy.median};
}

}  // namespace scantune::explain
