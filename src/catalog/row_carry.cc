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
  return {{row_space::tile(
               row_space::tiles_of({row_space::kSmallestTileBytes, 8192, 16384, 32768, 65536, 131072}, workload)),
           row_space::warps({4, 8, 16, 32}), row_space::stages("tiles whose loads are under way at once", {1, 2, 3}),
           row_space::storage({"registers", "async", "bulk"}, chip)}};
}

// The sweeps and what they say: docs/tune.md.
std::vector<Constraint> sweep_rules() {
  return {
      {"a tile alone in registers is 64 bytes a thread at least; of several, each is 32, but in the smallest tiles",
       [](const Variant& variant, const Workload& workload, const Chip& chip) {
         if (!row_space::was_swept(workload, chip) || row_space::storage(variant) != Storage::registers) {
           return true;
         }
         const int64_t bytes = row_space::thread_bytes(variant, workload);
         return bytes >= 64 ||
                (variant.number("stages") > 1 &&
                 (bytes >= 32 || row_space::tile_bytes(variant, workload) <= row_space::kSmallestTileBytes));
       }},
      {"a ring's tiles are 32 KiB at least, with bulk copies 64 KiB, where elements have 4 bytes",
       [](const Variant& variant, const Workload& workload, const Chip& chip) {
         const Storage storage = row_space::storage(variant);
         return !row_space::was_swept(workload, chip) || size_bytes(workload.dtype) != 4 ||
                storage == Storage::registers ||
                row_space::tile_bytes(variant, workload) >= (storage == Storage::bulk ? 65536 : 32768);
       }},
      {"a thread loads at most 256 bytes of a tile in an async ring",
       [](const Variant& variant, const Workload& workload, const Chip& chip) {
         return !row_space::was_swept(workload, chip) || row_space::storage(variant) != Storage::async ||
                row_space::thread_bytes(variant, workload) <= 256;
       }},
  };
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
  kernel.constraints = {row_space::warps_are_a_power_of_two(),
                        row_space::tile_is_whole_accesses(),
                        row_space::at_most_32_stages(),
                        row_space::storage_is_of_the_chip(),
                        row_space::not_wider_than_the_row(),
                        {"a ring has at least two tiles, and the block two warps",
                         [](const Variant& variant, const Workload&, const Chip&) {
                           return row_space::storage(variant) == Storage::registers ||
                                  (variant.number("stages") >= 2 && variant.number("warps") >= 2);
                         }},
                        {"the tiles in flight fit a thread's registers", fits_registers},
                        {"the tiles in flight fit the shared memory of a block", fits_shared_memory}};
  kernel.sweep_rules = sweep_rules();
  kernel.launches = launches;
  kernel.workspace_bytes = [](const Variant&, const Workload&, const Chip&) { return int64_t{0}; };
  kernel.estimate = estimate;
  return kernel;
}

}  // namespace scantune
