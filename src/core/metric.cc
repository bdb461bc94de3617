#include "core/metric.h"

namespace scantune {

std::optional<double> value_of(const LaunchProfile& launch, const std::string& requested) {
  for (const MetricValue& metric : launch.metrics) {
    if (metric.requested == requested) {
      return metric.value;
    }
  }
  return std::nullopt;
}

}  // namespace scantune
