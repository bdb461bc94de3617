#include "report/history_page.h"

#include <algorithm>
#include <array>
#include <cmath>

#include "gate/trend.h"
#include "report/markdown.h"
#include "report/text.h"
#include "wire/best_json.h"
#include "wire/check_json.h"

namespace scantune::report {
namespace {

using wire::ReportHistory;

constexpr size_t kSparks = 40;  // runs of a sparkline: as wide as a table bears
constexpr size_t kCommitDigits = 12;

std::string spelled(const wire::BestKey& key) {
  std::string title = fmt::format("{} {}", key.geometry, key.dtype);
  title += key.accumulator == key.dtype ? "" : " summed in " + key.accumulator;
  title += key.cache == "cold" ? "" : " " + key.cache;
  return title + (key.order == "any" ? "" : " " + key.order);
}

std::string change_cell(const ReportHistory& history) {
  if (!history.change) {
    return "none";
  }
  const LevelChange& change = *history.change;
  return fmt::format("**{:+.1f}%** at {}{}: {:.3f} to {:.3f}, p {:.2g}", 100 * (change.after / change.before - 1),
                     markdown_text(change.time),
                     change.commit.empty() ? "" : ", commit " + markdown_text(change.commit.substr(0, kCommitDigits)),
                     change.before, change.after, change.p);
}

}  // namespace

bool is_history(std::string_view text) {
  const std::string_view first = text.substr(0, text.find('\n'));
  return first.find("scantune-history") != std::string_view::npos && wire::looks_like_history(first);
}

std::vector<ReportHistory> page_histories(const std::vector<HistoryLine>& lines, int source, std::string& note) {
  std::vector<ReportHistory> histories;
  size_t unmeasured = 0;
  for (const HistoryLine& line : lines) {
    if (!gate::is_measured(line)) {
      unmeasured += line.noise ? 0U : 1U;
      continue;
    }
    auto history = std::ranges::find(histories, line.key, &ReportHistory::key);
    if (history == histories.end()) {
      const std::optional<wire::BestKey> parts = wire::parts_of_best_key(line.key);
      ReportHistory fresh;
      fresh.source = source;
      fresh.title = parts ? spelled(*parts) : line.key;
      fresh.key = line.key;
      fresh.chip = parts ? parts->chip : "";
      fresh.change = gate::level_change_in(lines, line.key);
      fresh.noise = gate::noise_in(lines, line.key);
      history = histories.insert(histories.end(), std::move(fresh));
    }
    history->runs.push_back(line);
  }
  if (unmeasured > 0) {
    note = fmt::format("{} without a ratio to the copy left out", plural(unmeasured, "check"));
  }
  return histories;
}

void name_histories(wire::ReportDocument& document) {
  for (ReportHistory& history : document.histories) {
    const auto outcome = std::ranges::find_if(document.outcomes, [&](const wire::ReportOutcome& one) {
      return wire::best_key(one.workload, one.device.chip) == history.key;
    });
    if (outcome != document.outcomes.end()) {
      history.title = outcome->title;
    }
  }
  // The same workload in several files, or on several chips, is told apart by what differs.
  std::vector<std::string> titles;
  for (const ReportHistory& history : document.histories) {
    titles.push_back(history.title);
  }
  for (size_t i = 0; i < titles.size(); ++i) {
    ReportHistory& history = document.histories[i];
    bool chip = false;
    bool file = false;
    for (size_t j = 0; j < titles.size(); ++j) {
      if (i != j && titles[i] == titles[j]) {
        (document.histories[j].chip == history.chip ? file : chip) = true;
      }
    }
    history.title += chip ? ", " + history.chip : "";
    history.title += file ? ", " + document.sources[static_cast<size_t>(history.source)].file : "";
  }
}

std::string sparkline(const std::vector<double>& ratios, size_t most) {
  static constexpr std::array kBlocks = {"▁", "▂", "▃", "▄", "▅", "▆", "▇", "█"};
  if (ratios.empty()) {
    return {};
  }
  const auto [low, high] = std::ranges::minmax(ratios);
  std::string line;
  for (size_t i = ratios.size() - std::min(most, ratios.size()); i < ratios.size(); ++i) {
    const double share = high > low ? (ratios[i] - low) / (high - low) : 0.5;
    line += kBlocks[static_cast<size_t>(std::lround(share * (kBlocks.size() - 1)))];
  }
  return line;
}

std::string history_markdown(const std::vector<ReportHistory>& histories) {
  if (histories.empty()) {
    return {};
  }
  std::vector<const ReportHistory*> rows;
  rows.reserve(histories.size());
  for (const ReportHistory& history : histories) {
    rows.push_back(&history);
  }
  std::stable_partition(rows.begin(), rows.end(),
                        [](const ReportHistory* history) { return history->change.has_value(); });
  std::string text =
      "### History of checks\n\n"
      "Ratio to copy of each run, the oldest first: from the lowest to the highest of the workload.\n\n"
      "| workload | runs | last | verdict | lowest to highest | runs in order | change of level |\n"
      "|---|---:|---:|---|---:|---|---|\n";
  for (const ReportHistory* history : rows) {
    std::vector<double> ratios;
    for (const HistoryLine& run : history->runs) {
      ratios.push_back(run.ratio_to_copy.median);
    }
    const auto [low, high] = std::ranges::minmax(ratios);
    text +=
        fmt::format("| {} | {} | {} | {} | {:.3f} to {:.3f} | {} | {} |\n", markdown_text(history->title),
                    history->runs.size(), ratio_text(history->runs.back().ratio_to_copy),
                    name(history->runs.back().verdict), low, high, sparkline(ratios, kSparks), change_cell(*history));
  }
  return text;
}

}  // namespace scantune::report
