#include <algorithm>
#include <optional>

#include "core/units.h"
#include "report/attempts_text.h"
#include "report/counters_text.h"
#include "report/report.h"
#include "report/text.h"
#include "stats/stats.h"

namespace scantune::report {
namespace {

constexpr size_t kMostEquivalents = 4;
constexpr size_t kMostRunnersUp = 4;

const Record& record_at(const Outcome& outcome, int index) { return outcome.records[static_cast<size_t>(index)]; }

std::string confidence_text(const Outcome& outcome) {
  return fmt::format("{:.0f}%", outcome.protocol.confidence * 100);
}

std::vector<std::string> best_lines(const Outcome& outcome, const Standing& standing, const Ink& ink) {
  const Workload& workload = outcome.workload;
  const auto bytes = static_cast<double>(workload.bytes_read() + workload.bytes_written());
  const double rate = standing.time_ns.median > 0 ? bytes / standing.time_ns.median * 1e9 : 0;
  const auto rounds = static_cast<size_t>(std::ranges::count_if(outcome.rounds, [&](const Round& round) {
    return round.phase == standing.phase &&
           std::ranges::find(round.samples, standing.record, &Sample::subject) != round.samples.end();
  }));
  const std::string kept = outcome.incumbent_stayed ? " (as stored: nothing is faster by more than noise)" : "";
  const std::string resumed = !outcome.resumed ? ""
                              : outcome.spent.measure_s > 0
                                  ? "; some are from the journal"
                                  : "; all are from the journal, of " + outcome.provenance.time;
  return {ink.bold(to_string(record_at(outcome, standing.record).variant)) + kept,
          fmt::format("{} · {} of the copy ({}) · {}", time_text(standing.time_ns), ratio_text(standing.ratio_to_copy),
                      time_text(outcome.copy_time_ns), format_rate(rate)),
          fmt::format("{} intervals over {}{}, each with the copy in it{}", confidence_text(outcome),
                      plural(rounds, "round"),
                      standing.phase == Phase::final ? " of the final" : " of the screen, no final", resumed)};
}

std::vector<std::string> equivalent_lines(const Outcome& outcome) {
  std::vector<std::string> lines;
  for (size_t i = 0; i < outcome.equivalents.size(); ++i) {
    if (i == kMostEquivalents) {
      lines.push_back(fmt::format("and {} more", outcome.equivalents.size() - i));
      break;
    }
    lines.push_back(to_string(record_at(outcome, outcome.equivalents[i]).variant));
  }
  if (!lines.empty()) {
    lines.back() += fmt::format(" (within {:.2g}%)", outcome.protocol.equivalence * 100);
  }
  return lines;
}

// Over the baseline's best, paired by round where both were in the same rounds.
std::vector<std::string> speedup_lines(const Outcome& outcome, const Standing& winner) {
  if (!outcome.baseline) {
    return {};
  }
  const Standing* baseline = standing_of(outcome, *outcome.baseline);
  if (baseline == nullptr) {
    return {};
  }
  const Variant& variant = record_at(outcome, *outcome.baseline).variant;
  if (*outcome.baseline == winner.record) {
    return {fmt::format("none: the baseline {} itself is the fastest", variant.kernel)};
  }
  std::string factor;
  for (const Phase phase : {winner.phase, Phase::screen}) {
    const auto ratios = stats::paired_speedup(outcome.rounds, phase, winner.record, *outcome.baseline);
    if (!ratios.empty()) {
      const Interval speedup = stats::median_interval(ratios, outcome.protocol.confidence);
      factor = fmt::format("{:.2f}x [{:.2f}, {:.2f}]", speedup.median, speedup.low, speedup.high);
      break;
    }
  }
  if (factor.empty()) {
    factor = fmt::format("{:.2f}x (not paired)", baseline->time_ns.median / winner.time_ns.median);
  }
  return {fmt::format("{} over the baseline's best, {}", factor, time_text(baseline->time_ns)), to_string(variant)};
}

// Of the winner's phase only: times of the screen and of the final are not compared.
std::vector<std::string> runner_up_lines(const Outcome& outcome, const Standing& winner) {
  std::vector<std::string> lines;
  for (const Standing& standing : outcome.ranking) {
    const bool told = standing.record == winner.record || standing.phase != winner.phase ||
                      std::ranges::find(outcome.equivalents, standing.record) != outcome.equivalents.end() ||
                      record_at(outcome, standing.record).failure.has_value();
    if (told) {
      continue;
    }
    // Never cut: a variant is there to be pasted back.
    lines.push_back(fmt::format("{} of copy  {}  {}", ratio_text(standing.ratio_to_copy),
                                pad_left(time_text(standing.time_ns), 18),
                                to_string(record_at(outcome, standing.record).variant)));
    if (lines.size() == kMostRunnersUp) {
      break;
    }
  }
  return lines;
}

std::vector<std::string> resource_lines(const Record& record) {
  std::vector<std::string> lines;
  for (const EntryResources& r : record.resources) {
    lines.push_back(fmt::format("{} registers a thread, {} shared a block, {} x {} threads, {} a SM, {} spilled",
                                r.registers_per_thread, format_bytes(r.static_shared_bytes + r.dynamic_shared_bytes),
                                r.grid_blocks, r.block_threads, plural(static_cast<size_t>(r.blocks_per_sm), "block"),
                                format_bytes(r.spill_bytes)));
  }
  if (record.bytes_in_flight_per_sm > 0) {
    lines.push_back(format_bytes(record.bytes_in_flight_per_sm) + " in flight a SM");
  }
  return lines;
}

// Where the answers come from, and how many were given more than once.
std::vector<std::string> replay_lines(const Outcome& outcome) {
  if (!is_replay(outcome.provenance)) {
    return {};
  }
  int64_t resampled = 0;
  int64_t samples = 0;
  for (const Round& round : outcome.rounds) {
    resampled += round.resampled;
    samples += std::ranges::count_if(round.samples, [](const Sample& sample) { return sample.subject != kCopy; });
  }
  return {fmt::format("nothing was measured: all is from {}", outcome.provenance.device.substr(kReplayPrefix.size())),
          resampled == 0 ? fmt::format("each of {} samples is a recorded one", samples)
                         : fmt::format("{} of {} samples are recorded ones drawn again (a bootstrap): intervals are "
                                       "narrower than those of as many measured",
                                       resampled, samples)};
}

std::string stop_text(const Outcome& outcome) {
  switch (outcome.stopped) {
    case StopReason::complete:
      return "";
    case StopReason::budget:
      return "by the budget; what was not reached may be faster";
    case StopReason::interrupted:
      return "by an interrupt; what was not reached may be faster";
    case StopReason::device_lost:
      return "the device was lost" + (outcome.stop_detail.empty() ? "" : ": " + outcome.stop_detail);
    case StopReason::not_kept:
      return "what was measured could not be kept: " + outcome.stop_detail;
  }
  return "";
}

std::string no_winner_text(const Outcome& outcome) {
  switch (outcome.stopped) {
    case StopReason::complete:
      return "none: no variant worked";
    case StopReason::budget:
      return "none: the budget ended before a variant was measured; give a larger --budget";
    case StopReason::interrupted:
      return "none: interrupted before a variant was measured";
    case StopReason::device_lost:
      return "none: the device was lost before a variant was measured";
    case StopReason::not_kept:
      return "none: what was measured could not be kept: " + outcome.stop_detail;
  }
  return "none";
}

std::vector<std::string> profile_lines(const Outcome& outcome, const TextStyle& style, size_t width) {
  const Record& winner = record_at(outcome, *outcome.winner);
  std::vector<CounterColumn> columns;
  const bool other_baseline = outcome.baseline && outcome.baseline != outcome.winner;
  const bool same_family =
      other_baseline && record_at(outcome, *outcome.baseline).variant.kernel == winner.variant.kernel;
  columns.push_back({same_family ? "best" : winner.variant.kernel, winner.profile ? &*winner.profile : nullptr});
  if (other_baseline) {
    const Record& baseline = record_at(outcome, *outcome.baseline);
    columns.push_back(
        {same_family ? "baseline" : baseline.variant.kernel, baseline.profile ? &*baseline.profile : nullptr});
  }
  return counter_lines(columns, outcome.workload, style.verbose, width);
}

}  // namespace

std::string outcome_text(const Outcome& outcome, const TextStyle& style) {
  const Ink ink(style.color);
  const size_t width = static_cast<size_t>(std::max(style.width, 40)) - kLabelWidth;
  std::string text = "\n";
  for (const std::string& line : family_lines(outcome)) {
    text += "  " + line + "\n";
  }
  text += "\n";
  const auto add = [&](std::string_view label, const std::vector<std::string>& lines) {
    if (!lines.empty()) {
      text += labelled(label, lines, ink);
    }
  };
  const Standing* winner = outcome.winner ? standing_of(outcome, *outcome.winner) : nullptr;
  if (winner == nullptr) {
    add("Best", {no_winner_text(outcome)});
  } else {
    add("Best", best_lines(outcome, *winner, ink));
    add("As fast", equivalent_lines(outcome));
    add("Speed-up", speedup_lines(outcome, *winner));
    add("Next", runner_up_lines(outcome, *winner));
    add("Counters", profile_lines(outcome, style, width));
    if (style.verbose) {
      add("Uses", resource_lines(record_at(outcome, *outcome.winner)));
    }
  }
  add("Replay", replay_lines(outcome));
  add("Tried", tried_lines(outcome, style));
  if (style.verbose) {
    add("Time", time_lines(outcome.spent));
  }
  if (outcome.discarded_rounds > 0) {
    add("Discards", {fmt::format("{} discarded; the last: {}",
                                 plural(static_cast<size_t>(outcome.discarded_rounds), "round"), outcome.disturbance)});
  }
  if (const std::string stopped = stop_text(outcome); !stopped.empty()) {
    add("Stopped", {stopped});
  }
  return text;
}

std::string replay_text(const Outcome& outcome, const TextStyle& style) {
  const std::vector<std::string> lines = replay_lines(outcome);
  return lines.empty() ? "" : labelled("Replay", lines, Ink(style.color));
}

}  // namespace scantune::report
