#include "catalog/cpu_space.h"
#include "catalog/families.h"

namespace scantune {
namespace {

constexpr int64_t kLeastLines = 256;

Space space(const Workload& /*workload*/, const Chip& chip) {
  return {{cpu_space::tile("elements that a thread sums, keeps in its cache and scans", {16384, 65536, 1048576}),
           cpu_space::threads(chip), cpu_space::store(chip)}};
}

}  // namespace

Kernel cpu_column_chain_kernel() {
  Kernel kernel;
  kernel.name = "cpu_column_chain";
  kernel.summary = "tiles of long columns taken by any thread, sums handed from tile to tile: one pass";
  kernel.backend = Backend::cpu;
  kernel.sources = cpu_space::sources("column_chain");
  kernel.refuses = cpu_space::refuses_rows;
  kernel.space = space;
  kernel.constraints = {
      cpu_space::tile_is_whole_vectors(),
      cpu_space::threads_are_there(),
      {"a slab has four tiles and 256 lines, at least",
       [](const Variant& variant, const Workload& workload, const Chip& /*chip*/) {
         const Geometry g = workload.geometry();
         return g.n >= kLeastLines && g.n * g.inner >= 4 * variant.number("tile");
       }},
      {"there is more than one thread to hand sums to",
       [](const Variant& variant, const Workload& /*workload*/, const Chip& /*chip*/) {
         return variant.number("threads") > 1;
       }},
      cpu_space::enough_work(),
  };
  return kernel;
}

}  // namespace scantune
