#include <algorithm>

#include "catalog/families.h"
#include "catalog/row_space.h"
#include "catalog/rows.h"
#include "row_carry.launch.h"

namespace scantune {
namespace {

RowCarryParams params(const Variant& variant) {
  return {static_cast<int>(variant.number("tile")), static_cast<int>(variant.number("warps")),
          static_cast<int>(variant.number("stages")), row_space::storage(variant)};
}

int element_bytes(const Workload& workload) { return static_cast<int>(size_bytes(workload.dtype)); }

bool fits_registers(const Variant& variant, const Workload& workload, const Chip& chip) {
  const RowCarryParams p = params(variant);
  return row_carry_registers(p, element_bytes(workload)) <= row_space::register_limit(p.warps * kWarpThreads, chip);
}

// What lies left of the row is not loaded.
int64_t bytes_in_flight(const RowCarryParams& p, const Workload& workload) {
  return std::min(int64_t{p.tile} * p.stages, workload.geometry().n) * element_bytes(workload);
}

ResourceEstimate estimate(const Variant& variant, const Workload& workload, const Chip& /*chip*/) {
  const RowCarryParams p = params(variant);
  return {
      .registers_per_thread = row_carry_registers(p, element_bytes(workload)),
      .shared_bytes_per_block = row_carry_static_shared_bytes(p, static_cast<int>(size_bytes(workload.accumulator))) +
                                tile_ring_bytes(p.tile, p.stages, element_bytes(workload), p.storage),
      .bytes_in_flight_per_block = bytes_in_flight(p, workload)};
}

bool fits_shared_memory(const Variant& variant, const Workload& workload, const Chip& chip) {
  return row_space::fits_shared_memory(estimate(variant, workload, chip), chip);
}

Space space(const Workload& workload, const Chip& chip) {
  return {{row_space::tile(row_space::tiles_of({4096, 8192, 16384, 32768, 65536, 131072}, workload)),
           row_space::warps({4, 8, 16, 32}),
           {"stages", "tiles whose loads are under way at once", rows::values({1, 2, 3})},
           row_space::storage({"registers", "async", "bulk"}, chip)}};
}

std::vector<Launch> launches(const Variant& variant, const Workload& workload, const Chip& /*chip*/) {
  const RowCarryParams p = params(variant);
  return {row_space::launch(
      "row_carry", fmt::format("{}, {}, {}, scantune::Storage::{}", p.tile, p.warps, p.stages, variant.word("storage")),
      workload, row_carry_launch(workload.geometry().outer, p, element_bytes(workload)))};
}

}  // namespace

Kernel row_carry_kernel() {
  Kernel kernel;
  kernel.name = "row_carry";
  kernel.summary = "one block a row, tiles from right to left, the running sum carried: one pass";
  kernel.backend = Backend::cuda;
  kernel.sources = row_space::sources("row_carry", {"ring.cuh"});
  kernel.refuses = rows::refuses;
  kernel.space = space;
  kernel.constraints = {row_space::enough_vectors(),
                        row_space::not_wider_than_the_row(),
                        {"a ring has at least two tiles",
                         [](const Variant& variant, const Workload&, const Chip&) {
                           return row_space::storage(variant) == Storage::registers || variant.number("stages") >= 2;
                         }},
                        {"the tiles in flight fit a thread's registers", fits_registers},
                        {"the tiles in flight fit the shared memory of a block", fits_shared_memory}};
  kernel.launches = launches;
  kernel.workspace_bytes = [](const Variant&, const Workload&, const Chip&) { return int64_t{0}; };
  kernel.estimate = estimate;
  return kernel;
}

}  // namespace scantune
