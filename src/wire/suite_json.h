// Suites of workloads (configs/suites/, configs/schema/suite.schema.json).
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "core/expected.h"
#include "core/workload.h"

namespace scantune::wire {

struct Suite {
  std::string name;
  std::vector<Workload> workloads;  // accumulators are the dtypes' defaults
};

// Reads a suite; the message of an error says which workload is wrong and how.
Expected<Suite> parse_suite(std::string_view text);

}  // namespace scantune::wire
