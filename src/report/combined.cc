#include "report/combined.h"

#include <algorithm>

namespace scantune::report {
namespace {

bool adds_up(const MetricValue& metric) {
  return metric.unit == "ns" || metric.unit == "bytes" || metric.read_as.ends_with(".sum");
}

std::optional<double> duration_ns(const LaunchProfile& launch) {
  const auto it = std::ranges::find(launch.metrics, kDuration, &MetricValue::read_as);
  return it == launch.metrics.end() ? std::nullopt : it->value;
}

}  // namespace

const MetricValue* find_metric(const LaunchProfile& launch, const std::string& requested) {
  const auto it = std::ranges::find(launch.metrics, requested, &MetricValue::requested);
  return it == launch.metrics.end() ? nullptr : &*it;
}

std::optional<double> combined(const Profile& profile, const MetricValue& metric) {
  double sum = 0;
  double weights = 0;
  const bool one = profile.launches.size() == 1;
  for (const LaunchProfile& launch : profile.launches) {
    const MetricValue* here = find_metric(launch, metric.requested);
    if (here == nullptr || !here->value) {
      return std::nullopt;
    }
    const std::optional<double> weight = adds_up(metric) || one ? 1 : duration_ns(launch);
    if (!weight) {
      return std::nullopt;
    }
    sum += *here->value * *weight;
    weights += *weight;
  }
  if (profile.launches.empty() || weights == 0) {
    return std::nullopt;
  }
  return adds_up(metric) ? sum : sum / weights;
}

}  // namespace scantune::report
