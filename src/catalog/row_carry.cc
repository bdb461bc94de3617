#include "catalog/families.h"
#include "catalog/row_space.h"
#include "catalog/rows.h"
#include "row_carry.launch.h"

namespace scantune {
namespace {

RowCarryParams params(const Variant& variant) { return row_space::params<RowCarryParams>(variant); }

int element_bytes(const Workload& workload) { return static_cast<int>(size_bytes(workload.dtype)); }

bool fits_registers(const Variant& variant, const Workload& workload, const Chip& chip) {
  const RowCarryParams p = params(variant);
  return row_carry_registers(p, element_bytes(workload)) <= row_space::register_limit(p.warps * kWarpThreads, chip);
}

ResourceEstimate estimate(const Variant& variant, const Workload& workload, const Chip& /*chip*/) {
  const RowCarryParams p = params(variant);
  return {
      .registers_per_thread = row_carry_registers(p, element_bytes(workload)),
      .shared_bytes_per_block = row_carry_static_shared_bytes(p, static_cast<int>(size_bytes(workload.accumulator))),
      .bytes_in_flight_per_block = int64_t{p.tile} * p.stages * element_bytes(workload)};
}

}  // namespace

Kernel row_carry_kernel() {
  Kernel kernel;
  kernel.name = "row_carry";
  kernel.summary = "one block a row, tiles from right to left, the running sum carried: one pass";
  kernel.backend = Backend::cuda;
  kernel.sources = row_space::sources("row_carry");
  kernel.refuses = rows::refuses;
  kernel.space = [](const Workload& /*workload*/, const Chip& /*chip*/) {
    return row_space::space({1024, 2048, 4096, 8192, 16384, 32768});
  };
  kernel.constraints = {row_space::enough_vectors(),
                        row_space::not_wider_than_the_row(),
                        {"the tiles in flight fit a thread's registers", fits_registers}};
  kernel.launches = [](const Variant& variant, const Workload& workload, const Chip& /*chip*/) {
    return std::vector<Launch>{row_space::launch("row_carry", variant, workload,
                                                 row_carry_launch(workload.geometry().outer, params(variant)))};
  };
  kernel.workspace_bytes = [](const Variant&, const Workload&, const Chip&) { return int64_t{0}; };
  kernel.estimate = estimate;
  return kernel;
}

}  // namespace scantune
