#include "catalog/cpu_space.h"

#include <algorithm>

#include "catalog/embedded.h"
#include "catalog/rows.h"

namespace scantune::cpu_space {
namespace {

constexpr int64_t kElementsAThread = int64_t{1} << 15;
constexpr int64_t kElementsForTwo = int64_t{1} << 20;

}  // namespace

std::string refuses(const Workload& workload, const Chip& chip) {
  if (workload.dtype != DType::f32 || workload.accumulator != DType::f32) {
    return "it does f32 only (--dtype f32)";
  }
  return rows::refuses(workload, chip);
}

Param tile(std::string summary, const std::vector<int64_t>& elements) {
  return {"tile", std::move(summary), rows::values(elements)};
}

Param threads(const Chip& chip) {
  const auto cpus = static_cast<int64_t>(chip.multiprocessors);
  std::vector<int64_t> counts = {cpus, std::max<int64_t>(1, cpus / 2), 1};
  counts.erase(std::unique(counts.begin(), counts.end()), counts.end());
  return {"threads", "threads that share the work", rows::values(counts)};
}

Param unroll(const std::vector<int64_t>& vectors) {
  return {"unroll", "vectors scanned at once", rows::values(vectors)};
}

Param store(const Chip& chip) {
  // Without non-temporal stores both would be the same.
  const bool streams = chip.code_name != "generic";
  return {"store", "cached, or streaming: past the caches",
          streams ? std::vector<Value>{"streaming", "cached"} : std::vector<Value>{"cached"}};
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

std::vector<SourceFile> sources(const std::string& family) {
  return embedded({"cpu/" + family + ".cc", "cpu/families.h", "cpu/leaves.h", "cpu/leaves.cc", "cpu/scan.h",
                   "cpu/vector.h", "cpu/leaf_tables.cc", "cpu/team.h", "cpu/team.cc"});
}

}  // namespace scantune::cpu_space
