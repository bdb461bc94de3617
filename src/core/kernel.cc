#include "core/kernel.h"

namespace scantune {

std::string broken_constraint(const Kernel& kernel, const Variant& variant, const Workload& workload,
                              const Chip& chip) {
  for (const Constraint& constraint : kernel.constraints) {
    if (!constraint.holds(variant, workload, chip)) {
      return constraint.text;
    }
  }
  return {};
}

}  // namespace scantune
