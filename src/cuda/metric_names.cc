// The metric functions of cuda/cuda.h: names checked and listed for a chip, without a GPU.
#include <algorithm>
#include <map>
#include <set>
#include <utility>

#include "core/pattern.h"
#include "core/stall.h"
#include "cuda/cuda.h"
#include "cuda/cupti_host.h"

namespace scantune::cuda {
namespace {

const std::string kKernelCounter = "sm__cycles_active.avg";  // which every chip has and counts for each kernel

// The rollup most people want of a base metric.
std::string usual_rollup(const MetricHost& host, const BaseMetric& base) {
  switch (base.kind) {
    case MetricKind::counter:
      return ".sum";
    case MetricKind::throughput:
      return ".avg.pct_of_peak_sustained_elapsed";
    case MetricKind::ratio:
      return host.properties(base.name + ".pct") ? ".pct" : ".ratio";
  }
  return "";
}

// Names close to one the chip does not have: close base names with the rollup that was asked for
// where they take it, or close rollups of the base name where that is right.
std::vector<std::string> suggestions(const MetricHost& host, const std::string& name) {
  constexpr size_t kCount = 3;
  if (name.starts_with("launch__")) {
    return closest(name, launch_metrics(), kCount);
  }
  const size_t dot = std::min(name.find('.'), name.size());
  const std::string asked_base = name.substr(0, dot);
  const std::string asked_rollup = name.substr(dot);
  const std::vector<BaseMetric> bases = host.base_metrics();
  const auto find = [&](const std::string& base) {
    return *std::find_if(bases.begin(), bases.end(), [&](const BaseMetric& b) { return b.name == base; });
  };
  std::vector<std::string> base_names;
  base_names.reserve(bases.size());
  for (const BaseMetric& base : bases) {
    base_names.push_back(base.name);
  }
  if (std::find(base_names.begin(), base_names.end(), asked_base) != base_names.end()) {
    const BaseMetric base = find(asked_base);
    std::vector<std::string> names = {base.name + usual_rollup(host, base)};
    if (asked_rollup.empty()) {
      return names;
    }
    for (const std::string& rollup : closest(asked_rollup, host.rollups(base), kCount)) {
      if (base.name + rollup != names[0] && names.size() < kCount) {
        names.push_back(base.name + rollup);
      }
    }
    return names;
  }
  std::vector<std::string> names;
  for (const std::string& base : closest(asked_base, base_names, kCount)) {
    const bool takes = host.properties(base + asked_rollup).has_value();
    names.push_back(base + (takes ? asked_rollup : usual_rollup(host, find(base))));
  }
  return names;
}

// The names of a chip that a pattern matches: base metrics with their usual rollup, and where the pattern has a dot
// with every rollup.
std::vector<std::string> names_matching(const MetricHost& host, const std::string& pattern) {
  std::vector<std::string> names;
  for (const std::string& name : launch_metrics()) {
    if (matches(pattern, name)) {
      names.push_back(name);
    }
  }
  const size_t dot = pattern.find('.');
  const std::string base_pattern = pattern.substr(0, dot);
  for (const BaseMetric& base : host.base_metrics()) {
    if (!matches(base_pattern, base.name)) {
      continue;
    }
    const std::string usual = base.name + usual_rollup(host, base);
    if (dot == std::string::npos || matches(pattern, usual)) {
      names.push_back(usual);
    }
    if (dot == std::string::npos) {
      continue;
    }
    for (const std::string& rollup : host.rollups(base)) {
      if (base.name + rollup != usual && matches(pattern, base.name + rollup)) {
        names.push_back(base.name + rollup);
      }
    }
  }
  return names;
}

MetricLookup lookup_on(const MetricHost& host) {
  return [&host](const std::string& name) { return host.properties(name); };
}

// The hardware unit of a metric: "dram" of "dram__bytes.sum".
std::string unit_part(const std::string& name) { return name.substr(0, name.find("__")); }

// Some units (links to other chips: ctc, nvlrx, pcie) are counted apart from all others: CUPTI refuses a list with
// both. A pattern that matches of both kinds means the counters of kernels; one that matches of such units only means
// them.
void drop_units_counted_apart(std::vector<std::string>& matching, const std::string& chip_code_name) {
  std::map<std::string, bool> apart;  // by unit
  for (const std::string& name : matching) {
    if (const auto [unit, added] = apart.emplace(unit_part(name), false); added) {
      unit->second = !name.starts_with("launch__") && !count_passes(chip_code_name, {kKernelCounter, name});
    }
  }
  if (std::ranges::all_of(apart, [](const auto& unit) { return unit.second; })) {
    return;
  }
  std::erase_if(matching, [&](const std::string& name) { return apart.at(unit_part(name)); });
}

}  // namespace

Expected<std::vector<std::string>> resolve_metrics(const std::string& text, const std::string& chip_code_name) {
  const auto requests = parse_metrics(text);
  if (!requests) {
    return tl::unexpected(requests.error());
  }
  std::vector<std::string> names;
  if (requests->empty()) {
    return names;  // no counters: CUPTI need not be there
  }
  const auto host = MetricHost::open(chip_code_name);
  if (!host) {
    return tl::unexpected(host.error());
  }
  const auto add = [&](const std::string& name) {
    if (std::find(names.begin(), names.end(), name) == names.end()) {
      names.push_back(name);
    }
  };
  for (const MetricRequest& request : *requests) {
    if (is_pattern(request.name)) {
      auto matching = names_matching(**host, request.name);
      drop_units_counted_apart(matching, chip_code_name);
      if (matching.empty() && !request.from_set) {
        return bad_input("no metric of {} matches '{}'; see 'scantune list metrics --chip {} --all'", chip_code_name,
                         request.name, chip_code_name);
      }
      std::for_each(matching.begin(), matching.end(), add);
      continue;
    }
    const ResolvedMetric metric = resolve_metric(request.name, lookup_on(**host));
    if (!metric.known && !request.from_set) {
      const auto close = suggestions(**host, request.name);
      return bad_input("unknown metric '{}' on {}{}{}; see 'scantune list metrics'", request.name, chip_code_name,
                       close.empty() ? "" : "; closest: ", fmt::join(close, ", "));
    }
    add(request.name);
  }
  return names;
}

Expected<PassCounts> count_passes_of(const std::string& text, const std::string& chip_code_name) {
  const auto host = MetricHost::open(chip_code_name);
  if (!host) {
    return tl::unexpected(host.error());
  }
  const auto count = [&](const std::string& asked) -> Expected<PassCount> {
    const auto names = resolve_metrics(asked, chip_code_name);
    if (!names) {
      return tl::unexpected(names.error());
    }
    PassCount counted{asked, 0, 0, {}};
    std::vector<std::string> terms;
    for (const std::string& name : *names) {
      const ResolvedMetric metric = resolve_metric(name, lookup_on(**host));
      if (!metric.known || (!metric.terms.empty() && !count_passes(chip_code_name, metric.terms))) {
        counted.missing.push_back(name);
        continue;
      }
      ++counted.metrics;
      terms.insert(terms.end(), metric.terms.begin(), metric.terms.end());
    }
    if (!terms.empty()) {
      const auto passes = count_passes(chip_code_name, terms);
      if (!passes) {
        return tl::unexpected(passes.error());
      }
      counted.passes = *passes;
    }
    return counted;
  };
  auto together = count(text);
  if (!together) {
    return tl::unexpected(together.error());
  }
  PassCounts counts{*std::move(together), {}};
  for (size_t begin = 0; begin <= text.size();) {
    const size_t end = std::min(text.find(',', begin), text.size());
    auto one = count(text.substr(begin, end - begin));
    if (!one) {
      return tl::unexpected(one.error());
    }
    counts.items.push_back(*std::move(one));
    begin = end + 1;
  }
  return counts;
}

Expected<std::vector<MetricInfo>> list_metrics(const std::string& chip_code_name, bool all) {
  const auto host = MetricHost::open(chip_code_name);
  if (!host) {
    return tl::unexpected(host.error());
  }
  std::vector<std::string> names = core_metrics();
  for (const auto& set : {seed_metrics(), memory_metrics(), names_matching(**host, std::string(kStallPattern))}) {
    names.insert(names.end(), set.begin(), set.end());
  }
  if (all) {
    const std::vector<std::string> from_launch = launch_metrics();
    names.insert(names.end(), from_launch.begin(), from_launch.end());
    for (const BaseMetric& base : (*host)->base_metrics()) {
      names.push_back(base.name + usual_rollup(**host, base));
    }
  }
  return describe_metrics(names, chip_code_name);
}

Expected<std::vector<MetricInfo>> describe_metrics(const std::vector<std::string>& names,
                                                   const std::string& chip_code_name) {
  const auto host = MetricHost::open(chip_code_name);
  if (!host) {
    return tl::unexpected(host.error());
  }
  std::vector<MetricInfo> list;
  std::set<std::string> listed;
  for (const std::string& name : names) {
    ResolvedMetric metric = resolve_metric(name, lookup_on(**host));
    if (!metric.known || !listed.insert(name).second) {
      continue;
    }
    MetricInfo info{name, metric.unit, std::move(metric.description), 0};
    if (metric.read_as != name) {
      info.description = fmt::format("read as {}: {}", metric.read_as, info.description);
    }
    if (!metric.terms.empty()) {
      const auto passes = count_passes(chip_code_name, metric.terms);
      if (!passes) {
        continue;  // named by CUPTI, but it has no way to collect it
      }
      info.passes = *passes;
    }
    list.push_back(std::move(info));
  }
  return list;
}

}  // namespace scantune::cuda
