// A kernel made slower on purpose, by a known amount of extra traffic: what a gate has to find.
#pragma once

#include "core/kernel.h"
#include "core/workload.h"

namespace scantune::gate {

// The kernel with one more launch behind its own, which reads and writes back `extra` (relative, steps of 0.001) of the
// bytes that a scan of the workload must move (kernels/planted_traffic.cuh). Results stay right. Compiles the variant
// that planted_variant makes of one of the kernel's own. CUDA only.
Kernel planted_kernel(const Kernel& kernel);
Variant planted_variant(const Variant& variant, double extra);

}  // namespace scantune::gate
