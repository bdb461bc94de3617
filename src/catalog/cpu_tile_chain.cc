#include "catalog/cpu_space.h"
#include "catalog/families.h"

namespace scantune {
namespace {

// A thread keeps three tiles in its second-level cache: the one it scans, one that waits and the one it sums. Of f32,
// three of 65536 take 768 KB; three of the largest fit where halves are summed, or go to the last level.
Space space(const Workload& workload, const Chip& chip) {
  return {{cpu_space::tile("elements that a thread sums, keeps in its cache and scans", {16384, 32768, 65536, 262144}),
           cpu_space::threads(chip), cpu_space::unroll(workload, {4, 8}), cpu_space::store(chip)}};
}

}  // namespace

Kernel cpu_tile_chain_kernel() {
  Kernel kernel;
  kernel.name = "cpu_tile_chain";
  kernel.summary = "tiles of long rows taken by any thread, sums handed from tile to tile: one pass";
  kernel.backend = Backend::cpu;
  kernel.sources = cpu_space::sources("tile_chain");
  kernel.refuses = cpu_space::refuses_columns;
  kernel.space = space;
  kernel.constraints = {
      cpu_space::tile_is_whole_vectors(),
      cpu_space::threads_are_there(),
      cpu_space::unroll_is_compiled(),
      {"a row is longer than a tile",
       [](const Variant& variant, const Workload& workload, const Chip& /*chip*/) {
         return workload.geometry().n > variant.number("tile");
       }},
      {"a thread has several tiles",
       [](const Variant& variant, const Workload& workload, const Chip& /*chip*/) {
         return workload.elements() / variant.number("threads") >= 2 * variant.number("tile");
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
