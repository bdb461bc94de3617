// Names of metrics asked of a recording, as a GPU would take them.
#pragma once

#include <optional>
#include <string>

#include "core/metric.h"
#include "core/record.h"

namespace scantune::cli {

// As replay::as_recorded(); but an old name is read from what was recorded under its successors, and launch__* names
// are answered from the launch's resources.
std::optional<MetricValue> read_recorded(const std::string& name, const LaunchProfile& recorded,
                                         const EntryResources* resources);

}  // namespace scantune::cli
