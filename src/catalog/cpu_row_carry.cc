#include "catalog/cpu_space.h"
#include "catalog/families.h"

namespace scantune {
namespace {

constexpr int64_t kRisingTile = 16384;  // the smallest tile that is prefetched as a whole

Space space(const Workload& workload, const Chip& chip) {
  return {
      {cpu_space::tile("elements scanned while as many to their left are prefetched", {1024, 2048, kRisingTile, 32768}),
       {"prefetch",
        "order within the next tile: falling, in step with the scan, or rising",
        {"falling", "rising"},
        {"falling", "rising"}},
       cpu_space::threads(chip),
       cpu_space::unroll(workload, {2, 4, 8}),
       cpu_space::store(chip)}};
}

}  // namespace

Kernel cpu_row_carry_kernel() {
  Kernel kernel;
  kernel.name = "cpu_row_carry";
  kernel.summary = "whole rows to a thread, right to left, the running sum in a register: one pass";
  kernel.backend = Backend::cpu;
  kernel.sources = cpu_space::sources("row_carry");
  kernel.refuses = cpu_space::refuses_columns;
  kernel.space = space;
  kernel.constraints = {
      cpu_space::tile_is_whole_vectors(),
      cpu_space::threads_are_there(),
      cpu_space::unroll_is_compiled(),
      {"tiles of 16384 elements and more are prefetched rising, smaller ones falling",
       [](const Variant& variant, const Workload& /*workload*/, const Chip& /*chip*/) {
         return (variant.word("prefetch") == "rising") == (variant.number("tile") >= kRisingTile);
       }},
      {"every thread has a row",
       [](const Variant& variant, const Workload& workload, const Chip& /*chip*/) {
         return workload.geometry().outer >= variant.number("threads");
       }},
      {"a thread has several tiles, or the tile is the smallest",
       [](const Variant& variant, const Workload& workload, const Chip& /*chip*/) {
         const int64_t tile = variant.number("tile");
         return tile == 1024 || workload.elements() / variant.number("threads") >= 4 * tile;
       }},
      cpu_space::enough_work(),
      cpu_space::enough_threads(),
  };
  return kernel;
}

}  // namespace scantune
