#include "cuda/metrics.h"

#include <fmt/ranges.h>

#include <algorithm>
#include <array>
#include <cstdint>
#include <numeric>
#include <utility>

#include "core/pattern.h"
#include "core/stall.h"

namespace scantune::cuda {
namespace {

// What an older or another chip's name is read as where the chip does not have it. The stall
// reasons follow the table of CUPTI's documentation that maps old metrics to new ones; the DRAM
// names differ between memory controllers (GB20x: op_read, the others: read).
struct Rename {
  std::string_view part;                  // of the requested name
  std::array<std::string_view, 2> terms;  // what stands there instead; with a second, both are read and added up
};

constexpr std::array<Rename, 6> kRenames = {{
    {"issue_stalled_memory_dependency", {"issue_stalled_long_scoreboard", ""}},
    {"issue_stalled_memory_throttle", {"issue_stalled_lg_throttle", "issue_stalled_drain"}},
    {"dram__bytes_read", {"dram__bytes_op_read", ""}},
    {"dram__bytes_write", {"dram__bytes_op_write", ""}},
    {"dram__bytes_op_read", {"dram__bytes_read", ""}},
    {"dram__bytes_op_write", {"dram__bytes_write", ""}},
}};

// ncu's own names, answered without a counter.
struct LaunchMetric {
  std::string_view name;
  std::string_view unit;
  std::string_view description;
  int64_t (*value)(const EntryResources&);
};

constexpr std::array<LaunchMetric, 6> kLaunchMetrics = {{
    {"launch__grid_size", "blocks", "blocks of the launch", [](const EntryResources& l) { return l.grid_blocks; }},
    {"launch__block_size", "threads", "threads of a block",
     [](const EntryResources& l) { return int64_t{l.block_threads}; }},
    {"launch__thread_count", "threads", "threads of the launch",
     [](const EntryResources& l) { return l.grid_blocks * l.block_threads; }},
    {"launch__registers_per_thread", "registers", "registers the compiler gave a thread",
     [](const EntryResources& l) { return int64_t{l.registers_per_thread}; }},
    {"launch__shared_mem_per_block_static", "bytes", "static shared memory of a block",
     [](const EntryResources& l) { return l.static_shared_bytes; }},
    {"launch__shared_mem_per_block_dynamic", "bytes", "dynamic shared memory of a block",
     [](const EntryResources& l) { return l.dynamic_shared_bytes; }},
}};

const LaunchMetric* find_launch_metric(std::string_view name) {
  const auto found =
      std::find_if(kLaunchMetrics.begin(), kLaunchMetrics.end(), [&](const LaunchMetric& m) { return m.name == name; });
  return found == kLaunchMetrics.end() ? nullptr : &*found;
}

int edit_distance(std::string_view a, std::string_view b) {
  std::vector<int> row(b.size() + 1);
  std::iota(row.begin(), row.end(), 0);
  for (size_t i = 0; i < a.size(); ++i) {
    int diagonal = row[0];
    row[0] = static_cast<int>(i) + 1;
    for (size_t j = 0; j < b.size(); ++j) {
      const int substituted = diagonal + (a[i] == b[j] ? 0 : 1);
      diagonal = row[j + 1];
      row[j + 1] = std::min({substituted, row[j] + 1, row[j + 1] + 1});
    }
  }
  return row[b.size()];
}

std::string_view trimmed(std::string_view text) {
  const size_t begin = text.find_first_not_of(' ');
  return begin == std::string_view::npos ? "" : text.substr(begin, text.find_last_not_of(' ') - begin + 1);
}

// The names of a set, or none where there is no such set.
std::vector<std::string> names_of_set(std::string_view set) {
  if (set == "core") {
    return core_metrics();
  }
  if (set == "seed") {
    return seed_metrics();
  }
  if (set == "stalls") {
    return {"gpu__time_duration.sum", std::string(kStallPattern)};
  }
  if (set == "memory") {
    return memory_metrics();
  }
  if (set == "full") {
    std::vector<std::string> names = core_metrics();
    names.emplace_back("sm__throughput.avg.pct_of_peak_sustained_elapsed");
    names.emplace_back("smsp__issue_active.avg.pct_of_peak_sustained_active");
    names.insert(names.end(), memory_metrics().begin(), memory_metrics().end());
    names.emplace_back(kStallPattern);
    return names;
  }
  return {};
}

}  // namespace

const std::vector<std::string>& core_metrics() {
  static const std::vector<std::string> names = {
      "gpu__time_duration.sum",
      "dram__throughput.avg.pct_of_peak_sustained_elapsed",
      "lts__t_sector_hit_rate.pct",
      "smsp__warp_issue_stalled_long_scoreboard_per_warp_active.pct",
      "sm__warps_active.avg.pct_of_peak_sustained_active",
      "dram__bytes_read.sum",
      "dram__bytes_write.sum",
      "smsp__inst_executed.sum",
      "sm__cycles_elapsed.max",
      "sm__cycles_active.avg",  // and the busiest SM's: whether the SMs end together
      "sm__cycles_active.max",
  };
  return names;
}

const std::vector<std::string>& seed_metrics() {
  static const std::vector<std::string> names = {
      "dram__throughput.avg.pct_of_peak_sustained_elapsed",
      "lts__t_sector_hit_rate.pct",
      "smsp__warp_issue_stalled_memory_dependency_per_warp_active.pct",
      "sm__throughput.avg.pct_of_peak_sustained_elapsed",
      "sm__warps_active.avg.pct_of_peak_sustained_active",
      "launch__grid_size",
      "gpu__time_duration.sum",  // not the seed's: by it the launches of one variant are weighed
  };
  return names;
}

const std::vector<std::string>& memory_metrics() {
  static const std::vector<std::string> names = {
      "gpu__time_duration.sum",  // by which several launches are weighed
      "dram__throughput.avg.pct_of_peak_sustained_elapsed",
      "dram__bytes_read.sum",
      "dram__bytes_write.sum",
      "lts__t_sector_hit_rate.pct",
      "lts__t_sectors_op_read.sum",
      "lts__t_sectors_op_write.sum",
      "l1tex__t_sector_hit_rate.pct",
      "l1tex__t_requests_pipe_lsu_mem_global_op_ld.sum",
      "l1tex__t_sectors_pipe_lsu_mem_global_op_ld.sum",
      "l1tex__t_requests_pipe_lsu_mem_global_op_st.sum",
      "l1tex__t_sectors_pipe_lsu_mem_global_op_st.sum",
      "l1tex__data_bank_conflicts_pipe_lsu_mem_shared.sum",
  };
  return names;
}

std::vector<std::string> launch_metrics() {
  std::vector<std::string> names;
  names.reserve(kLaunchMetrics.size());
  for (const LaunchMetric& metric : kLaunchMetrics) {
    names.emplace_back(metric.name);
  }
  return names;
}

const std::vector<std::string>& metric_sets() {
  static const std::vector<std::string> names = {"core", "seed", "stalls", "memory", "full"};
  return names;
}

Expected<std::vector<MetricRequest>> parse_metrics(std::string_view text) {
  if (trimmed(text) == "none") {
    return std::vector<MetricRequest>{};
  }
  std::vector<MetricRequest> requests;
  const auto add = [&](const std::string& name, bool from_set) {
    const auto same =
        std::find_if(requests.begin(), requests.end(), [&](const MetricRequest& r) { return r.name == name; });
    if (same == requests.end()) {
      requests.push_back({name, from_set});
    } else {
      same->from_set = same->from_set && from_set;
    }
  };
  for (size_t begin = 0; begin <= text.size();) {
    const size_t end = std::min(text.find(',', begin), text.size());
    const std::string_view item = trimmed(text.substr(begin, end - begin));
    begin = end + 1;
    if (item.empty()) {
      return bad_input("'{}' has an empty item; write {}, none, or metric names joined by commas", text,
                       fmt::join(metric_sets(), ", "));
    }
    if (item == "none") {
      return bad_input("'{}' asks for none and for more; write none alone", text);
    }
    const std::vector<std::string> set = names_of_set(item);
    for (const std::string& name : set) {
      add(name, true);
    }
    if (set.empty()) {
      add(std::string(item), false);
    }
  }
  return requests;
}

std::vector<std::string> without_chip(const std::vector<MetricRequest>& requests) {
  std::vector<std::string> known = core_metrics();
  for (const auto& set : {seed_metrics(), memory_metrics()}) {
    known.insert(known.end(), set.begin(), set.end());
  }
  for (const StallReason& reason : stall_reasons()) {
    known.push_back(stall_metric(reason.name));
  }
  std::vector<std::string> names;
  const auto add = [&](const std::string& name) {
    if (std::find(names.begin(), names.end(), name) == names.end()) {
      names.push_back(name);
    }
  };
  for (const MetricRequest& request : requests) {
    bool any = false;
    for (const std::string& name : known) {
      if (is_pattern(request.name) && matches(request.name, name)) {
        add(name);
        any = true;
      }
    }
    if (!any) {
      add(request.name);
    }
  }
  return names;
}

ResolvedMetric resolve_metric(const std::string& requested, const MetricLookup& lookup) {
  ResolvedMetric metric;
  metric.requested = requested;
  metric.read_as = requested;
  if (const LaunchMetric* launch = find_launch_metric(requested)) {
    metric.unit = launch->unit;
    metric.description = launch->description;
    metric.known = true;
    return metric;
  }
  if (const auto properties = lookup(requested)) {
    metric.terms = {requested};
    metric.unit = properties->unit;
    metric.description = properties->description;
    metric.known = true;
    return metric;
  }
  const auto rename = std::find_if(kRenames.begin(), kRenames.end(),
                                   [&](const Rename& r) { return requested.find(r.part) != std::string::npos; });
  if (rename == kRenames.end()) {
    return metric;
  }
  ResolvedMetric unknown = metric;
  std::vector<std::string> terms;
  for (const std::string_view term : rename->terms) {
    if (term.empty()) {
      continue;
    }
    terms.push_back(requested);
    terms.back().replace(requested.find(rename->part), rename->part.size(), term);
    const auto properties = lookup(terms.back());
    if (!properties) {
      return unknown;
    }
    metric.unit = properties->unit;
    metric.description += (metric.description.empty() ? "" : "; plus: ") + properties->description;
  }
  metric.read_as = fmt::format("{}", fmt::join(terms, " + "));
  metric.terms = std::move(terms);
  metric.known = true;
  return metric;
}

std::optional<double> launch_value(std::string_view name, const EntryResources& launch) {
  const LaunchMetric* metric = find_launch_metric(name);
  if (metric == nullptr || launch.block_threads <= 0 || launch.grid_blocks <= 0) {
    return std::nullopt;  // every launch has blocks of threads: nothing was filled in
  }
  return static_cast<double>(metric->value(launch));
}

std::string unit_of(std::string_view dimension) {
  constexpr std::string_view kPerSecond = "/second";
  if (dimension.ends_with(kPerSecond)) {
    return unit_of(dimension.substr(0, dimension.size() - kPerSecond.size())) + "/s";
  }
  constexpr std::array<std::pair<std::string_view, std::string_view>, 6> kWords = {{
      {"percent", "%"},
      {"nanosecond", "ns"},
      {"byte", "bytes"},
      {"instruction", "instructions"},
      {"warp", "warps"},
      {"thread", "threads"},
  }};
  for (const auto& [from, to] : kWords) {
    if (dimension == from) {
      return std::string(to);
    }
  }
  // "gpc_cycle", "l2_sector": which clock or cache is in the metric's name.
  if (dimension.find('/') == std::string_view::npos) {
    for (const char* kind : {"cycle", "sector", "request"}) {
      if (dimension.ends_with("_" + std::string(kind))) {
        return std::string(kind) + "s";
      }
    }
  }
  return std::string(dimension);
}

std::vector<std::string> closest(std::string_view name, const std::vector<std::string>& candidates, size_t count) {
  std::vector<std::pair<int, const std::string*>> ranked;
  ranked.reserve(candidates.size());
  for (const std::string& candidate : candidates) {
    if (const int distance = edit_distance(name, candidate); 2 * distance <= static_cast<int>(name.size())) {
      ranked.emplace_back(distance, &candidate);
    }
  }
  const auto nearer = [](const auto& a, const auto& b) {
    return std::pair(a.first, std::string_view(*a.second)) < std::pair(b.first, std::string_view(*b.second));
  };
  count = std::min(count, ranked.size());
  std::partial_sort(ranked.begin(), ranked.begin() + static_cast<std::ptrdiff_t>(count), ranked.end(), nearer);
  std::vector<std::string> names;
  for (size_t i = 0; i < count; ++i) {
    names.push_back(*ranked[i].second);
  }
  return names;
}

}  // namespace scantune::cuda
