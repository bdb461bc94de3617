// A variant as exported code knows it.
#pragma once

#include "core/outcome.h"
#include "exports/templates/plan.h"

namespace scantune::exports {

// The configuration of an admitted variant of a GPU's family.
scantune_kernels::detail::Config config_of(const Variant& variant, const Workload& workload, const Chip& chip);

}  // namespace scantune::exports
