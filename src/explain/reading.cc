#include "explain/reading.h"

#include <fmt/format.h>

#include <algorithm>

namespace scantune::explain {
namespace {

// The sum over all launches, where every one has a value.
template <class Read>
std::optional<double> total(const Profile& profile, Read read) {
  double sum = 0;
  for (const LaunchProfile& launch : profile.launches) {
    const std::optional<double> value = read(launch);
    if (!value) {
      return std::nullopt;
    }
    sum += *value;
  }
  return sum;
}

}  // namespace

std::string stall_metric(std::string_view reason) {
  return fmt::format("smsp__warp_issue_stalled_{}_per_warp_active.pct", reason);
}

std::optional<double> counter(const LaunchProfile& launch, std::string_view name) {
  const auto it = std::ranges::find_if(launch.metrics, [&](const MetricValue& metric) {
    return metric.value && (metric.read_as == name || metric.requested == name);
  });
  return it == launch.metrics.end() ? std::nullopt : it->value;
}

std::optional<double> dram_bytes(const LaunchProfile& launch, bool written) {
  const std::optional<double> value = counter(launch, written ? "dram__bytes_write.sum" : "dram__bytes_read.sum");
  return value ? value : counter(launch, written ? "dram__bytes_op_write.sum" : "dram__bytes_op_read.sum");
}

Reading::Reading(const Subject& of) : subject(of) {
  if (!of.resources.empty()) {
    resources = &of.resources.back();  // those before it prepare it
  }
  if (!of.profile || of.profile->launches.empty()) {
    return;
  }
  const std::vector<LaunchProfile>& launches = of.profile->launches;
  const auto longest = std::ranges::max_element(
      launches, {}, [](const LaunchProfile& profiled) { return counter(profiled, kDuration).value_or(0); });
  launch = &*longest;
  if (const auto index = static_cast<size_t>(longest - launches.begin()); index < of.resources.size()) {
    resources = &of.resources[index];
  }
  duration_ns = total(*of.profile, [](const LaunchProfile& profiled) { return counter(profiled, kDuration); });
  read_bytes = total(*of.profile, [](const LaunchProfile& profiled) { return dram_bytes(profiled, false); });
  written_bytes = total(*of.profile, [](const LaunchProfile& profiled) { return dram_bytes(profiled, true); });
  const std::optional<double> instructions = counter(*launch, kInstructions);
  const std::optional<double> cycles = counter(*launch, kCycles);
  if (instructions && cycles && *cycles > 0 && of.chip.multiprocessors > 0) {
    instructions_per_cycle = *instructions / *cycles / of.chip.multiprocessors;
  }
}

std::optional<double> Reading::stall(std::string_view reason) const {
  return launch == nullptr ? std::nullopt : counter(*launch, stall_metric(reason));
}

std::string Reading::entry() const {
  const std::string full = launch != nullptr ? launch->entry : resources != nullptr ? resources->entry : "";
  const std::string name = full.substr(0, full.find('<'));
  const size_t scope = name.rfind("::");
  return scope == std::string::npos ? name : name.substr(scope + 2);
}

}  // namespace scantune::explain
