#include "catalog/row_space.h"

#include <algorithm>

#include "catalog/embedded.h"
#include "catalog/rows.h"

namespace scantune::row_space {
namespace {

constexpr int kBulkCopies = 90;  // the compute capability they come with

}  // namespace

std::vector<Value> tiles_of(const std::vector<int64_t>& bytes, const Workload& workload) {
  std::vector<Value> elements;
  elements.reserve(bytes.size());
  for (const int64_t size : bytes) {
    elements.emplace_back(size / size_bytes(workload.dtype));
  }
  return elements;
}

Param tile(std::vector<Value> elements) { return {"tile", "elements a block scans at a time", std::move(elements)}; }

Param warps(const std::vector<int64_t>& warps) { return {"warps", "warps a block", rows::values(warps)}; }

Param stages(std::string summary, const std::vector<int64_t>& stages) {
  return {"stages", std::move(summary), rows::values(stages)};
}

Storage storage(const Variant& variant) {
  const std::string& word = variant.word("storage");
  return word == "bulk" ? Storage::bulk : word == "async" ? Storage::async : Storage::registers;
}

Param storage(const std::vector<std::string>& kinds, const Chip& chip) {
  Param param{"storage",
              "where tiles are while they are loaded: registers, or shared memory by cp.async or bulk copy",
              {},
              kinds};
  for (const std::string& kind : kinds) {
    if (kind != "bulk" || chip.compute_capability >= kBulkCopies) {
      param.values.emplace_back(kind);
    }
  }
  return param;
}

std::vector<SourceFile> sources(const std::string& family, const std::vector<std::string>& others) {
  std::vector<std::string> files = {family + ".cuh", family + ".launch.h", "scan.cuh", "device.cuh", "launch.h"};
  files.insert(files.end(), others.begin(), others.end());
  return embedded(files);
}

Constraint warps_are_a_power_of_two() {
  return {"warps are a power of two up to 32",
          [](const Variant& variant, const Workload& /*workload*/, const Chip& /*chip*/) {
            const int64_t warps = variant.number("warps");
            return warps >= 1 && warps <= 32 && (warps & (warps - 1)) == 0;
          }};
}

Constraint tile_is_whole_accesses() {
  return {"a tile is a multiple of 512 bytes a warp, 16 a thread, and at most 1 MiB",
          [](const Variant& variant, const Workload& workload, const Chip& /*chip*/) {
            constexpr int64_t kMostBytes = int64_t{1} << 20;
            const int64_t bytes = tile_bytes(variant, workload);
            return bytes >= 1 && bytes <= kMostBytes &&
                   bytes % (variant.number("warps") * kWarpThreads * kAccessBytes) == 0;
          }};
}

Constraint at_most_32_stages() {
  return {"there are 1 to 32 stages", [](const Variant& variant, const Workload& /*workload*/, const Chip& /*chip*/) {
            return variant.number("stages") >= 1 && variant.number("stages") <= 32;
          }};
}

Constraint storage_is_of_the_chip() {
  return {"bulk copies need sm_90", [](const Variant& variant, const Workload& /*workload*/, const Chip& chip) {
            return storage(variant) != Storage::bulk || chip.compute_capability >= kBulkCopies;
          }};
}

Constraint not_wider_than_the_row() {
  return {"a tile is no more than twice the row, unless it is the smallest",
          [](const Variant& variant, const Workload& workload, const Chip& /*chip*/) {
            const int64_t tile = variant.number("tile");
            return tile <= kSmallestTileBytes / size_bytes(workload.dtype) || tile < 2 * workload.geometry().n;
          }};
}

int register_limit(int block_threads, const Chip& chip) {
  constexpr int kAllocated = 128;  // threads: warps get registers four at a time, one of each scheduler
  const int threads = (block_threads + kAllocated - 1) / kAllocated * kAllocated;
  return std::min(chip.max_registers_per_thread, chip.registers_per_sm / threads / 8 * 8);
}

bool was_swept(const Workload& workload, const Chip& chip) {
  constexpr int64_t kLongRowBytes = int64_t{64} << 10;
  return chip.code_name == "GH100" && workload.geometry().inner == 1 &&
         workload.geometry().n * size_bytes(workload.dtype) >= kLongRowBytes;
}

int64_t tile_bytes(const Variant& variant, const Workload& workload) {
  return variant.number("tile") * size_bytes(workload.dtype);
}

int64_t thread_bytes(const Variant& variant, const Workload& workload) {
  return tile_bytes(variant, workload) / (variant.number("warps") * kWarpThreads);
}

bool fits_shared_memory(const ResourceEstimate& estimate, const Chip& chip) {
  return estimate.shared_bytes_per_block <= chip.shared_bytes_per_block;
}

Launch launch(const std::string& function, const std::string& settings, const Workload& workload,
              const LaunchDims& dims) {
  return {.entry = fmt::format("scantune::{}<{}, {}, {}>", function, cuda_type(workload.dtype),
                               cuda_type(workload.accumulator), settings),
          .grid_blocks = dims.grid_blocks,
          .block_threads = dims.block_threads,
          .shared_bytes = dims.shared_bytes,
          .overlaps = true};
}

}  // namespace scantune::row_space
