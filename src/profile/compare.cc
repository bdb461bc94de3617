#include "profile/compare.h"

#include <algorithm>
#include <span>

#include "explain/changes.h"
#include "explain/subject.h"
#include "stats/comparison.h"
#include "stats/stats.h"

namespace scantune::profile {
namespace {

std::vector<Difference> differences(const explain::Subject& a, const explain::Subject& b) {
  std::vector<Difference> all;
  for (const explain::Change& change : explain::changes(a, b)) {
    all.push_back({change.name, change.unit, change.a, change.b, change.relative, change.symptom, change.explains});
  }
  return all;
}

Standoff standoff_of(const Interval& speedup, double equivalence) {
  const double least = 1 + equivalence;
  if (speedup.low > least) {
    return Standoff::faster;
  }
  if (speedup.high < 1 / least) {
    return Standoff::slower;
  }
  return speedup.low >= 1 / least && speedup.high <= least ? Standoff::equivalent : Standoff::undecided;
}

Standoff standoff_of(std::span<const double> speedups, double confidence, double equivalence) {
  switch (stats::compare(speedups, confidence, equivalence)) {
    case stats::Comparison::faster:
      return Standoff::faster;
    case stats::Comparison::slower:
      return Standoff::slower;
    case stats::Comparison::equivalent:
      return Standoff::equivalent;
    case stats::Comparison::undecided:
      break;
  }
  return Standoff::undecided;
}

// The interval of a subject's ratio to the copy at this confidence, from the rounds of the last phase that has it;
// as stored where no round has.
Interval ratio_at(const std::vector<Round>& rounds, int subject, double confidence, const Interval& stored) {
  for (const Phase phase : {Phase::final, Phase::screen}) {
    const stats::Pairs pairs = stats::pairs_of(rounds, phase, subject);
    if (!pairs.ratio.empty()) {
      return stats::median_interval(pairs.ratio, confidence);
    }
  }
  return stored;
}

// Both intervals hold together with `confidence` where each is made at half the rest.
void compare_ratios(SideBySide& result, const Interval& a, const Interval& b) {
  result.speedup = {.median = a.median / b.median, .low = a.low / b.high, .high = a.high / b.low};
  result.standoff = standoff_of(result.speedup, result.equivalence);
}

double each_of_two(double confidence) { return 1 - (1 - confidence) / 2; }

Side side_of(const Outcome& outcome, int record) {
  const Standing* standing = standing_of(outcome, record);
  Side side{.source = {},
            .variant = outcome.records.at(static_cast<size_t>(record)).variant,
            .chip = outcome.device.chip,
            .provenance = outcome.provenance,
            .time_ns = {},
            .ratio_to_copy = {}};
  if (standing != nullptr) {
    side.time_ns = standing->time_ns;
    side.ratio_to_copy = standing->ratio_to_copy;
  }
  return side;
}

bool same_work(const Workload& a, const Workload& b) {
  return a.geometry() == b.geometry() && a.dtype == b.dtype && a.accumulator == b.accumulator && a.cache == b.cache &&
         a.deterministic == b.deterministic;
}

}  // namespace

SideBySide compare(const Outcome& outcome, int a, int b) {
  SideBySide result;
  result.workload = outcome.workload;
  result.a = side_of(outcome, a);
  result.b = side_of(outcome, b);
  result.confidence = outcome.protocol.confidence;
  result.equivalence = outcome.protocol.equivalence;
  result.differences = differences(explain::subject_of(outcome, a), explain::subject_of(outcome, b));
  for (const Phase phase : {Phase::final, Phase::screen}) {
    const std::vector<double> speedups = stats::paired_speedup(outcome.rounds, phase, a, b);
    if (!speedups.empty()) {
      result.speedup = stats::median_interval(speedups, result.confidence);
      result.standoff = standoff_of(speedups, result.confidence, result.equivalence);
      result.paired_rounds = static_cast<int>(speedups.size());
      return result;
    }
  }
  const double confidence = each_of_two(result.confidence);
  compare_ratios(result, ratio_at(outcome.rounds, a, confidence, result.a.ratio_to_copy),
                 ratio_at(outcome.rounds, b, confidence, result.b.ratio_to_copy));
  return result;
}

SideBySide compare(const BestEntry& a, const std::string& a_source, const BestEntry& b, const std::string& b_source) {
  const auto side = [](const BestEntry& entry, const std::string& source) {
    const Contender& winner = entry.contenders.front();
    return Side{source, winner.variant, entry.chip, entry.provenance, winner.time_ns, winner.ratio_to_copy};
  };
  SideBySide result;
  result.workload = a.workload;
  result.a = side(a, a_source);
  result.b = side(b, b_source);
  result.confidence = std::min(a.protocol.confidence, b.protocol.confidence);
  result.equivalence = std::max(a.protocol.equivalence, b.protocol.equivalence);
  result.differences =
      differences(explain::subject_of(a, a.contenders.front()), explain::subject_of(b, b.contenders.front()));
  const double confidence = each_of_two(result.confidence);
  compare_ratios(result, ratio_at(a.rounds, 0, confidence, result.a.ratio_to_copy),
                 ratio_at(b.rounds, 0, confidence, result.b.ratio_to_copy));
  return result;
}

std::vector<Match> matches(const std::vector<BestEntry>& a, const std::vector<BestEntry>& b) {
  std::vector<Match> found;
  for (const BestEntry& entry : a) {
    const BestEntry* other = nullptr;
    for (const BestEntry& candidate : b) {
      if (!same_work(entry.workload, candidate.workload)) {
        continue;
      }
      if (other == nullptr || candidate.chip.name == entry.chip.name) {
        other = &candidate;
      }
    }
    if (other != nullptr) {
      found.push_back({&entry, other});
    }
  }
  return found;
}

}  // namespace scantune::profile
