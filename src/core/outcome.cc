#include "core/outcome.h"

#include <algorithm>
#include <map>

namespace scantune {

std::string_view name(StopReason reason) {
  switch (reason) {
    case StopReason::complete:
      return "complete";
    case StopReason::budget:
      return "budget";
    case StopReason::interrupted:
      return "interrupted";
    case StopReason::device_lost:
      return "device_lost";
    case StopReason::not_kept:
      return "not_kept";
  }
  return "unknown";
}

const Standing* standing_of(const Outcome& outcome, int record) {
  const auto it = std::ranges::find(outcome.ranking, record, &Standing::record);
  return it == outcome.ranking.end() ? nullptr : &*it;
}

BestEntry best_entry(const Outcome& outcome) {
  BestEntry entry{.workload = outcome.workload,
                  .chip = outcome.device.chip,
                  .protocol = outcome.protocol,
                  .provenance = outcome.provenance,
                  .seed = outcome.seed,
                  .contenders = {},
                  .equivalents = {},
                  .baseline = {},
                  .copy_time_ns = outcome.copy_time_ns,
                  .rounds = {}};
  // The winner first, then those that took part in the same phase, in rank order, then the baseline.
  const Standing* winner = standing_of(outcome, outcome.winner.value());
  std::map<int, int> contender_of;  // record -> index into contenders
  std::map<int, Phase> phase_of;    // record -> the phase its times come from
  const auto add = [&](const Standing& standing) {
    if (contender_of.contains(standing.record)) {
      return;
    }
    const Record& record = outcome.records[static_cast<size_t>(standing.record)];
    contender_of[standing.record] = static_cast<int>(entry.contenders.size());
    phase_of[standing.record] = standing.phase;
    entry.contenders.push_back({record.variant, standing.time_ns, standing.ratio_to_copy, record.resources,
                                record.bytes_in_flight_per_sm, record.profile, record.source_digest, record.build});
  };
  add(*winner);
  int room = outcome.protocol.final_variants - (outcome.winner == outcome.baseline ? 0 : 1);
  for (const Standing& standing : outcome.ranking) {
    if (standing.phase != winner->phase || standing.record == outcome.winner) {
      continue;
    }
    if (standing.record == outcome.baseline) {
      add(standing);  // in its place, but not counted
    } else if (room > 0) {
      add(standing);
      --room;
    }
  }
  if (outcome.baseline) {
    add(*standing_of(outcome, *outcome.baseline));
    entry.baseline = contender_of.at(*outcome.baseline);
  }
  for (const int record : outcome.equivalents) {
    if (const auto it = contender_of.find(record); it != contender_of.end() && it->second != 0) {
      entry.equivalents.push_back(it->second);
    }
  }
  for (const Round& round : outcome.rounds) {
    Round kept{round.phase, {}, round.runs, round.resampled};
    bool any = false;
    for (const Sample& sample : round.samples) {
      if (sample.subject == kCopy) {
        kept.samples.push_back(sample);
      } else if (const auto it = contender_of.find(sample.subject);
                 it != contender_of.end() && phase_of.at(it->first) == round.phase) {
        kept.samples.push_back({it->second, sample.time_ns});
        any = true;
      }
    }
    if (any) {
      entry.rounds.push_back(std::move(kept));
    }
  }
  return entry;
}

}  // namespace scantune
