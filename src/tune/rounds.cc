#include "tune/rounds.h"

#include <algorithm>
#include <tuple>

#include "stats/stats.h"

namespace scantune {
namespace {

int registers_of(const Record& record) {
  int most = 0;
  for (const EntryResources& entry : record.resources) {
    most = std::max(most, entry.registers_per_thread);
  }
  return most;
}

}  // namespace

int affordable_rounds(int wanted, int minimum, double time_s, double round_s) {
  if (round_s <= 0) {
    return wanted;
  }
  const double affordable = time_s / round_s;
  return affordable >= wanted ? wanted : std::max(minimum, static_cast<int>(affordable));
}

RoundsEnd RoundTaker::warm_up(const std::stop_token& stop) {
  const std::vector<Handle> order(static_cast<size_t>(protocol_.warmup_copies), kCopy);
  const auto samples = session_.round(order, spec_, stop);
  if (!samples) {
    return {RoundsEnd::Kind::device_lost, -1, samples.error().failure};
  }
  return {};
}

RoundsEnd RoundTaker::take(Phase phase, const std::vector<Loaded>& subjects, std::vector<Round>& rounds,
                           const std::stop_token& stop) {
  if (stop.stop_requested()) {
    return {RoundsEnd::Kind::stopped, -1, {}};
  }
  std::vector<Loaded> order = subjects;
  order.insert(order.end(), static_cast<size_t>(protocol_.round_copies), Loaded{kCopy, kCopy});
  std::ranges::shuffle(order, random_);
  std::vector<Handle> handles;
  handles.reserve(order.size());
  for (const Loaded& item : order) {
    handles.push_back(item.handle);
  }
  const auto samples = session_.round(handles, spec_, stop);
  if (!samples) {
    const RoundFault& fault = samples.error();
    const bool lost =
        fault.failure.kind == FailureKind::device || !fault.position || order[*fault.position].record == kCopy;
    return {lost ? RoundsEnd::Kind::device_lost : RoundsEnd::Kind::variant_failed,
            fault.position ? order[*fault.position].record : -1, fault.failure};
  }
  if (samples->size() < order.size()) {
    return {RoundsEnd::Kind::stopped, -1, {}};
  }
  Round round{phase, {}};
  for (size_t i = 0; i < order.size(); ++i) {
    round.samples.push_back({order[i].record, (*samples)[i].time_ns});
  }
  rounds.push_back(std::move(round));
  return {};
}

std::optional<Standing> standing(const std::vector<Round>& rounds, Phase phase, int record, double confidence) {
  const stats::Pairs pairs = stats::pairs_of(rounds, phase, record);
  if (pairs.ratio.empty()) {
    return std::nullopt;
  }
  return Standing{record, phase, stats::median_interval(pairs.time_ns, confidence),
                  stats::median_interval(pairs.ratio, confidence)};
}

void rank(std::vector<Standing>& standings, const std::vector<Record>& records) {
  const auto key = [&](const Standing& s) {
    const Record& record = records[static_cast<size_t>(s.record)];
    return std::tuple(-s.ratio_to_copy.median, registers_of(record), to_string(record.variant));
  };
  std::ranges::stable_sort(standings, {}, key);
}

std::vector<int> equivalents_of(int winner, const std::vector<Standing>& standings, const std::vector<Round>& rounds,
                                Phase phase, const Protocol& protocol) {
  std::vector<int> equivalents;
  for (const Standing& rival : standings) {
    if (rival.record == winner || rival.phase != phase) {
      continue;
    }
    const std::vector<double> speedups = stats::paired_speedup(rounds, phase, winner, rival.record);
    if (!speedups.empty() && stats::median_interval(speedups, protocol.confidence).low <= 1 + protocol.equivalence) {
      equivalents.push_back(rival.record);
    }
  }
  return equivalents;
}

}  // namespace scantune
