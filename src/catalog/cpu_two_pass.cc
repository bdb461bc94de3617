#include "catalog/cpu_space.h"
#include "catalog/families.h"

namespace scantune {
namespace {

constexpr int64_t kSmallestTile = 4096;

Space space(const Workload& workload, const Chip& chip) {
  return {{cpu_space::tile("elements that are summed, and later scanned, by one thread", {kSmallestTile, 16384, 65536}),
           cpu_space::threads(chip), cpu_space::unroll(workload, {4, 8}), cpu_space::store(chip)}};
}

}  // namespace

Kernel cpu_two_pass_kernel() {
  Kernel kernel;
  kernel.name = "cpu_two_pass";
  kernel.summary = "sums of tiles, then a scan of each tile with its prefix: reads the input twice";
  kernel.backend = Backend::cpu;
  kernel.baseline = true;
  kernel.sources = cpu_space::sources("two_pass");
  kernel.refuses = cpu_space::refuses_types;
  kernel.space = space;
  kernel.constraints = {
      cpu_space::tile_is_whole_vectors(),
      cpu_space::threads_are_there(),
      cpu_space::unroll_is_compiled(),
      {"a row, or a slab of columns, has several tiles, or the tile is the smallest",
       [](const Variant& variant, const Workload& workload, const Chip& /*chip*/) {
         const int64_t tile = variant.number("tile");
         const Geometry g = workload.geometry();
         return tile == kSmallestTile || g.n * g.inner > tile;
       }},
      {"unroll is a matter of rows: of columns it is 4",
       [](const Variant& variant, const Workload& workload, const Chip& /*chip*/) {
         return workload.geometry().inner == 1 || variant.number("unroll") == 4;
       }},
      cpu_space::enough_work(),
      cpu_space::enough_threads(),
  };
  return kernel;
}

}  // namespace scantune
