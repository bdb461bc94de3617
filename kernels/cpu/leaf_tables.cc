// Which instruction sets this binary has leaves for, and which of them this CPU can run.
#include "cpu/leaves.h"

#if defined(SCANTUNE_CPU_X86_64)
#include <cpuid.h>
#endif

namespace scantune::cpu {

#if defined(SCANTUNE_CPU_X86_64)
namespace avx512 {
extern const Leaves kLeaves;
}
namespace avx2 {
extern const Leaves kLeaves;
}
namespace sse2 {
extern const Leaves kLeaves;
}

namespace {

// The builtin knows F16C from GCC 11 and Clang 15 on.
bool has_f16c() {
  unsigned a = 0;
  unsigned b = 0;
  unsigned c = 0;
  unsigned d = 0;
  return __get_cpuid(1, &a, &b, &c, &d) != 0 && (c & bit_F16C) != 0;
}

}  // namespace

// The builtin also asks whether the operating system saves the registers.
LeafTables leaf_tables() {
  __builtin_cpu_init();
  LeafTables found = {};
  const bool avx2 = __builtin_cpu_supports("avx2") && has_f16c();
  if (avx2 && __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
      __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512vl")) {
    found.tables[found.count++] = &avx512::kLeaves;
  }
  if (avx2) {
    found.tables[found.count++] = &avx2::kLeaves;
  }
  found.tables[found.count++] = &sse2::kLeaves;
  return found;
}
#else
namespace generic {
extern const Leaves kLeaves;
}

LeafTables leaf_tables() { return {{&generic::kLeaves}, 1}; }
#endif

}  // namespace scantune::cpu
