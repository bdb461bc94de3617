#include "report/profile_text.h"

#include <fmt/ranges.h>

#include <algorithm>
#include <utility>

#include "core/units.h"
#include "report/counters_text.h"
#include "report/text.h"
#include "report/timeline_text.h"

namespace scantune::report {
namespace {

// A reason that takes less of the time of active warps is not explained.
constexpr double kWorthASentence = 0.10;
constexpr size_t kMostSentences = 4;

std::string share_text(double share) { return fmt::format("{:.1f} %", share * 100); }

std::vector<std::string> time_lines_of(const Outcome& outcome, const ProfileSheet& sheet) {
  if (!sheet.time_ns || !sheet.ratio_to_copy) {
    return {"not measured"};
  }
  const auto bytes = static_cast<double>(outcome.workload.bytes_read() + outcome.workload.bytes_written());
  return {fmt::format("{} · {} of the copy ({}) · {}", time_text(*sheet.time_ns), ratio_text(*sheet.ratio_to_copy),
                      time_text(outcome.copy_time_ns),
                      format_rate(sheet.time_ns->median > 0 ? bytes / sheet.time_ns->median * 1e9 : 0)),
          fmt::format("{:.0f}% intervals over {}, each with the copy in it", outcome.protocol.confidence * 100,
                      plural(outcome.rounds.size(), "round"))};
}

std::string cache_text(const Workload& workload) {
  return workload.cache == CacheState::cold
             ? "cold: the input is in no cache when a timed or counted run begins (--cache hot: it may be)"
             : "hot: a run may find its input in the cache, left there by the run before (--cache cold: not)";
}

std::vector<std::string> in_flight_lines(const ProfileSheet& sheet) {
  if (sheet.bytes_in_flight_per_sm <= 0) {
    return {};
  }
  std::string text = fmt::format("{} of loads an SM", format_bytes(sheet.bytes_in_flight_per_sm));
  if (sheet.bytes_needed_per_sm > 0) {
    text += fmt::format(", of {} that keep DRAM busy", format_bytes(static_cast<int64_t>(sheet.bytes_needed_per_sm)));
  }
  return {text};
}

// What is shown as a stall share needs no row among the counters.
Profile without_stalls(const ProfileSheet& sheet) {
  Profile profile;
  for (const LaunchSheet& launch : sheet.launches) {
    LaunchProfile rest{launch.counters.entry, {}};
    for (const MetricValue& metric : launch.counters.metrics) {
      const auto reason = stall_reason_of(metric.read_as);
      const bool shown = reason && metric.value && metric.requested == metric.read_as &&
                         std::ranges::find(launch.stalls, *reason, &StallShare::reason) != launch.stalls.end() &&
                         metric.read_as == stall_metric(*reason);
      if (!shown) {
        rest.metrics.push_back(metric);
      }
    }
    profile.launches.push_back(std::move(rest));
  }
  return profile;
}

std::vector<std::string> bullets(const std::vector<std::string>& texts, size_t width) {
  std::vector<std::string> lines;
  for (const std::string& text : texts) {
    std::ranges::move(wrap(text, width), std::back_inserter(lines));
  }
  return lines;
}

std::vector<std::string> read_lines(const ProfileSheet& sheet) {
  if (sheet.profile_s.empty() || sheet.launches.empty()) {
    return {};
  }
  std::vector<std::string> times;
  for (const double seconds : sheet.profile_s) {
    times.push_back(fmt::format("{:.0f} ms", seconds * 1e3));
  }
  std::string text =
      fmt::format("{} of {} launch{} in {}", plural(sheet.launches.front().counters.metrics.size(), "counter"),
                  sheet.launches.size(), sheet.launches.size() == 1 ? "" : "es", fmt::join(times, ", "));
  if (times.size() > 1) {
    text += "; shown are the medians";
  }
  return {text};
}

}  // namespace

std::vector<std::string> table_lines(const std::vector<std::vector<std::string>>& rows) {
  std::vector<size_t> widths;
  for (const auto& row : rows) {
    widths.resize(std::max(widths.size(), row.size()));
    for (size_t i = 0; i < row.size(); ++i) {
      widths[i] = std::max(widths[i], columns(row[i]));
    }
  }
  std::vector<std::string> lines;
  for (const auto& row : rows) {
    std::string line;
    for (size_t i = 0; i < row.size(); ++i) {
      line += i == 0 ? pad_right(row[i], widths[i]) : "  " + pad_left(row[i], widths[i]);
    }
    line.erase(line.find_last_not_of(' ') + 1);
    lines.push_back(std::move(line));
  }
  return lines;
}

std::vector<std::string> launch_lines(const ProfileSheet& sheet) {
  std::vector<std::vector<std::string>> rows = {{""},
                                                {"blocks"},
                                                {"threads a block"},
                                                {"registers a thread"},
                                                {"shared memory a block"},
                                                {"spilled a thread"},
                                                {"blocks an SM holds"},
                                                {"waves of blocks"},
                                                {"occupancy, theoretical"},
                                                {"occupancy, achieved"},
                                                {"occupancy is limited by"}};
  bool any = false;
  for (size_t i = 0; i < sheet.launches.size(); ++i) {
    const LaunchSheet& launch = sheet.launches[i];
    const EntryResources& r = launch.resources;
    any = any || r.block_threads > 0;
    const auto& occupancy = launch.occupancy;
    const std::vector<std::string> cells = {
        sheet.launches.size() > 1 ? fmt::format("{} {}", i + 1, launch.function) : launch.function,
        fmt::format("{}", r.grid_blocks),
        fmt::format("{}", r.block_threads),
        fmt::format("{}", r.registers_per_thread),
        format_bytes(r.static_shared_bytes + r.dynamic_shared_bytes),
        format_bytes(r.spill_bytes),
        r.blocks_per_sm > 0 ? fmt::format("{}", r.blocks_per_sm) : "-",
        launch.waves > 0 ? fmt::format("{:.2f}", launch.waves) : "-",
        occupancy ? share_text(occupancy->theoretical) : "-",
        occupancy && occupancy->achieved ? share_text(*occupancy->achieved) : "-",
        occupancy ? occupancy->limited_by : "-"};
    for (size_t row = 0; row < rows.size(); ++row) {
      rows[row].push_back(cells[row]);
    }
  }
  return any ? table_lines(rows) : std::vector<std::string>{};
}

std::vector<std::string> stall_lines(const ProfileSheet& sheet, size_t width) {
  // In the order of the launch that takes longest, which comes first among equals; then what only others have.
  std::vector<std::string> reasons;
  std::vector<std::vector<std::string>> rows = {{"of the time of active warps"}};
  std::vector<std::pair<double, std::string>> largest;
  for (const LaunchSheet& launch : sheet.launches) {
    rows.front().push_back(sheet.launches.size() > 1 ? launch.function : "");
    for (const StallShare& stall : launch.stalls) {
      const auto it = std::ranges::find(largest, stall.reason, &std::pair<double, std::string>::second);
      if (it == largest.end()) {
        largest.emplace_back(stall.share, stall.reason);
      } else {
        it->first = std::max(it->first, stall.share);
      }
    }
  }
  if (largest.empty()) {
    return {};
  }
  std::ranges::stable_sort(largest, std::ranges::greater(), &std::pair<double, std::string>::first);
  for (const auto& [share, reason] : largest) {
    const StallReason* known = find_stall_reason(reason);
    std::vector<std::string> row = {known == nullptr ? reason : std::string(known->label)};
    for (const LaunchSheet& launch : sheet.launches) {
      const auto it = std::ranges::find(launch.stalls, reason, &StallShare::reason);
      row.push_back(it == launch.stalls.end() ? "-" : share_text(it->share));
    }
    rows.push_back(std::move(row));
  }
  std::vector<std::string> lines = table_lines(rows);
  size_t explained = 0;
  for (const auto& [share, reason] : largest) {
    const StallReason* known = find_stall_reason(reason);
    if (known != nullptr && known->is_stall() && share >= kWorthASentence && explained++ < kMostSentences) {
      std::ranges::move(wrap(fmt::format("{}: the warp {}", known->label, known->sentence), width),
                        std::back_inserter(lines));
    }
  }
  return lines;
}

std::string profile_text(const Outcome& outcome, const ProfileSheet& sheet, const TextStyle& style) {
  const Ink ink(style.color);
  const size_t width = static_cast<size_t>(std::max(style.width, 40)) - kLabelWidth;
  std::string text;
  const auto add = [&](std::string_view label, const std::vector<std::string>& lines) {
    if (!lines.empty()) {
      text += labelled(label, lines, ink);
    }
  };
  add("Variant", {ink.bold(to_string(sheet.variant))});
  if (sheet.failure) {
    add("Failed", wrap(fmt::format("{}: {}", name(sheet.failure->kind), sheet.failure->what), width));
    return text;
  }
  add("Time", time_lines_of(outcome, sheet));
  add("Cache", {cache_text(outcome.workload)});
  add("Launch", launch_lines(sheet));
  add("In flight", in_flight_lines(sheet));
  const Profile counters = without_stalls(sheet);
  add("Counters", counter_lines({{sheet.variant.kernel, &counters}}, outcome.workload, true, width));
  add("Stalls", stall_lines(sheet, width));
  if (sheet.timeline) {
    add("Timeline", timeline_lines(*sheet.timeline, sheet.launches.size(), width));
  }
  if (!sheet.explanations.empty()) {
    const Explanation& first = sheet.explanations.front();
    std::vector<std::string> limit = {ink.bold(first.title)};
    std::ranges::move(wrap(first.sentence, width), std::back_inserter(limit));
    add("Limit", limit);
    add("Evidence", bullets(first.evidence, width));
    add("Next", first.advice.empty() ? wrap(first.no_advice, width) : bullets(first.advice, width));
    std::vector<std::string> besides;
    for (size_t i = 1; i < sheet.explanations.size(); ++i) {
      besides.push_back(fmt::format("{}: {}", sheet.explanations[i].title, sheet.explanations[i].sentence));
    }
    add("Besides", bullets(besides, width));
  }
  add("Read", read_lines(sheet));
  return text + replay_text(outcome, style);
}

}  // namespace scantune::report
