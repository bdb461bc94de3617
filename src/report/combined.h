// The counters of a variant's launches taken together.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "core/metric.h"

namespace scantune::report {

inline constexpr std::string_view kDuration = "gpu__time_duration.sum";

// A launch's value of a metric by its requested name, read or not; null where it was not asked for.
const MetricValue* find_metric(const LaunchProfile& launch, const std::string& requested);

// One value for all launches of a variant: amounts (units other than "%", names that end in .sum) are added up, the
// rest is averaged with the launches' durations as weights. Nothing where a launch lacks it or a weight.
std::optional<double> combined(const Profile& profile, const MetricValue& metric);

}  // namespace scantune::report
