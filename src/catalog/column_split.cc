#include <algorithm>

#include "catalog/column_space.h"
#include "catalog/families.h"
#include "catalog/row_space.h"
#include "catalog/rows.h"
#include "column_split.launch.h"

namespace scantune {
namespace {

int element_bytes(const Workload& workload) { return static_cast<int>(size_bytes(workload.dtype)); }

int accumulator_bytes(const Workload& workload) { return static_cast<int>(size_bytes(workload.accumulator)); }

ColumnSplitCounts counts(const Variant& variant, const Workload& workload) {
  const Geometry g = workload.geometry();
  return column_split_counts(g.outer, g.n, g.inner, column_space::tile(variant, workload), element_bytes(workload));
}

Space space(const Workload& workload, const Chip& /*chip*/) {
  return {{column_space::columns(workload),
           column_space::warps(workload),
           column_space::rows(workload),
           {"stages", "tiles of a block whose loads are under way at once", rows::values({1})},
           column_space::blocks(workload)}};
}

ResourceEstimate estimate(const Variant& variant, const Workload& workload, const Chip& /*chip*/) {
  constexpr int kRowsBelow = 2;  // of the tiles and of the groups
  const ColumnTileParams p = column_space::tile(variant, workload);
  return {.registers_per_thread = columns_registers(p, element_bytes(workload)),
          .shared_bytes_per_block =
              columns_levels_bytes(p, element_bytes(workload), accumulator_bytes(workload), kRowsBelow) + kAccessBytes,
          .bytes_in_flight_per_block = column_space::tile_bytes(variant, workload)};
}

std::vector<Launch> launches(const Variant& variant, const Workload& workload, const Chip& chip) {
  const ColumnTileParams p = column_space::tile(variant, workload);
  const Geometry g = workload.geometry();
  const std::string settings = column_space::settings(variant, workload);
  const int64_t words =
      column_split_words(g.outer, g.n, g.inner, p, element_bytes(workload), accumulator_bytes(workload));
  const int64_t resident = int64_t{std::max(1, chip.multiprocessors)} * variant.number("blocks");
  constexpr int kResetThreads = 256;
  std::vector<Launch> launches = {
      row_space::launch("column_split_reset", settings, workload,
                        {grid_for(ceil_div(1 + words, kResetThreads)), kResetThreads, 0}),
      row_space::launch(
          "column_split", fmt::format("{}, {}, {}", settings, variant.number("stages"), variant.number("blocks")),
          workload, {std::min<int64_t>(counts(variant, workload).tiles, resident), p.warps * kWarpThreads, 0})};
  launches.back().overlaps = true;
  return launches;
}

}  // namespace

Kernel column_split_kernel() {
  Kernel kernel;
  kernel.name = "column_split";
  kernel.summary = "tiles of columns by tickets, what lies below looked up in groups of their sums: one pass";
  kernel.backend = Backend::cuda;
  kernel.sources = column_space::sources("column_split", {"status.cuh"});
  kernel.refuses = column_space::refuses;
  kernel.space = space;
  kernel.constraints = {column_space::tile_is_possible(),
                        column_space::blocks_are_possible(),
                        {"there are 1 to 4 stages",
                         [](const Variant& variant, const Workload& /*workload*/, const Chip& /*chip*/) {
                           return variant.number("stages") >= 1 && variant.number("stages") <= 4;
                         }},
                        column_space::row_of_accesses(),
                        {"a thread hands on the sums of at most one column",
                         [](const Variant& variant, const Workload& workload, const Chip& /*chip*/) {
                           const ColumnTileParams p = column_space::tile(variant, workload);
                           return p.columns <= p.warps * kWarpThreads;
                         }},
                        column_space::not_wider_than_the_rows(),
                        column_space::not_higher_than_the_columns(),
                        {"strips are fewer than the blocks that the GPU holds: more hand their carries up well enough",
                         [](const Variant& variant, const Workload& workload, const Chip& chip) {
                           const Geometry g = workload.geometry();
                           return g.outer * columns_strips(g.inner, column_space::tile(variant, workload)) <
                                  variant.number("blocks") * std::max(1, chip.multiprocessors);
                         }},
                        {"there are fewer than 2^31 tiles",
                         [](const Variant& variant, const Workload& workload, const Chip& /*chip*/) {
                           return counts(variant, workload).tiles < kMaxGridBlocks;
                         }},
                        {"the rows in flight fit a thread's registers",
                         [](const Variant& variant, const Workload& workload, const Chip& chip) {
                           return column_space::fits_registers(estimate(variant, workload, chip).registers_per_thread,
                                                               column_space::tile(variant, workload),
                                                               static_cast<int>(variant.number("blocks")), chip);
                         }},
                        {"the column sums of a block fit its shared memory",
                         [](const Variant& variant, const Workload& workload, const Chip& chip) {
                           return column_space::fits_shared_memory(
                               estimate(variant, workload, chip).shared_bytes_per_block,
                               static_cast<int>(variant.number("blocks")), chip);
                         }}};
  kernel.launches = launches;
  kernel.workspace_bytes = [](const Variant& variant, const Workload& workload, const Chip&) -> int64_t {
    const Geometry g = workload.geometry();
    return column_split_workspace_bytes(g.outer, g.n, g.inner, column_space::tile(variant, workload),
                                        element_bytes(workload), accumulator_bytes(workload));
  };
  kernel.estimate = estimate;
  return kernel;
}

}  // namespace scantune
