#include "catalog/cpu_space.h"

#include <algorithm>

#include "catalog/embedded.h"
#include "catalog/rows.h"

namespace scantune::cpu_space {
namespace {

constexpr int64_t kElementsAThread = int64_t{1} << 15;
constexpr int64_t kElementsForTwo = int64_t{1} << 20;
constexpr int64_t kCommonUnroll = 4;

}  // namespace

Param tile(std::string summary, const std::vector<int64_t>& elements) {
  return {"tile", std::move(summary), rows::values(elements)};
}

Param threads(const Chip& chip) {
  const auto cpus = static_cast<int64_t>(chip.multiprocessors);
  std::vector<int64_t> counts = {cpus, std::max<int64_t>(1, cpus / 2), 1};
  counts.erase(std::unique(counts.begin(), counts.end()), counts.end());
  return {"threads", "threads that share the work", rows::values(counts)};
}

// Of the types other than f32 only 4 is compiled: with all three values the kernels' code would be twice as large. For
// f32, 8 instead of 4 is worth some 5% where data is in the cache, and less where it comes from memory.
Param unroll(const Workload& workload, const std::vector<int64_t>& vectors) {
  return {"unroll", "vectors scanned at once",
          rows::values(workload.dtype == DType::f32 ? vectors : std::vector{kCommonUnroll})};
}

Param store(const Chip& chip) {
  // Without non-temporal stores both would be the same.
  const bool streams = chip.code_name != "generic";
  return {"store",
          "cached, or streaming: past the caches",
          streams ? std::vector<Value>{"streaming", "cached"} : std::vector<Value>{"cached"},
          {"streaming", "cached"}};
}

Constraint tile_is_whole_vectors() {
  return {"a tile is a multiple of 16 elements, and 1024 at least",
          [](const Variant& variant, const Workload& /*workload*/, const Chip& /*chip*/) {
            return variant.number("tile") >= 1024 && variant.number("tile") % 16 == 0;
          }};
}

Constraint threads_are_there() {
  return {"there are no more threads than CPUs",
          [](const Variant& variant, const Workload& /*workload*/, const Chip& chip) {
            return variant.number("threads") >= 1 && variant.number("threads") <= chip.multiprocessors;
          }};
}

Constraint unroll_is_compiled() {
  return {"unroll is 2, 4 or 8 for f32, and 4 for the other types",
          [](const Variant& variant, const Workload& workload, const Chip& /*chip*/) {
            const int64_t unroll = variant.number("unroll");
            return unroll == kCommonUnroll || (workload.dtype == DType::f32 && (unroll == 2 || unroll == 8));
          }};
}

Constraint enough_work() {
  return {"a thread has at least 32768 elements",
          [](const Variant& variant, const Workload& workload, const Chip& /*chip*/) {
            const int64_t threads = variant.number("threads");
            return threads == 1 || workload.elements() / threads >= kElementsAThread;
          }};
}

Constraint enough_threads() {
  return {"from 2^20 elements on there is more than one thread",
          [](const Variant& variant, const Workload& workload, const Chip& chip) {
            return variant.number("threads") > 1 || chip.multiprocessors == 1 || workload.elements() < kElementsForTwo;
          }};
}

std::string refuses_types(const Workload& workload, const Chip& /*chip*/) {
  const auto possible = check_accumulator(workload.dtype, workload.accumulator);
  return possible ? std::string() : possible.error().message;
}

std::string refuses_columns(const Workload& workload, const Chip& chip) {
  std::string types = refuses_types(workload, chip);
  if (types.empty() && workload.geometry().inner != 1) {
    return "it sums along the innermost dimension only (--dim -1)";
  }
  return types;
}

std::string refuses_rows(const Workload& workload, const Chip& chip) {
  std::string types = refuses_types(workload, chip);
  if (types.empty() && workload.geometry().inner == 1) {
    return "it does not sum along the innermost dimension";
  }
  return types;
}

std::vector<SourceFile> sources(const std::string& family) {
  return embedded({"cpu/" + family + ".cc", "cpu/families.h", "cpu/chain.h", "cpu/column_tiles.cc", "cpu/leaves.h",
                   "cpu/leaves.cc", "cpu/scan.h", "cpu/columns.h", "cpu/elements.h", "cpu/vector.h",
                   "cpu/leaf_tables.cc", "cpu/team.h", "cpu/team.cc"});
}

}  // namespace scantune::cpu_space
