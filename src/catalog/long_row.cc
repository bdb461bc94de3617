#include <algorithm>
#include <limits>

#include "catalog/families.h"
#include "catalog/occupancy.h"
#include "catalog/row_space.h"
#include "catalog/rows.h"
#include "long_row.launch.h"

namespace scantune {
namespace {

LongRowParams params(const Variant& variant) {
  return {static_cast<int>(variant.number("tile")), static_cast<int>(variant.number("warps")),
          static_cast<int>(variant.number("stages")), static_cast<int>(variant.number("loaders")),
          row_space::storage(variant)};
}

int element_bytes(const Workload& workload) { return static_cast<int>(size_bytes(workload.dtype)); }

int accumulator_bytes(const Workload& workload) { return static_cast<int>(size_bytes(workload.accumulator)); }

std::string refuses(const Workload& workload, const Chip& chip) {
  constexpr int64_t kMostElements = int64_t{1} << 40;  // tickets of the smallest tiles have 32 bits
  if (workload.elements() > kMostElements) {
    return fmt::format("it does at most {} elements", kMostElements);
  }
  return rows::refuses(workload, chip);
}

Space space(const Workload& workload, const Chip& chip) {
  return {{row_space::tile(row_space::tiles_of({16384, 32768, 65536}, workload)),
           Param{"warps", "warps of a block that scan", rows::values({4, 8, 16})},
           row_space::stages("tiles in shared memory at once", {3, 4, 6}),
           {"loaders", "warps that load a tile", rows::values({1, 2})},
           row_space::storage({"async", "bulk"}, chip)}};
}

ResourceEstimate estimate(const Variant& variant, const Workload& workload, const Chip& /*chip*/) {
  const LongRowParams p = params(variant);
  return {.registers_per_thread = long_row_registers(p, element_bytes(workload)),
          .shared_bytes_per_block = long_row_static_shared_bytes(p, accumulator_bytes(workload)) +
                                    int64_t{p.stages} * p.tile * element_bytes(workload),
          .bytes_in_flight_per_block =
              std::min<int64_t>(p.tile, workload.geometry().n) * p.stages * element_bytes(workload)};
}

std::vector<Launch> launches(const Variant& variant, const Workload& workload, const Chip& chip) {
  const LongRowParams p = params(variant);
  const Geometry g = workload.geometry();
  const std::string settings = fmt::format("{}, {}, {}, {}, scantune::Storage::{}", p.tile, p.warps, p.stages,
                                           p.loaders, variant.word("storage"));
  const int64_t resident =
      int64_t{std::max(1, chip.multiprocessors)} *
      std::max(1, blocks_per_sm(estimate(variant, workload, chip), long_row_block_warps(p) * kWarpThreads, chip));
  return {
      row_space::launch("long_row_reset", settings, workload,
                        long_row_reset_launch(g.outer, g.n, p, element_bytes(workload), accumulator_bytes(workload))),
      row_space::launch("long_row", settings, workload,
                        long_row_launch(g.outer, g.n, p, element_bytes(workload), resident))};
}

bool fits_registers(const Variant& variant, const Workload& workload, const Chip& chip) {
  return estimate(variant, workload, chip).registers_per_thread <=
         row_space::register_limit(long_row_block_warps(params(variant)) * kWarpThreads, chip);
}

bool fits_shared_memory(const Variant& variant, const Workload& workload, const Chip& chip) {
  return row_space::fits_shared_memory(estimate(variant, workload, chip), chip);
}

}  // namespace

Kernel long_row_kernel() {
  Kernel kernel;
  kernel.name = "long_row";
  kernel.summary =
      "tiles of long rows by tickets, loaded, looked up in windows of sums and written by warps of their own: one pass";
  kernel.backend = Backend::cuda;
  kernel.sources = row_space::sources("long_row", {"status.cuh"});
  kernel.refuses = refuses;
  kernel.space = space;
  kernel.constraints = {{"warps are a power of two up to 16",
                         [](const Variant& variant, const Workload& /*workload*/, const Chip& /*chip*/) {
                           const int64_t warps = variant.number("warps");
                           return warps >= 1 && warps <= 16 && (warps & (warps - 1)) == 0;
                         }},
                        row_space::tile_is_whole_accesses(),
                        {"1, 2 or 4 warps load a tile, which is a power of two, each 512 bytes of it at least",
                         [](const Variant& variant, const Workload& workload, const Chip& /*chip*/) {
                           const int64_t tile = variant.number("tile");
                           const int64_t loaders = variant.number("loaders");
                           return (tile & (tile - 1)) == 0 && (loaders == 1 || loaders == 2 || loaders == 4) &&
                                  row_space::tile_bytes(variant, workload) >= loaders * kWarpThreads * kAccessBytes;
                         }},
                        {"a block has two stages at least, and 32 warps at most, those that load and look up included",
                         [](const Variant& variant, const Workload& /*workload*/, const Chip& /*chip*/) {
                           const int64_t stages = variant.number("stages");
                           return stages >= 2 && stages <= 32 && long_row_block_warps(params(variant)) <= 32;
                         }},
                        row_space::storage_is_of_the_chip(),
                        {"there are fewer than 2^31 tiles",
                         [](const Variant& variant, const Workload& workload, const Chip& /*chip*/) {
                           const Geometry g = workload.geometry();
                           const int64_t tile = variant.number("tile");
                           return g.outer <= std::numeric_limits<int32_t>::max() / ((g.n + tile - 1) / tile);
                         }},
                        row_space::not_wider_than_the_row(),
                        {"rows are fewer than 16 an SM: more end evenly with a block for each",
                         [](const Variant& /*variant*/, const Workload& workload, const Chip& chip) {
                           return workload.geometry().outer < 16LL * std::max(1, chip.multiprocessors);
                         }},
                        {"a tile fits the registers of the threads that scan", fits_registers},
                        {"the tiles in flight fit the shared memory of a block", fits_shared_memory}};
  kernel.launches = launches;
  kernel.workspace_bytes = [](const Variant& variant, const Workload& workload, const Chip&) -> int64_t {
    const Geometry g = workload.geometry();
    return long_row_workspace_bytes(g.outer, g.n, params(variant), element_bytes(workload),
                                    accumulator_bytes(workload));
  };
  kernel.estimate = estimate;
  return kernel;
}

}  // namespace scantune
