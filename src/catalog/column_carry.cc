#include <algorithm>

#include "catalog/column_space.h"
#include "catalog/families.h"
#include "catalog/row_space.h"
#include "catalog/rows.h"
#include "column_carry.launch.h"

namespace scantune {
namespace {

int element_bytes(const Workload& workload) { return static_cast<int>(size_bytes(workload.dtype)); }

int accumulator_bytes(const Workload& workload) { return static_cast<int>(size_bytes(workload.accumulator)); }

ColumnCarryParams params(const Variant& variant, const Workload& workload) {
  return {column_space::tile(variant, workload), static_cast<int>(variant.number("blocks")),
          static_cast<int>(variant.number("interleave"))};
}

Space space(const Workload& workload, const Chip& /*chip*/) {
  return {{column_space::columns(workload),
           column_space::warps(workload),
           column_space::rows(workload),
           column_space::blocks(workload),
           {"interleave", "tiles from one to the next above it, at least, in percent of the blocks that the GPU holds",
            rows::values({25, 50, 100})}}};
}

ResourceEstimate estimate(const Variant& variant, const Workload& workload, const Chip& /*chip*/) {
  const ColumnCarryParams p = params(variant, workload);
  return {.registers_per_thread = columns_registers(p.tile, element_bytes(workload)),
          .shared_bytes_per_block =
              column_carry_static_shared_bytes(p, element_bytes(workload), accumulator_bytes(workload)),
          .bytes_in_flight_per_block = column_space::tile_bytes(variant, workload)};
}

LaunchDims grid(const ColumnCarryParams& p, const Workload& workload, const Chip& chip) {
  const Geometry g = workload.geometry();
  return column_carry_launch(g.outer, g.n, g.inner, p, element_bytes(workload), std::max(1, chip.multiprocessors));
}

std::vector<Launch> launches(const Variant& variant, const Workload& workload, const Chip& chip) {
  const ColumnCarryParams p = params(variant, workload);
  const Geometry g = workload.geometry();
  const std::string settings = column_space::settings(variant, workload);
  return {row_space::launch("column_carry_reset", settings, workload,
                            column_carry_reset_launch(g.outer, g.n, g.inner, p.tile, element_bytes(workload),
                                                      accumulator_bytes(workload))),
          row_space::launch("column_carry", fmt::format("{}, {}, {}", settings, p.blocks, p.interleave), workload,
                            grid(p, workload, chip))};
}

// The least of the values that interleave all there is to interleave stands for those above it.
bool interleaves_what_there_is(const Variant& variant, const Workload& workload, const Chip& chip) {
  const ColumnCarryParams p = params(variant, workload);
  const Geometry g = workload.geometry();
  const std::vector<Value> values = space(workload, chip).find("interleave")->values;
  const auto it = std::ranges::find(values, Value{int64_t{p.interleave}});
  if (it == values.begin() || it == values.end()) {
    return true;
  }
  const int below = static_cast<int>(std::get<int64_t>(*std::prev(it)));
  return column_groups(static_cast<unsigned>(g.outer), static_cast<unsigned>(columns_strips(g.inner, p.tile)),
                       column_carry_apart(grid(p, workload, chip).grid_blocks, below)) > 1;
}

}  // namespace

Kernel column_carry_kernel() {
  Kernel kernel;
  kernel.name = "column_carry";
  kernel.summary = "tiles of columns by tickets, slab by slab from the bottom, a carry a column handed up: one pass";
  kernel.backend = Backend::cuda;
  kernel.sources = column_space::sources("column_carry", {"status.cuh"});
  kernel.refuses = column_space::refuses;
  kernel.space = space;
  kernel.constraints = {
      column_space::tile_is_possible(),
      column_space::blocks_are_possible(),
      {"interleave is 1000 percent at most",
       [](const Variant& variant, const Workload& /*workload*/, const Chip& /*chip*/) {
         return variant.number("interleave") >= 1 && variant.number("interleave") <= 1000;
       }},
      column_space::row_of_accesses(),
      column_space::not_wider_than_the_rows(),
      column_space::not_higher_than_the_columns(),
      {"there are fewer than 2^31 tiles",
       [](const Variant& variant, const Workload& workload, const Chip& /*chip*/) {
         const Geometry g = workload.geometry();
         return columns_tiles(g.outer, g.n, g.inner, column_space::tile(variant, workload), element_bytes(workload)) <=
                kColumnCarryMostTiles;
       }},
      {"the rows in flight fit a thread's registers",
       [](const Variant& variant, const Workload& workload, const Chip& chip) {
         const ColumnCarryParams p = params(variant, workload);
         return column_space::fits_registers(estimate(variant, workload, chip).registers_per_thread, p.tile, p.blocks,
                                             chip);
       }},
      {"the column sums of a block fit its shared memory",
       [](const Variant& variant, const Workload& workload, const Chip& chip) {
         return column_space::fits_shared_memory(estimate(variant, workload, chip).shared_bytes_per_block,
                                                 params(variant, workload).blocks, chip);
       }}};
  kernel.prune_rules = {{"there are more groups to interleave than with the value below", interleaves_what_there_is}};
  kernel.launches = launches;
  kernel.workspace_bytes = [](const Variant& variant, const Workload& workload, const Chip&) -> int64_t {
    const Geometry g = workload.geometry();
    return column_carry_workspace_bytes(g.outer, g.n, g.inner, column_space::tile(variant, workload),
                                        element_bytes(workload), accumulator_bytes(workload));
  };
  kernel.estimate = estimate;
  return kernel;
}

}  // namespace scantune
