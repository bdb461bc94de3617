#include "tune/rounds.h"

#include <algorithm>
#include <cmath>
#include <tuple>
#include <utility>

#include "core/units.h"
#include "stats/comparison.h"
#include "stats/disturbance.h"
#include "stats/sequential.h"
#include "stats/stats.h"

namespace scantune {
namespace {

constexpr size_t kRecentRounds = 9;  // see stats::disturbed

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

RoundsEnd RoundTaker::warm_up(Session& session, const std::stop_token& stop) {
  const std::vector<Handle> order(static_cast<size_t>(protocol_.warmup_copies), kCopy);
  const auto samples = session.round(order, spec_, stop);
  if (!samples) {
    return {RoundsEnd::Kind::device_lost, -1, samples.error().failure, {}, {}};
  }
  (void)session.disturbance();  // of what came before
  if (backend_ == Backend::cuda && !samples->empty()) {
    std::vector<double> copies_ns;
    for (const Sample& sample : *samples) {
      copies_ns.push_back(sample.time_ns);
    }
    const double copy_ns = stats::median(copies_ns);
    if (copy_ns < protocol_.short_run_ns) {
      spec_.runs = static_cast<int>(std::ceil(protocol_.sample_ns / copy_ns));
    }
  }
  return {};
}

std::string RoundTaker::disturbance(Session& session, const Round& round) {
  std::string reason = session.disturbance();
  const std::vector<double> copies_ns = stats::copies_ns(round);
  const std::vector<double> recent_ns(recent_copies_ns_.begin(), recent_copies_ns_.end());
  if (reason.empty() && stats::disturbed(copies_ns, recent_ns, protocol_.disturbance)) {
    const auto [least, most] = std::ranges::minmax(copies_ns);
    reason = fmt::format("its copies took {} to {}", format_time(least), format_time(most));
    if (!recent_ns.empty()) {
      reason += ", those before it " + format_time(stats::median(recent_ns));
    }
  }
  recent_copies_ns_.push_back(stats::mean_copy_ns(round));
  if (recent_copies_ns_.size() > kRecentRounds) {
    recent_copies_ns_.pop_front();
  }
  ++taken_;
  if (reason.empty() || discarded_ + 1 > protocol_.discard_share * taken_) {
    return {};
  }
  ++discarded_;
  return reason;
}

RoundsEnd RoundTaker::take(Session& session, Phase phase, const std::vector<Loaded>& subjects,
                           const std::stop_token& stop) {
  if (stop.stop_requested()) {
    return {RoundsEnd::Kind::stopped, -1, {}, {}, {}};
  }
  std::vector<Loaded> order = subjects;
  order.insert(order.end(), static_cast<size_t>(protocol_.round_copies), Loaded{kCopy, kCopy});
  std::ranges::shuffle(order, random_);
  std::vector<Handle> handles;
  handles.reserve(order.size());
  for (const Loaded& item : order) {
    handles.push_back(item.handle);
  }
  const auto samples = session.round(handles, spec_, stop);
  if (!samples) {
    const RoundFault& fault = samples.error();
    const bool lost =
        fault.failure.kind == FailureKind::device || !fault.position || order[*fault.position].record == kCopy;
    return {lost ? RoundsEnd::Kind::device_lost : RoundsEnd::Kind::variant_failed,
            fault.position ? order[*fault.position].record : -1,
            fault.failure,
            {},
            {}};
  }
  if (samples->size() < order.size()) {
    return {RoundsEnd::Kind::stopped, -1, {}, {}, {}};
  }
  Round round{phase, {}, spec_.runs, session.resampled()};
  for (size_t i = 0; i < order.size(); ++i) {
    round.samples.push_back({order[i].record, (*samples)[i].time_ns});
  }
  std::string reason = disturbance(session, round);
  const auto kind = reason.empty() ? RoundsEnd::Kind::complete : RoundsEnd::Kind::discarded;
  return {kind, -1, {}, std::move(round), std::move(reason)};
}

double confidence_of(Phase phase, const Protocol& protocol) {
  return phase == Phase::screen ? stats::look_confidence({protocol.screen_looks}, protocol.confidence)
                                : 1 - (1 - protocol.confidence) / protocol.final_variants;
}

std::optional<Standing> standing(const std::vector<Round>& rounds, Phase phase, int record, const Protocol& protocol) {
  const stats::Pairs pairs = stats::pairs_of(rounds, phase, record);
  if (pairs.ratio.empty()) {
    return std::nullopt;
  }
  const double confidence = confidence_of(phase, protocol);
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

bool surely_faster(int a, int b, const std::vector<Round>& rounds, Phase phase, const Protocol& protocol) {
  const std::vector<double> speedups = stats::paired_speedup(rounds, phase, a, b);
  return !speedups.empty() &&
         stats::compare(speedups, confidence_of(phase, protocol), protocol.equivalence) == stats::Comparison::faster;
}

std::vector<int> equivalents_of(int winner, const std::vector<Standing>& standings, const std::vector<Round>& rounds,
                                Phase phase, const Protocol& protocol) {
  std::vector<int> equivalents;
  for (const Standing& rival : standings) {
    if (rival.record == winner || rival.phase != phase) {
      continue;
    }
    const std::vector<double> speedups = stats::paired_speedup(rounds, phase, winner, rival.record);
    if (!speedups.empty() && !surely_faster(winner, rival.record, rounds, phase, protocol)) {
      equivalents.push_back(rival.record);
    }
  }
  return equivalents;
}

}  // namespace scantune
