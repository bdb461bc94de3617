#include "core/check.h"

#include <algorithm>

namespace scantune {

std::string_view name(CheckVerdict verdict) {
  switch (verdict) {
    case CheckVerdict::pass:
      return "pass";
    case CheckVerdict::regression:
      return "regression";
    case CheckVerdict::inconclusive:
      break;
  }
  return "inconclusive";
}

std::string_view name(CheckedAgainst against) { return against == CheckedAgainst::bundle ? "bundle" : "baseline"; }

std::string_view name(AspectState state) {
  switch (state) {
    case AspectState::holds:
      return "holds";
    case AspectState::stale:
      return "stale";
    case AspectState::unknown:
      break;
  }
  return "unknown";
}

bool Staleness::stale() const {
  return std::ranges::find(aspects, AspectState::stale, &Aspect::state) != aspects.end();
}

CheckVerdict overall(const std::vector<EntryCheck>& entries) {
  const auto any = [&](CheckVerdict verdict) {
    return std::ranges::find(entries, verdict, &EntryCheck::verdict) != entries.end();
  };
  if (any(CheckVerdict::regression)) {
    return CheckVerdict::regression;
  }
  return entries.empty() || any(CheckVerdict::inconclusive) ? CheckVerdict::inconclusive : CheckVerdict::pass;
}

std::vector<HistoryLine> history_lines(const Check& check) {
  const HistoryLine common{.time = check.now.time,
                           .commit = check.commit,
                           .key = {},
                           .variant = {},
                           .tool_version = check.now.tool_version,
                           .host = check.now.host,
                           .driver = check.now.driver,
                           .compiler = check.now.compiler,
                           .source = {},
                           .protocol = check.now.protocol,
                           .noise = {},
                           .threshold = check.rule.threshold,
                           .confidence = check.rule.confidence,
                           .slowdown = {},
                           .ratio_to_copy = {},
                           .time_ns = {},
                           .copy_time_ns = {}};
  std::vector<HistoryLine> lines;
  for (const Noise& noise : check.noise) {
    HistoryLine line = common;
    line.key = noise.key;
    line.variant = noise.variant;
    line.noise = noise;
    lines.push_back(std::move(line));
  }
  for (const EntryCheck& entry : check.entries) {
    if (entry.rounds_now == 0) {
      continue;
    }
    HistoryLine line = common;
    line.key = entry.key;
    line.variant = to_string(entry.variant);
    line.source = entry.source;
    line.verdict = entry.verdict;
    line.against = entry.against;
    line.slowdown = entry.slowdown;
    line.ratio_to_copy = entry.ratio_now;
    line.time_ns = entry.time_now_ns;
    line.copy_time_ns = entry.copy_now_ns;
    line.rounds = entry.rounds_now;
    lines.push_back(std::move(line));
  }
  return lines;
}

}  // namespace scantune
