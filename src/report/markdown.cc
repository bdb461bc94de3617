#include "report/markdown.h"

#include <fmt/ranges.h>

#include <algorithm>
#include <set>
#include <utility>
#include <vector>

#include "core/units.h"
#include "report/history_page.h"
#include "report/text.h"
#include "report/timeline_text.h"

namespace scantune::report {
namespace {

using wire::PeerResult;
using wire::ReportDocument;
using wire::ReportOutcome;
using wire::ReportRecord;

constexpr std::string_view kNone = "-";

// A variant, to be pasted back. In code only the backtick means anything, and "|" in a table.
std::string code(std::string_view text) {
  std::string out(text);
  std::ranges::replace_if(
      out, [](unsigned char c) { return c < ' ' || c == '`' || c == '|'; }, '\'');
  return "`" + out + "`";
}

std::string row(const std::vector<std::string>& cells) { return fmt::format("| {} |\n", fmt::join(cells, " | ")); }

const ReportRecord* record(const ReportOutcome& outcome, std::optional<int> index) {
  return index ? &outcome.records[static_cast<size_t>(*index)] : nullptr;
}

// The peers of any outcome but scantune itself, by id and title.
std::vector<std::pair<std::string, std::string>> peers_of(const ReportDocument& document) {
  std::vector<std::pair<std::string, std::string>> peers;
  for (const ReportOutcome& outcome : document.outcomes) {
    for (const PeerResult& peer : outcome.peers) {
      const std::pair one(peer.id, peer.title);
      if (peer.id != "scantune" && std::ranges::find(peers, one) == peers.end()) {
        peers.push_back(one);
      }
    }
  }
  return peers;
}

std::string peer_cell(const ReportOutcome& outcome, const std::string& id) {
  const auto peer = std::ranges::find(outcome.peers, id, &PeerResult::id);
  if (peer == outcome.peers.end()) {
    return std::string(kNone);
  }
  if (peer->ratio_to_copy) {
    return fmt::format("{:.3f}", peer->ratio_to_copy->median);
  }
  return markdown_text(peer->reason.empty() ? peer->status : peer->reason);
}

std::string summary(const ReportDocument& document) {
  const auto peers = peers_of(document);
  std::vector<std::string> head = {"workload", "of copy", "time", "rate", "over baseline"};
  std::string rule = "|---|---:|---:|---:|---:|";
  for (const auto& [id, title] : peers) {
    head.push_back(markdown_text(title));
    rule += "---:|";
  }
  std::string text = row(head) + rule + "\n";
  for (const ReportOutcome& outcome : document.outcomes) {
    const ReportRecord* winner = record(outcome, outcome.winner);
    std::vector<std::string> cells = {markdown_text(outcome.title)};
    if (winner != nullptr) {
      cells.push_back(fmt::format("**{:.3f}**", winner->ratio_to_copy.median));
      cells.push_back(format_time(winner->time_ns.median));
      cells.push_back(format_rate(winner->bytes_per_s));
    } else {
      cells.insert(cells.end(), {"no winner", std::string(kNone), std::string(kNone)});
    }
    cells.push_back(outcome.speedup ? fmt::format("{:.2f}x", outcome.speedup->median) : std::string(kNone));
    for (const auto& [id, title] : peers) {
      cells.push_back(peer_cell(outcome, id));
    }
    text += row(cells);
  }
  return text;
}

std::string advice_of(const wire::ReportFinding& finding) {
  std::string text;
  for (const std::string& advice : finding.advice) {
    text += fmt::format("  - to try: {}\n", markdown_text(advice));
  }
  return finding.no_advice.empty() ? text : text + fmt::format("  - {}\n", markdown_text(finding.no_advice));
}

std::string profiled(const wire::ReportProfile& profile) {
  const ReportRecord& told = profile.told;
  std::string text = fmt::format("- Profiled: {}, ", code(to_string(told.variant)));
  if (told.status != wire::RecordStatus::measured) {
    text += told.failure ? fmt::format("{}: {}", name(told.failure->kind), markdown_text(told.failure->what))
                         : std::string("not measured");
  } else {
    text += fmt::format("{}, {} of copy", time_text(told.time_ns), ratio_text(told.ratio_to_copy));
  }
  const Provenance& p = profile.provenance;
  text +=
      fmt::format("; {} on {}, driver {}\n", markdown_text(p.time), markdown_text(p.device), markdown_text(p.driver));
  if (!profile.findings.empty()) {
    text += fmt::format("  - why: {}\n", markdown_text(profile.findings.front().sentence));
    text += advice_of(profile.findings.front());
  }
  return text;
}

std::string details(const ReportOutcome& outcome) {
  std::string text = fmt::format("### {}\n\n", markdown_text(outcome.title));
  const ReportRecord* winner = record(outcome, outcome.winner);
  if (winner == nullptr) {
    text += "- No variant was measured.\n";
  } else {
    text += fmt::format("- Best: {}, {}, {} of copy\n", code(to_string(winner->variant)), time_text(winner->time_ns),
                        ratio_text(winner->ratio_to_copy));
    for (const int index : outcome.equivalents) {
      const ReportRecord& equivalent = outcome.records[static_cast<size_t>(index)];
      text += fmt::format("- As fast: {}, {} of copy\n", code(to_string(equivalent.variant)),
                          ratio_text(equivalent.ratio_to_copy));
    }
  }
  if (const ReportRecord* baseline = record(outcome, outcome.baseline)) {
    text +=
        fmt::format("- Baseline's best: {}, {}\n", code(to_string(baseline->variant)), time_text(baseline->time_ns));
  }
  if (!outcome.findings.empty()) {
    text += fmt::format("- Why: {}\n", markdown_text(outcome.findings.front().sentence));
    text += advice_of(outcome.findings.front());
  }
  for (const wire::ReportProfile& profile : outcome.profiles) {
    text += profiled(profile);
  }
  for (const wire::ReportTimeline& timeline : outcome.timelines) {
    const ReportRecord& of = outcome.subject_of(timeline);
    text += fmt::format("- Over time: {}", code(to_string(of.variant)));
    if (timeline.sampled.phases) {
      const auto launches = static_cast<size_t>(of.launches);
      text += fmt::format("; {}\n", fmt::join(phase_sentences(*timeline.sampled.phases, launches), "; "));
    } else {
      text += fmt::format(": {}\n", markdown_text(timeline.sampled.phases_reason));
    }
  }
  for (const wire::ReportFamily& family : outcome.families) {
    text += fmt::format("- {}: {}, {} measured", code(family.kernel),
                        plural(static_cast<size_t>(family.records), "variant"), family.measured);
    text += family.failed > 0 ? fmt::format(", {} failed", family.failed) : "";
    text += family.ruled_out > 0 ? fmt::format(", {} ruled out", family.ruled_out) : "";
    if (const ReportRecord* best = record(outcome, family.best)) {
      text += fmt::format("; best {:.3f} of copy", best->ratio_to_copy.median);
    }
    text += "\n";
  }
  const Provenance& p = outcome.provenance;
  text += fmt::format("- Measured {} on {}, driver {}, {}, scantune {}\n", markdown_text(p.time),
                      markdown_text(outcome.device.chip.name), markdown_text(outcome.device.driver),
                      markdown_text(p.compiler), markdown_text(p.tool_version));
  return text;
}

}  // namespace

std::string markdown_text(std::string_view text) {
  std::string out;
  for (const char c : text) {
    if (static_cast<unsigned char>(c) < ' ') {
      out += ' ';
    } else {
      if (std::string_view(R"(\`*_{}[]<>#|~)").find(c) != std::string_view::npos) {
        out += '\\';
      }
      out += c;
    }
  }
  return out;
}

std::string page_markdown(const ReportDocument& document) {
  std::set<std::string> chips;
  for (const ReportOutcome& outcome : document.outcomes) {
    chips.insert(markdown_text(outcome.device.chip.name));
  }
  for (const wire::ReportHistory& history : document.histories) {
    chips.insert(markdown_text(history.chip));
  }
  std::string text = fmt::format("## scantune on {}\n\n", fmt::join(chips, ", "));
  text +=
      "Ratio to copy: time of a copy of the same bytes, measured in the same rounds, over the time of the scan; 1 is "
      "as fast as copying.\n\n";
  if (!document.outcomes.empty()) {
    text += summary(document) + (document.histories.empty() ? "" : "\n");
  }
  text += history_markdown(document.histories);
  for (const ReportOutcome& outcome : document.outcomes) {
    text += "\n" + details(outcome);
  }
  for (const wire::ReportSource& source : document.sources) {
    if (!source.note.empty()) {
      text += fmt::format("\n{}: {}.\n", markdown_text(source.file), markdown_text(source.note));
    }
  }
  return text;
}

}  // namespace scantune::report
