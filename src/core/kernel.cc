#include "core/kernel.h"

namespace scantune {

std::string first_broken(const std::vector<Constraint>& rules, const Variant& variant, const Workload& workload,
                         const Chip& chip) {
  for (const Constraint& rule : rules) {
    if (!rule.holds(variant, workload, chip)) {
      return rule.text;
    }
  }
  return {};
}

std::string broken_constraint(const Kernel& kernel, const Variant& variant, const Workload& workload,
                              const Chip& chip) {
  return first_broken(kernel.constraints, variant, workload, chip);
}

}  // namespace scantune
