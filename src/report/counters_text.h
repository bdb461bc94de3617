// Hardware counters of a few variants side by side.
#pragma once

#include <string>
#include <vector>

#include "core/metric.h"
#include "core/workload.h"

namespace scantune::report {

// A column of the table. `profile` may be null: not profiled.
struct CounterColumn {
  std::string title;
  const Profile* profile = nullptr;
};

// The table and its notes, line by line; empty where no counter was asked for. A variant of several
// launches has one value: amounts (units other than "%", names that end in .sum) are added up, the
// rest is averaged with the launches' durations as weights. With `every_launch` each launch has a
// column of its own besides.
std::vector<std::string> counter_lines(const std::vector<CounterColumn>& columns, const Workload& workload,
                                       bool every_launch, size_t width);

}  // namespace scantune::report
