#include "catalog/row_space.h"

#include <algorithm>

#include "catalog/embedded.h"
#include "catalog/rows.h"

namespace scantune::row_space {

Space space(const std::vector<int64_t>& tiles) {
  return {{{"tile", "elements a block scans at a time", rows::values(tiles)},
           {"warps", "warps a block", rows::values({4, 8, 16, 32})},
           {"stages", "tiles whose loads are in flight at once, in registers", rows::values({1, 2, 3})}}};
}

std::vector<SourceFile> sources(const std::string& family) {
  return embedded({family + ".cuh", family + ".launch.h", "scan.cuh", "device.cuh", "launch.h"});
}

Constraint enough_vectors() {
  return {"every thread loads at least 16 bytes of a tile",
          [](const Variant& variant, const Workload& workload, const Chip& /*chip*/) {
            return tile_vectors_per_thread(static_cast<int>(variant.number("tile")),
                                           static_cast<int>(variant.number("warps")),
                                           static_cast<int>(size_bytes(workload.dtype))) >= 1;
          }};
}

Constraint not_wider_than_the_row() {
  return {"a tile is no more than twice the row, unless it is the smallest",
          [](const Variant& variant, const Workload& workload, const Chip& /*chip*/) {
            constexpr int64_t kSmallest = 1024;
            const int64_t tile = variant.number("tile");
            return tile <= kSmallest || tile < 2 * workload.geometry().n;
          }};
}

int register_limit(int block_threads, const Chip& chip) {
  return std::min(chip.max_registers_per_thread, chip.registers_per_sm / block_threads / 8 * 8);
}

Launch launch(const std::string& function, const Variant& variant, const Workload& workload, const LaunchDims& dims) {
  return {.entry = fmt::format("scantune::{}<{}, {}, {}, {}, {}>", function, cuda_type(workload.dtype),
                               cuda_type(workload.accumulator), variant.number("tile"), variant.number("warps"),
                               variant.number("stages")),
          .grid_blocks = dims.grid_blocks,
          .block_threads = dims.block_threads,
          .shared_bytes = dims.shared_bytes};
}

}  // namespace scantune::row_space
