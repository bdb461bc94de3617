#include <algorithm>

#include "catalog/families.h"
#include "catalog/row_space.h"
#include "catalog/rows.h"
#include "short_row.launch.h"

namespace scantune {
namespace {

constexpr int64_t kLongestRow = 8192;

ShortRowParams params(const Variant& variant) {
  return {static_cast<int>(variant.number("vectors")), static_cast<int>(variant.number("warps"))};
}

int element_bytes(const Workload& workload) { return static_cast<int>(size_bytes(workload.dtype)); }

// What a warp loads at once.
int64_t capacity(const Variant& variant, const Workload& workload) {
  return variant.number("vectors") * kWarpThreads * kAccessBytes / element_bytes(workload);
}

std::string refuses(const Workload& workload, const Chip& chip) {
  if (workload.geometry().n > kLongestRow) {
    return fmt::format("its rows have at most {} elements", kLongestRow);
  }
  return rows::refuses(workload, chip);
}

Space space(const Workload& /*workload*/, const Chip& /*chip*/) {
  return {{{"vectors", "16-byte accesses that a thread loads at once", rows::values({1, 2, 4, 8, 12, 16})},
           row_space::warps({1, 2, 4, 8, 16})}};
}

std::vector<Launch> launches(const Variant& variant, const Workload& workload, const Chip& /*chip*/) {
  const ShortRowParams p = params(variant);
  const Geometry g = workload.geometry();
  return {row_space::launch("short_row", fmt::format("{}, {}", p.vectors, p.warps), workload,
                            short_row_launch(g.outer, g.n, p, element_bytes(workload)))};
}

ResourceEstimate estimate(const Variant& variant, const Workload& workload, const Chip& /*chip*/) {
  const ShortRowParams p = params(variant);
  const int64_t stretch = short_row_rows(workload.geometry().n, p, element_bytes(workload)) * workload.geometry().n;
  return {
      .registers_per_thread = short_row_registers(p, element_bytes(workload)),
      .shared_bytes_per_block = 0,
      .bytes_in_flight_per_block = p.warps * std::min(stretch, capacity(variant, workload)) * element_bytes(workload)};
}

bool fits_registers(const Variant& variant, const Workload& workload, const Chip& chip) {
  return estimate(variant, workload, chip).registers_per_thread <=
         row_space::register_limit(params(variant).warps * kWarpThreads, chip);
}

}  // namespace

Kernel short_row_kernel() {
  Kernel kernel;
  kernel.name = "short_row";
  kernel.summary = "several rows a warp, read as one run of memory wherever rows end: one pass, no barrier";
  kernel.backend = Backend::cuda;
  kernel.sources = row_space::sources("short_row");
  kernel.refuses = refuses;
  kernel.space = space;
  kernel.constraints = {{"a block has 1 to 32 warps, and a thread loads 1 to 32 times 16 bytes",
                         [](const Variant& variant, const Workload& /*workload*/, const Chip& /*chip*/) {
                           const int64_t warps = variant.number("warps");
                           const int64_t vectors = variant.number("vectors");
                           return warps >= 1 && warps <= 32 && vectors >= 1 && vectors <= 32;
                         }},
                        {"a warp loads no more than twice the row at once, unless it is the least it can",
                         [](const Variant& variant, const Workload& workload, const Chip& /*chip*/) {
                           // Several short rows fill any warp, a long one may leave most of it empty.
                           const int64_t n = workload.geometry().n;
                           return variant.number("vectors") == 1 || capacity(variant, workload) < 2 * n ||
                                  capacity(variant, workload) / n >= 2;
                         }},
                        {"a warp walks a row in at most four steps",
                         [](const Variant& variant, const Workload& workload, const Chip& /*chip*/) {
                           return workload.geometry().n <= 4 * capacity(variant, workload);
                         }},
                        {"what a thread loads fits its registers", fits_registers}};
  kernel.launches = launches;
  kernel.workspace_bytes = [](const Variant&, const Workload&, const Chip&) { return int64_t{0}; };
  kernel.estimate = estimate;
  return kernel;
}

}  // namespace scantune
