// Which instruction sets this binary has leaves for, and which of them this CPU can run.
#include "cpu/leaves.h"

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

// The builtin also asks whether the operating system saves the registers.
LeafTables leaf_tables() {
  __builtin_cpu_init();
  LeafTables found = {};
  if (__builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") && __builtin_cpu_supports("avx512dq") &&
      __builtin_cpu_supports("avx512vl") && __builtin_cpu_supports("avx2")) {
    found.tables[found.count++] = &avx512::kLeaves;
  }
  if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("f16c")) {
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
