// Which entries of a best file are exported.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "core/expected.h"
#include "core/outcome.h"

namespace scantune::exports {

// What an entry must be. Empty: anything.
struct Pick {
  std::vector<std::vector<int64_t>> shapes;  // one of these, as the workload was written
  std::optional<int> dim;                    // scanned, from the end where negative
  std::optional<DType> dtype;
  std::optional<std::string> chip;  // "NVIDIA H200", "GH100" or "sm_90", in any case
};

// The entries that are as picked, in their order; an error (bad_input) that says what there is where there is none.
Expected<std::vector<BestEntry>> select(const std::vector<BestEntry>& entries, const Pick& pick);

}  // namespace scantune::exports
