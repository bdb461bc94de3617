#include <algorithm>

#include "catalog/column_space.h"
#include "catalog/families.h"
#include "catalog/occupancy.h"
#include "catalog/row_space.h"
#include "catalog/rows.h"
#include "column_split.launch.h"

namespace scantune {
namespace {

constexpr int64_t kSmallestTileBytes = 8192;  // of the default space

int element_bytes(const Workload& workload) { return static_cast<int>(size_bytes(workload.dtype)); }

int accumulator_bytes(const Workload& workload) { return static_cast<int>(size_bytes(workload.accumulator)); }

ColumnSplitParams params(const Variant& variant, const Workload& workload) {
  return {column_space::access_bytes(workload),       static_cast<int>(variant.number("columns")),
          static_cast<int>(variant.number("tile")),   static_cast<int>(variant.number("warps")),
          static_cast<int>(variant.number("stages")), static_cast<int>(variant.number("loaders"))};
}

ColumnSplitTiles tiles(const Variant& variant, const Workload& workload) {
  const Geometry g = workload.geometry();
  return column_split_tiles(g.n, g.inner, params(variant, workload), element_bytes(workload));
}

// Tiles of which 9, 8, 7, ... fill the 227 KiB that a block may have from sm_90 on, and smaller ones.
Space space(const Workload& workload, const Chip& /*chip*/) {
  return {{{"columns", "columns of a tile at most", row_space::tiles_of({128, 256, 512}, workload)},
           row_space::tile(
               row_space::tiles_of({kSmallestTileBytes, 16384, 24576, 28672, 32768, 40960, 53248, 73728}, workload)),
           {"warps", "warps of a block that scan", rows::values({4, 8})},
           row_space::stages("tiles in shared memory at once", {2, 3, 4, 5, 6, 7, 8, 9}),
           {"loaders", "warps that load a tile", rows::values({1, 2, 4})}}};
}

ResourceEstimate estimate(const Variant& variant, const Workload& workload, const Chip& /*chip*/) {
  const ColumnSplitParams p = params(variant, workload);
  const ColumnSplitTiles t = tiles(variant, workload);
  const int64_t rows = std::min<int64_t>(t.rows, workload.geometry().n);
  return {.registers_per_thread = column_split_registers(accumulator_bytes(workload)),
          .shared_bytes_per_block =
              column_split_static_shared_bytes(p) +
              int64_t{p.stages} * column_split_slot_bytes(p, element_bytes(workload), accumulator_bytes(workload)),
          .bytes_in_flight_per_block = rows * t.columns * p.stages * element_bytes(workload)};
}

std::vector<Launch> launches(const Variant& variant, const Workload& workload, const Chip& chip) {
  const ColumnSplitParams p = params(variant, workload);
  const Geometry g = workload.geometry();
  const std::string settings =
      fmt::format("{}, {}, {}, {}, {}, {}", p.access, p.columns, p.tile, p.warps, p.stages, p.loaders);
  const int64_t resident =
      int64_t{std::max(1, chip.multiprocessors)} *
      std::max(1, blocks_per_sm(estimate(variant, workload, chip), column_split_block_warps(p) * kWarpThreads, chip));
  return {row_space::launch("column_split_reset", settings, workload,
                            column_split_reset_launch(g.outer, g.n, g.inner, p, element_bytes(workload),
                                                      accumulator_bytes(workload))),
          row_space::launch("column_split", settings, workload,
                            column_split_launch(g.outer, g.n, g.inner, p, element_bytes(workload),
                                                accumulator_bytes(workload), resident))};
}

int64_t tile_count(const Variant& variant, const Workload& workload) {
  const ColumnSplitTiles t = tiles(variant, workload);
  return workload.geometry().outer * t.strips * t.slabs;
}

std::vector<Constraint> prune_rules() {
  return {
      {"tiles fill three quarters of the shared memory of a block, where the workload would fill that of all",
       [](const Variant& variant, const Workload& workload, const Chip& chip) {
         return workload.bytes_read() < int64_t{chip.multiprocessors} * chip.shared_bytes_per_block ||
                4 * estimate(variant, workload, chip).shared_bytes_per_block >= 3 * chip.shared_bytes_per_block;
       }},
      {"a block has no more stages than tiles to do, unless it has the fewest",
       [](const Variant& variant, const Workload& workload, const Chip& chip) {
         constexpr int64_t kFewest = 2;
         const int64_t stages = variant.number("stages");
         return stages == kFewest || (stages - 1) * std::max(1, chip.multiprocessors) < tile_count(variant, workload);
       }},
  };
}

bool is_power_of_two(int64_t value) { return value >= 1 && (value & (value - 1)) == 0; }

}  // namespace

Kernel column_split_kernel() {
  Kernel kernel;
  kernel.name = "column_split";
  kernel.summary =
      "tiles of columns by tickets, loaded, looked up in groups of sums and written by warps of their own: one pass";
  kernel.backend = Backend::cuda;
  kernel.sources = column_space::sources("column_split", {"status.cuh"});
  kernel.refuses = column_space::refuses;
  kernel.space = space;
  kernel.constraints = {
      {"warps are a power of two up to 16, and loaders one of them up to 4",
       [](const Variant& variant, const Workload& /*workload*/, const Chip& /*chip*/) {
         const int64_t warps = variant.number("warps");
         const int64_t loaders = variant.number("loaders");
         return is_power_of_two(warps) && warps <= 16 && is_power_of_two(loaders) &&
                loaders <= std::min<int64_t>(4, warps);
       }},
      {"columns are a power of two of 16 bytes at least, and no more than threads that scan",
       [](const Variant& variant, const Workload& workload, const Chip& /*chip*/) {
         const int64_t columns = variant.number("columns");
         return is_power_of_two(columns) && columns * element_bytes(workload) >= kAccessBytes &&
                columns <= variant.number("warps") * kWarpThreads;
       }},
      {"a tile is whole 16 bytes of every thread that scans, whole rows of columns, and at most 1 MiB",
       [](const Variant& variant, const Workload& workload, const Chip& /*chip*/) {
         constexpr int64_t kMostBytes = 1 << 20;
         const int64_t tile = variant.number("tile");
         const int64_t bytes = tile * element_bytes(workload);
         return tile >= 1 && tile <= kMostBytes && bytes <= kMostBytes && tile % variant.number("columns") == 0 &&
                bytes % (variant.number("warps") * kWarpThreads * kAccessBytes) == 0;
       }},
      {"a block has 2 to 14 stages, and 32 warps at most, those that load and look up included",
       [](const Variant& variant, const Workload& workload, const Chip& /*chip*/) {
         const int64_t stages = variant.number("stages");
         return stages >= 2 && stages <= 14 && column_split_block_warps(params(variant, workload)) <= 32;
       }},
      column_space::not_wider_than_the_rows(),
      {"a tile is less than twice as high as the tensor's columns, unless it is the smallest",
       [](const Variant& variant, const Workload& workload, const Chip& /*chip*/) {
         return row_space::tile_bytes(variant, workload) <= kSmallestTileBytes ||
                tiles(variant, workload).rows < 2 * workload.geometry().n;
       }},
      {"strips are fewer than twice the SMs: more hand their carries up well enough",
       [](const Variant& variant, const Workload& workload, const Chip& chip) {
         return workload.geometry().outer * tiles(variant, workload).strips < 2LL * std::max(1, chip.multiprocessors);
       }},
      {"there are fewer than 2^31 tiles",
       [](const Variant& variant, const Workload& workload, const Chip& /*chip*/) {
         const ColumnSplitTiles t = tiles(variant, workload);
         return workload.geometry().outer <= (kMaxGridBlocks - 1) / t.strips / t.slabs;
       }},
      {"what a thread looks up fits its registers",
       [](const Variant& variant, const Workload& workload, const Chip& chip) {
         return estimate(variant, workload, chip).registers_per_thread <=
                row_space::register_limit(column_split_block_warps(params(variant, workload)) * kWarpThreads, chip);
       }},
      {"the tiles in flight fit the shared memory of a block",
       [](const Variant& variant, const Workload& workload, const Chip& chip) {
         return row_space::fits_shared_memory(estimate(variant, workload, chip), chip);
       }}};
  kernel.prune_rules = prune_rules();
  kernel.launches = launches;
  kernel.workspace_bytes = [](const Variant& variant, const Workload& workload, const Chip&) -> int64_t {
    const Geometry g = workload.geometry();
    return column_split_workspace_bytes(g.outer, g.n, g.inner, params(variant, workload), element_bytes(workload),
                                        accumulator_bytes(workload));
  };
  kernel.estimate = estimate;
  return kernel;
}

}  // namespace scantune
