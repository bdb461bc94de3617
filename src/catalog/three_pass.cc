#include <cmath>
#include <utility>

#include "catalog/column_space.h"
#include "catalog/families.h"
#include "catalog/row_space.h"
#include "catalog/rows.h"
#include "three_pass.launch.h"

namespace scantune {
namespace {

// Along the innermost dimension it works on tiles of rows, along any other on tiles of columns.
bool sums_rows(const Workload& workload) { return workload.geometry().inner == 1; }

ThreePassParams params(const Variant& variant) {
  return {static_cast<int>(variant.number("tile")), static_cast<int>(variant.number("warps")),
          static_cast<int>(variant.number("stages"))};
}

int element_bytes(const Workload& workload) { return static_cast<int>(size_bytes(workload.dtype)); }

int accumulator_bytes(const Workload& workload) { return static_cast<int>(size_bytes(workload.accumulator)); }

Space space(const Workload& workload, const Chip& /*chip*/) {
  if (sums_rows(workload)) {
    return {{row_space::tile(row_space::tiles_of({row_space::kSmallestTileBytes, 8192, 16384, 32768}, workload)),
             row_space::warps({4, 8, 16, 32}),
             row_space::stages("tiles a block loads at once, into registers", {1, 2, 3})}};
  }
  return {{column_space::columns(workload), column_space::warps(workload), column_space::rows(workload)}};
}

std::vector<Launch> launches(const Variant& variant, const Workload& workload, const Chip& /*chip*/) {
  const Geometry g = workload.geometry();
  if (!sums_rows(workload)) {
    const ColumnTileParams p = column_space::tile(variant, workload);
    const std::string settings = column_space::settings(variant, workload);
    const LaunchDims tiles = three_pass_columns_launch(g.outer, g.n, g.inner, p, element_bytes(workload));
    return {
        row_space::launch("column_sums", settings, workload, tiles),
        row_space::launch("column_prefix", settings, workload, three_pass_columns_prefix_launch(g.outer, g.inner, p)),
        row_space::launch("column_cumsum_with_prefix", settings, workload, tiles)};
  }
  const ThreePassParams p = params(variant);
  const LaunchDims tiles = three_pass_tiles_launch(g.outer, g.n, p);
  const std::string settings = fmt::format("{}, {}, {}", p.tile, p.warps, p.stages);
  return {row_space::launch("block_sums", settings, workload, tiles),
          row_space::launch("block_prefix", settings, workload, three_pass_prefix_launch(g.outer, p)),
          row_space::launch("cumsum_with_prefix", settings, workload, tiles)};
}

int64_t workspace_bytes(const Variant& variant, const Workload& workload, const Chip& /*chip*/) {
  const Geometry g = workload.geometry();
  return sums_rows(workload)
             ? three_pass_workspace_bytes(g.outer, g.n, params(variant), accumulator_bytes(workload))
             : three_pass_columns_workspace_bytes(g.outer, g.n, g.inner, column_space::tile(variant, workload),
                                                  element_bytes(workload), accumulator_bytes(workload));
}

ResourceEstimate estimate(const Variant& variant, const Workload& workload, const Chip& /*chip*/) {
  if (!sums_rows(workload)) {
    const ColumnTileParams p = column_space::tile(variant, workload);
    return {.registers_per_thread = columns_registers(p, element_bytes(workload)),
            .shared_bytes_per_block =
                three_pass_columns_static_shared_bytes(p, element_bytes(workload), accumulator_bytes(workload)),
            .bytes_in_flight_per_block = column_space::tile_bytes(variant, workload)};
  }
  const ThreePassParams p = params(variant);
  return {.registers_per_thread = three_pass_registers(p, element_bytes(workload)),
          .shared_bytes_per_block = three_pass_static_shared_bytes(p, accumulator_bytes(workload)),
          .bytes_in_flight_per_block = int64_t{p.tile} * p.stages * element_bytes(workload)};
}

// Swept on an H200 in all types: one stage, 8 accesses a thread and tiles of 32 or 16 KB; columns 256 bytes wide, in
// blocks of 8 warps with 16 rows a thread. The best of the three nearest was within 1.1% of the best of all, on 21
// workloads.
double apart_from_usual(const Variant& variant, const Workload& workload) {
  const auto steps = [](double value, double usual) { return std::abs(std::log2(value / usual)); };
  if (!sums_rows(workload)) {
    constexpr double kUsualBytes = 256;
    constexpr double kUsualWarps = 8;
    constexpr double kUsualRows = 16;
    return 2 * steps(static_cast<double>(variant.number("columns") * element_bytes(workload)), kUsualBytes) +
           steps(static_cast<double>(variant.number("warps")), kUsualWarps) +
           steps(static_cast<double>(variant.number("rows")), kUsualRows);
  }
  constexpr double kUsualThreadBytes = 128;
  constexpr double kUsualTileBytes = 32768;
  return 4 * static_cast<double>(variant.number("stages") - 1) +
         steps(static_cast<double>(row_space::thread_bytes(variant, workload)), kUsualThreadBytes) +
         0.25 * steps(static_cast<double>(row_space::tile_bytes(variant, workload)), kUsualTileBytes);
}

bool fits_registers(const Variant& variant, const Workload& workload, const Chip& chip) {
  return estimate(variant, workload, chip).registers_per_thread <=
         row_space::register_limit(static_cast<int>(variant.number("warps")) * kWarpThreads, chip);
}

// A rule over one kind of tiles, which holds for the other.
Constraint only_for(bool rows, Constraint rule) {
  rule.holds = [rows, holds = std::move(rule.holds)](const Variant& variant, const Workload& workload,
                                                     const Chip& chip) {
    return sums_rows(workload) != rows || holds(variant, workload, chip);
  };
  return rule;
}

bool fits_shared_memory(const Variant& variant, const Workload& workload, const Chip& chip) {
  return column_space::fits_shared_memory(estimate(variant, workload, chip).shared_bytes_per_block, 1, chip);
}

}  // namespace

Kernel three_pass_kernel() {
  Kernel kernel;
  kernel.name = "three_pass";
  kernel.summary = "block sums, their prefix, cumsum with prefix: three launches that read the input twice";
  kernel.backend = Backend::cuda;
  kernel.baseline = true;
  kernel.sources = row_space::sources("three_pass", {"three_pass_columns.cuh", "columns.cuh", "columns.launch.h"});
  kernel.refuses = [](const Workload& /*workload*/, const Chip& /*chip*/) { return std::string(); };
  kernel.space = space;
  kernel.constraints = {only_for(true, row_space::warps_are_a_power_of_two()),
                        only_for(true, row_space::tile_is_whole_accesses()),
                        only_for(true, row_space::at_most_32_stages()),
                        only_for(false, column_space::tile_is_possible()),
                        only_for(true, row_space::not_wider_than_the_row()),
                        only_for(false, column_space::row_of_accesses()),
                        only_for(false, column_space::not_wider_than_the_rows()),
                        only_for(false, column_space::not_higher_than_the_columns()),
                        {"the tiles in flight fit a thread's registers", fits_registers},
                        {"the sums of a block fit its shared memory", fits_shared_memory}};
  // The sweeps and what they say: docs/tune.md. Those are of long rows; of short ones several end in a block.
  kernel.prune_rules = {
      {"a block loads one tile at a time: one twice as large does better than two",
       [](const Variant& variant, const Workload& workload, const Chip& chip) {
         return !row_space::was_swept(workload, chip) || variant.number("stages") == 1;
       }},
      {"a block has at most 16 warps, and a thread loads 32 bytes of a tile at least, but in the smallest tiles",
       [](const Variant& variant, const Workload& workload, const Chip& chip) {
         return !row_space::was_swept(workload, chip) ||
                (variant.number("warps") <= 16 &&
                 (row_space::thread_bytes(variant, workload) >= 32 ||
                  row_space::tile_bytes(variant, workload) <= row_space::kSmallestTileBytes));
       }},
  };
  kernel.apart_from_usual = apart_from_usual;
  kernel.launches = launches;
  kernel.workspace_bytes = workspace_bytes;
  kernel.estimate = estimate;
  return kernel;
}

}  // namespace scantune
