#include <algorithm>
#include <cmath>

#include "core/units.h"
#include "report/check_report.h"
#include "report/text.h"

namespace scantune::report {
namespace {

// How many changes are shown: the first explain, the rest is in --format json.
constexpr size_t kShownChanges = 4;

std::string ratio(double value) { return value > 0 ? fmt::format("{:.3f}", value) : "-"; }

size_t widest(const std::vector<EntryCheck>& entries) {
  size_t width = 0;
  for (const EntryCheck& entry : entries) {
    width = std::max(width, columns(to_string(entry.workload)));
  }
  return width;
}

std::string verdict_text(const EntryCheck& entry, const Ink& ink) {
  switch (entry.verdict) {
    case CheckVerdict::pass:
      return "ok";
    case CheckVerdict::regression:
      return ink.red(entry.why);
    case CheckVerdict::inconclusive:
      break;
  }
  return ink.bold("inconclusive: ") + entry.why;
}

std::string entry_lines(const EntryCheck& entry, size_t width, const TextStyle& style) {
  const Ink ink(style.color);
  std::string text = pad_right(to_string(entry.workload), width) + "   ";
  if (entry.rounds_now > 0) {
    text += fmt::format("{} -> {} of copy   {}   ", ratio(entry.ratio_then.median), ratio(entry.ratio_now.median),
                        pad_left(change_text(entry.slowdown), 14));
  }
  text += verdict_text(entry, ink) + "\n";
  const auto detail = [&](const std::string& line) {
    for (const std::string& part : wrap(line, static_cast<size_t>(std::max(40, style.width - 4)))) {
      text += "    " + part + "\n";
    }
  };
  if (entry.verdict == CheckVerdict::regression) {
    detail(ink.dim(to_string(entry.variant)));
  }
  for (const std::string& line : check_details(entry, style.verbose ? entry.changes.size() : kShownChanges)) {
    detail(line);
  }
  if (style.verbose && entry.rounds_now > 0) {
    // With a bundle old and new share a session.
    const std::string sessions = entry.against == CheckedAgainst::bundle
                                     ? ""
                                     : fmt::format(", sessions ± {}{}", percent(entry.session_sd),
                                                   entry.session_sd_measured ? " as measured" : " assumed");
    detail(fmt::format("{} rounds now, {} then, {} discarded{}{}, in {}", entry.rounds_now, entry.rounds_then,
                       entry.discarded_rounds, entry.disturbance.empty() ? "" : " (" + entry.disturbance + ")",
                       sessions, format_seconds(entry.seconds)));
  }
  return text;
}

std::string noise_lines(const Noise& noise, const CheckRule& rule) {
  std::string text = fmt::format("{}\n", noise.key);
  text += fmt::format("    noise of a round {}, between {} sessions {}\n", percent(noise.round_sd), noise.sessions,
                      percent(noise.session_sd));
  text += noise.rounds_needed > 0
              ? fmt::format("    {} rounds decide at a threshold of {}\n", noise.rounds_needed, percent(rule.threshold))
              : fmt::format("    no number of rounds up to {} decides at a threshold of {}; {} would do\n",
                            rule.looks.back(), percent(rule.threshold), percent(noise.smallest_threshold));
  text += fmt::format(
      "    of {} checks drawn from these samples: {} flagged, {} inconclusive; with {} planted: {} found\n",
      noise.draws, percent(noise.flagged), percent(noise.inconclusive), percent(rule.threshold), percent(noise.found));
  return text;
}

std::string summary(const Check& check) {
  const auto count = [&](CheckVerdict verdict) {
    return std::ranges::count(check.entries, verdict, &EntryCheck::verdict);
  };
  const auto slower = count(CheckVerdict::regression);
  const auto unknown = count(CheckVerdict::inconclusive);
  std::string text;
  if (slower > 0) {
    text = fmt::format("{} of {} slower", slower, check.entries.size());
  } else {
    text = fmt::format("none of {} slower", check.entries.size());
  }
  if (unknown > 0) {
    text += fmt::format(", {} inconclusive", unknown);
  }
  return text + fmt::format(" ({} allowed, {:g}% confidence, {})\n", percent(check.rule.threshold),
                            100 * check.rule.confidence, format_seconds(check.seconds));
}

}  // namespace

std::string change_text(const Interval& slowdown) {
  // The sign is that of the speed: -2% is slower.
  // Of the speed, as the ratios before it are: half as fast is -50%, not -100%.
  const auto of_speed = [](double slower) { return 1 / (1 + slower) - 1; };
  const double change = slowdown.median == 0 ? 0 : of_speed(slowdown.median);
  return fmt::format("{:+.1f}% ± {:.1f}%", 100 * change, 50 * (of_speed(slowdown.low) - of_speed(slowdown.high)));
}

std::vector<std::string> check_details(const EntryCheck& entry, size_t most_changes) {
  std::vector<std::string> lines;
  for (size_t i = 0; i < std::min(most_changes, entry.changes.size()); ++i) {
    lines.push_back(entry.changes[i].text);
  }
  if (!entry.counters_reason.empty()) {
    lines.push_back(entry.counters_reason);
  }
  if (!entry.other_work.empty() && entry.why.find(entry.other_work) == std::string::npos) {
    lines.push_back(entry.other_work);
  }
  if (entry.better) {
    lines.push_back(fmt::format("a faster variant exists: {}, {:.3f} of the copy, {:.3f}x",
                                to_string(entry.better->variant), entry.better->ratio_to_copy.median,
                                entry.better->speedup));
  }
  if (entry.planted) {
    lines.push_back(fmt::format("planted {} of extra traffic: {} against the baseline, {} in truth: {}",
                                percent(entry.planted->extra_traffic), change_text(entry.planted->slowdown),
                                change_text(entry.planted->slowdown_paired),
                                entry.planted->verdict == CheckVerdict::regression ? "found" : "NOT found"));
  }
  if (entry.level_change) {
    const LevelChange& change = *entry.level_change;
    lines.push_back(
        fmt::format("history: its level changed by {:+.1f}% at {}{} ({:.3f} -> {:.3f} of copy, {} runs, p {:.2g})",
                    100 * (change.after / change.before - 1), change.time,
                    change.commit.empty() ? "" : ", commit " + change.commit.substr(0, 12), change.before, change.after,
                    change.runs, change.p));
  }
  return lines;
}

std::string check_text(const Check& check, const TextStyle& style) {
  std::string text;
  const size_t width = widest(check.entries);
  for (const EntryCheck& entry : check.entries) {
    text += entry_lines(entry, width, style);
  }
  for (const Noise& noise : check.noise) {
    text += noise_lines(noise, check.rule);
  }
  for (const std::string& note : check.notes) {
    text += note + "\n";
  }
  return check.entries.empty() ? text : text + summary(check);
}

std::string staleness_text(const std::vector<Staleness>& entries, const TextStyle& style) {
  std::string text;
  const Ink ink(style.color);
  for (const Staleness& entry : entries) {
    text += fmt::format("{} on {}   {}   {}\n", to_string(entry.workload), entry.chip, to_string(entry.variant),
                        entry.stale() ? ink.red("stale") : "holds");
    for (const Aspect& aspect : entry.aspects) {
      if (aspect.state == AspectState::stale) {
        text += fmt::format("    {}: {}\n", aspect.what, aspect.text);
      }
    }
    std::string unknown;
    for (const Aspect& aspect : entry.aspects) {
      if (aspect.state == AspectState::unknown) {
        unknown += fmt::format("{}{} ({})", unknown.empty() ? "" : ", ", aspect.what, aspect.text);
      }
    }
    if (!unknown.empty()) {
      for (const std::string& line :
           wrap("not checked: " + unknown, static_cast<size_t>(std::max(40, style.width - 4)))) {
        text += "    " + ink.dim(line) + "\n";
      }
    }
  }
  return text;
}

}  // namespace scantune::report
