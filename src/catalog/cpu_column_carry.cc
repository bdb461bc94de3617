#include "catalog/cpu_space.h"
#include "catalog/families.h"
#include "catalog/rows.h"

namespace scantune {
namespace {

constexpr int64_t kNarrowest = 256;

Space space(const Workload& /*workload*/, const Chip& chip) {
  return {{{"strip", "columns that a thread sums side by side", rows::values({kNarrowest, 1024, 4096})},
           cpu_space::threads(chip),
           cpu_space::store(chip)}};
}

}  // namespace

Kernel cpu_column_carry_kernel() {
  Kernel kernel;
  kernel.name = "cpu_column_carry";
  kernel.summary = "strips of columns to a thread, from the last line up, a running sum a column: one pass";
  kernel.backend = Backend::cpu;
  kernel.sources = cpu_space::sources("column_carry");
  kernel.refuses = cpu_space::refuses_rows;
  kernel.space = space;
  kernel.constraints = {
      {"a strip is a multiple of 16 columns", [](const Variant& variant, const Workload& /*workload*/,
                                                 const Chip& /*chip*/) { return variant.number("strip") % 16 == 0; }},
      cpu_space::threads_are_there(),
      {"a strip is not much wider than a line, or the narrowest",
       [](const Variant& variant, const Workload& workload, const Chip& /*chip*/) {
         const int64_t strip = variant.number("strip");
         return strip == kNarrowest || strip < 4 * workload.geometry().inner;
       }},
      {"every thread has a strip of a slab",
       [](const Variant& variant, const Workload& workload, const Chip& /*chip*/) {
         const Geometry g = workload.geometry();
         const int64_t strip = variant.number("strip");
         return g.outer * ((g.inner + strip - 1) / strip) >= variant.number("threads");
       }},
      cpu_space::enough_work(),
      cpu_space::enough_threads(),
  };
  return kernel;
}

}  // namespace scantune
