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
  std::vector<Workload> workloads;
};

// Reads a suite. A workload must have shape, dim and dtype; accumulator (else the dtype's default;
// i64 goes with i32, too),
// cache (else cold) and deterministic (else false) may follow, and notes under why or note. The
// message of an error says which workload, counted from 1, and which member is wrong and how; the
// caller adds the path.
Expected<Suite> parse_suite(std::string_view text);

}  // namespace scantune::wire
