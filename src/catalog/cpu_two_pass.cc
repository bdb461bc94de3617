#include "catalog/cpu_space.h"
#include "catalog/families.h"

namespace scantune {
namespace {

constexpr int64_t kSmallestTile = 4096;

Space space(const Workload& /*workload*/, const Chip& chip) {
  return {{cpu_space::tile("elements that are summed, and later scanned, by one thread", {kSmallestTile, 16384, 65536}),
           cpu_space::threads(chip), cpu_space::unroll({4, 8}), cpu_space::store(chip)}};
}

}  // namespace

Kernel cpu_two_pass_kernel() {
  Kernel kernel;
  kernel.name = "cpu_two_pass";
  kernel.summary = "sums of tiles, then a scan of each tile with its prefix: reads the input twice";
  kernel.backend = Backend::cpu;
  kernel.baseline = true;
  kernel.sources = cpu_space::sources("two_pass");
  kernel.refuses = cpu_space::refuses;
  kernel.space = space;
  kernel.constraints = {
      {"a row has several tiles, or the tile is the smallest",
       [](const Variant& variant, const Workload& workload, const Chip& /*chip*/) {
         const int64_t tile = variant.number("tile");
         return tile == kSmallestTile || workload.geometry().n > tile;
       }},
      cpu_space::enough_work(),
      cpu_space::enough_threads(),
  };
  return kernel;
}

}  // namespace scantune
