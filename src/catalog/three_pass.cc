#include "catalog/families.h"
#include "catalog/row_space.h"
#include "catalog/rows.h"
#include "three_pass.launch.h"

namespace scantune {
namespace {

ThreePassParams params(const Variant& variant) {
  return {static_cast<int>(variant.number("tile")), static_cast<int>(variant.number("warps")),
          static_cast<int>(variant.number("stages"))};
}

int element_bytes(const Workload& workload) { return static_cast<int>(size_bytes(workload.dtype)); }

int accumulator_bytes(const Workload& workload) { return static_cast<int>(size_bytes(workload.accumulator)); }

bool fits_registers(const Variant& variant, const Workload& workload, const Chip& chip) {
  const ThreePassParams p = params(variant);
  return three_pass_registers(p, element_bytes(workload)) <= row_space::register_limit(p.warps * kWarpThreads, chip);
}

std::vector<Launch> launches(const Variant& variant, const Workload& workload, const Chip& /*chip*/) {
  const Geometry g = workload.geometry();
  const LaunchDims tiles = three_pass_tiles_launch(g.outer, g.n, params(variant));
  const LaunchDims rows = three_pass_prefix_launch(g.outer, params(variant));
  const ThreePassParams p = params(variant);
  const std::string settings = fmt::format("{}, {}, {}", p.tile, p.warps, p.stages);
  return {row_space::launch("block_sums", settings, workload, tiles),
          row_space::launch("block_prefix", settings, workload, rows),
          row_space::launch("cumsum_with_prefix", settings, workload, tiles)};
}

int64_t workspace_bytes(const Variant& variant, const Workload& workload, const Chip& /*chip*/) {
  const Geometry g = workload.geometry();
  return three_pass_workspace_bytes(g.outer, g.n, params(variant), accumulator_bytes(workload));
}

ResourceEstimate estimate(const Variant& variant, const Workload& workload, const Chip& /*chip*/) {
  const ThreePassParams p = params(variant);
  return {.registers_per_thread = three_pass_registers(p, element_bytes(workload)),
          .shared_bytes_per_block = three_pass_static_shared_bytes(p, accumulator_bytes(workload)),
          .bytes_in_flight_per_block = int64_t{p.tile} * p.stages * element_bytes(workload)};
}

}  // namespace

Kernel three_pass_kernel() {
  Kernel kernel;
  kernel.name = "three_pass";
  kernel.summary = "block sums, their prefix, cumsum with prefix: three launches that read the input twice";
  kernel.backend = Backend::cuda;
  kernel.baseline = true;
  kernel.sources = row_space::sources("three_pass");
  kernel.refuses = rows::refuses;
  kernel.space = [](const Workload& workload, const Chip& /*chip*/) {
    return Space{{row_space::tile(row_space::tiles_of({row_space::kSmallestTileBytes, 8192, 16384, 32768}, workload)),
                  row_space::warps({4, 8, 16, 32}),
                  row_space::stages("tiles a block loads at once, into registers", {1, 2, 3})}};
  };
  kernel.constraints = {row_space::warps_are_a_power_of_two(),
                        row_space::tile_is_whole_accesses(),
                        row_space::at_most_32_stages(),
                        row_space::not_wider_than_the_row(),
                        {"the tiles in flight fit a thread's registers", fits_registers}};
  // The sweeps and what they say: docs/tune.md. Those are of long rows; of short ones several end in a block.
  kernel.sweep_rules = {
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
  kernel.launches = launches;
  kernel.workspace_bytes = workspace_bytes;
  kernel.estimate = estimate;
  return kernel;
}

}  // namespace scantune
