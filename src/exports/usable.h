// Which winners of a best file this scantune can build: exports hold its own kernels, not those that were measured.
#pragma once

#include <string>
#include <vector>

#include "core/outcome.h"

namespace scantune::exports {

struct Usable {
  std::vector<BestEntry> entries;  // each with one contender, the best that can be built
  std::vector<std::string> notes;  // one line each: what was left out, or may not be as fast as it was
};

// Entries of CPUs are left out, and those none of whose contenders is a variant that the catalog knows and admits. Of
// the others the first contender that is stands for the entry.
Usable usable_entries(const std::vector<BestEntry>& entries);

}  // namespace scantune::exports
