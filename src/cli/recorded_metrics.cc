#include "cli/recorded_metrics.h"

#include "cuda/metrics.h"
#include "device/replay.h"

namespace scantune::cli {

std::optional<MetricValue> read_recorded(const std::string& name, const LaunchProfile& recorded,
                                         const EntryResources* resources) {
  if (auto value = replay::as_recorded(name, recorded, resources)) {
    return value;
  }
  const cuda::ResolvedMetric metric =
      cuda::resolve_metric(name, [&](const std::string& term) -> std::optional<cuda::MetricProperties> {
        const auto value = replay::as_recorded(term, recorded, resources);
        return value ? std::optional(cuda::MetricProperties{value->unit, ""}) : std::nullopt;
      });
  MetricValue value{name, metric.read_as, {}, metric.unit, {}};
  if (metric.from_launch()) {
    value.value = resources == nullptr ? std::nullopt : cuda::launch_value(name, *resources);
    return value.value ? std::optional(value) : std::nullopt;
  }
  if (!metric.known) {
    return std::nullopt;
  }
  double sum = 0;
  for (const std::string& term : metric.terms) {
    const auto part = replay::as_recorded(term, recorded, resources);
    if (!part->value) {
      value.reason = part->reason;
      return value;
    }
    sum += *part->value;
  }
  value.value = sum;
  return value;
}

}  // namespace scantune::cli
