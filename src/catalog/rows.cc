#include "catalog/rows.h"

namespace scantune::rows {

std::string refuses(const Workload& workload, const Chip& /*chip*/) {
  if (workload.geometry().inner != 1) {
    return "it sums along the innermost dimension only (--dim -1)";
  }
  return {};
}

std::vector<Value> values(const std::vector<int64_t>& numbers) { return {numbers.begin(), numbers.end()}; }

}  // namespace scantune::rows
