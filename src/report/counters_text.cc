#include "report/counters_text.h"

#include <fmt/ranges.h>

#include <algorithm>
#include <array>
#include <optional>
#include <string_view>
#include <utility>

#include "core/units.h"
#include "report/combined.h"
#include "report/text.h"

namespace scantune::report {
namespace {

constexpr std::string_view kRead = "DRAM read (of needed)";
constexpr std::string_view kWritten = "DRAM written (of needed)";

// Short labels of the metrics most often read; any other is shown under its own name.
constexpr std::array<std::pair<std::string_view, std::string_view>, 23> kLabels = {{
    {kDuration, "duration when profiled"},
    {"dram__throughput.avg.pct_of_peak_sustained_elapsed", "DRAM throughput, of peak"},
    {"lts__t_sector_hit_rate.pct", "L2 hit rate"},
    {"smsp__warp_issue_stalled_long_scoreboard_per_warp_active.pct", "warps stalled on memory"},
    {"sm__warps_active.avg.pct_of_peak_sustained_active", "warps active, of peak"},
    {"dram__bytes_read.sum", kRead},
    {"dram__bytes_op_read.sum", kRead},
    {"dram__bytes_write.sum", kWritten},
    {"dram__bytes_op_write.sum", kWritten},
    {"smsp__inst_executed.sum", "instructions (of warps)"},
    {"sm__cycles_elapsed.max", "SM cycles"},
    {"sm__cycles_active.avg", "SM cycles with work"},
    {"sm__cycles_active.max", "SM cycles with work, most"},
    {"sm__throughput.avg.pct_of_peak_sustained_elapsed", "SM throughput, of peak"},
    {"smsp__issue_active.avg.pct_of_peak_sustained_active", "cycles in which schedulers issue"},
    {"l1tex__t_sector_hit_rate.pct", "L1 hit rate"},
    {"lts__t_sectors_op_read.sum", "L2 sectors read"},
    {"lts__t_sectors_op_write.sum", "L2 sectors written"},
    {"l1tex__t_requests_pipe_lsu_mem_global_op_ld.sum", "global loads (of warps)"},
    {"l1tex__t_sectors_pipe_lsu_mem_global_op_ld.sum", "global loads, sectors"},
    {"l1tex__t_requests_pipe_lsu_mem_global_op_st.sum", "global stores (of warps)"},
    {"l1tex__t_sectors_pipe_lsu_mem_global_op_st.sum", "global stores, sectors"},
    {"l1tex__data_bank_conflicts_pipe_lsu_mem_shared.sum", "shared memory bank conflicts"},
}};

std::string label_of(const MetricValue& metric) {
  const auto* const it =
      std::ranges::find(kLabels, metric.read_as, &std::pair<std::string_view, std::string_view>::first);
  return it == kLabels.end() ? metric.requested : std::string(it->second);
}

std::string value_text(double value, const std::string& unit) {
  if (unit == "%") {
    return fmt::format("{:.1f} %", value);
  }
  if (unit == "ns") {
    return format_time(value);
  }
  if (unit == "bytes") {
    return format_bytes(static_cast<int64_t>(value));
  }
  constexpr std::array<std::pair<double, std::string_view>, 3> kScales = {{{1e9, " G"}, {1e6, " M"}, {1e3, " k"}}};
  const double size = value < 0 ? -value : value;
  for (const auto& [scale, prefix] : kScales) {
    if (size >= scale) {
      return fmt::format("{:.2f}{}{}{}", value / scale, prefix, unit.empty() ? "" : " ", unit);
    }
  }
  return unit.empty() ? fmt::format("{:.4g}", value) : fmt::format("{:.4g} {}", value, unit);
}

// Beyond what is printed as 100.0 %.
bool impossible_rate(const MetricValue& metric, double value) {
  return metric.read_as.find("hit_rate") != std::string::npos && metric.read_as.ends_with(".pct") && value >= 100.05;
}

// How DRAM traffic compares with what the scan cannot avoid.
std::string of_needed(const std::string& label, double bytes, const Workload& workload) {
  if (label == kRead) {
    return fmt::format(" ({:.2f}x)", bytes / static_cast<double>(workload.bytes_read()));
  }
  if (label == kWritten) {
    return fmt::format(" ({:.2f}x)", bytes / static_cast<double>(workload.bytes_written()));
  }
  return "";
}

struct Row {
  std::string label;
  std::vector<std::string> cells;
};

// The metrics of all columns in the order asked for, each once.
std::vector<const MetricValue*> metrics_of(const std::vector<CounterColumn>& columns) {
  std::vector<const MetricValue*> metrics;
  for (const CounterColumn& column : columns) {
    if (column.profile == nullptr) {
      continue;
    }
    for (const LaunchProfile& launch : column.profile->launches) {
      for (const MetricValue& metric : launch.metrics) {
        if (std::ranges::find(metrics, metric.requested, &MetricValue::requested) == metrics.end()) {
          metrics.push_back(&metric);
        }
      }
    }
  }
  return metrics;
}

void add_once(std::vector<std::string>& lines, std::string line) {
  if (std::ranges::find(lines, line) == lines.end()) {
    lines.push_back(std::move(line));
  }
}

// Why values are missing: one line a reason, with the metrics it holds for.
std::vector<std::string> missing_notes(const std::vector<CounterColumn>& columns) {
  std::vector<std::pair<std::string, std::vector<std::string>>> reasons;
  size_t asked = 0;
  for (const MetricValue* metric : metrics_of(columns)) {
    ++asked;
    for (const CounterColumn& column : columns) {
      if (column.profile == nullptr) {
        continue;
      }
      for (const LaunchProfile& launch : column.profile->launches) {
        const MetricValue* here = find_metric(launch, metric->requested);
        if (here == nullptr || here->value) {
          continue;
        }
        auto it = std::ranges::find(reasons, here->reason, &std::pair<std::string, std::vector<std::string>>::first);
        if (it == reasons.end()) {
          it = reasons.insert(reasons.end(), {here->reason, {}});
        }
        add_once(it->second, label_of(*here));
      }
    }
  }
  std::vector<std::string> notes;
  for (const auto& [reason, labels] : reasons) {
    std::string which = "every counter";
    if (labels.size() < asked) {
      which = fmt::format("{}", fmt::join(labels, ", "));
    }
    notes.push_back(fmt::format("not available: {}: {}", which, reason.empty() ? "no reason was given" : reason));
  }
  return notes;
}

// The columns with each launch of a variant of several beside their sum.
std::vector<std::pair<std::string, Profile>> expand(const std::vector<CounterColumn>& columns, bool every_launch) {
  std::vector<std::pair<std::string, Profile>> wide;
  for (const CounterColumn& column : columns) {
    if (column.profile == nullptr) {
      continue;
    }
    const auto& launches = column.profile->launches;
    wide.emplace_back(
        launches.size() > 1 ? fmt::format("{} ({} launches)", column.title, launches.size()) : column.title,
        *column.profile);
    if (every_launch && launches.size() > 1) {
      for (size_t i = 0; i < launches.size(); ++i) {
        wide.emplace_back(fmt::format("launch {}", i + 1), Profile{{launches[i]}});
      }
    }
  }
  return wide;
}

}  // namespace

std::vector<std::string> counter_lines(const std::vector<CounterColumn>& columns, const Workload& workload,
                                       bool every_launch, size_t width) {
  const auto metrics = metrics_of(columns);
  if (metrics.empty()) {
    return {};
  }
  const auto wide = expand(columns, every_launch);
  std::vector<Row> rows;
  std::vector<std::string> impossible;
  for (const MetricValue* metric : metrics) {
    Row row{label_of(*metric), {}};
    bool any = false;
    for (const auto& [title, profile] : wide) {
      const auto value = combined(profile, *metric);
      any = any || value.has_value();
      if (value && impossible_rate(*metric, *value)) {
        add_once(impossible, row.label);
      }
      row.cells.push_back(value ? value_text(*value, metric->unit) + of_needed(row.label, *value, workload) : "-");
    }
    if (any) {  // what no variant has is told once, by its reason
      rows.push_back(std::move(row));
    }
  }
  std::vector<std::string> lines;
  if (!rows.empty()) {
    std::vector<size_t> widths = {0};
    for (const Row& row : rows) {
      widths[0] = std::max(widths[0], scantune::report::columns(row.label));
    }
    for (size_t c = 0; c < wide.size(); ++c) {
      size_t most = scantune::report::columns(wide[c].first);
      for (const Row& row : rows) {
        most = std::max(most, scantune::report::columns(row.cells[c]));
      }
      widths.push_back(most);
    }
    std::string head = pad_right("", widths[0]);
    for (size_t c = 0; c < wide.size(); ++c) {
      head += "  " + pad_left(wide[c].first, widths[c + 1]);
    }
    lines.push_back(head);
    for (const Row& row : rows) {
      std::string line = pad_right(row.label, widths[0]);
      for (size_t c = 0; c < row.cells.size(); ++c) {
        line += "  " + pad_left(row.cells[c], widths[c + 1]);
      }
      lines.push_back(line);
    }
  }
  const bool several = std::ranges::any_of(wide, [](const auto& column) { return column.second.launches.size() > 1; });
  if (several && !rows.empty()) {
    lines.emplace_back("several launches: times, bytes and counts added up, the rest averaged by time");
  }
  if (!impossible.empty()) {
    const std::string note =
        fmt::format("{} above 100 %: hits and lookups are counted in runs of their own", fmt::join(impossible, ", "));
    std::ranges::move(wrap(note, width), std::back_inserter(lines));
  }
  for (const MetricValue* metric : metrics) {
    if (!metric->read_as.empty() && metric->read_as != metric->requested) {
      lines.push_back(fmt::format("{} is read as {}", metric->requested, metric->read_as));
    }
  }
  for (const std::string& note : missing_notes(columns)) {
    std::ranges::move(wrap(note, width), std::back_inserter(lines));
  }
  return lines;
}

}  // namespace scantune::report
