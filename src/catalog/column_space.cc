#include "catalog/column_space.h"

#include <algorithm>

#include "catalog/row_space.h"
#include "catalog/rows.h"

namespace scantune::column_space {
namespace {

constexpr int64_t kNarrowestBytes = 256;
constexpr int64_t kMostRows = 64;  // of a thread, as its accesses are unrolled

int element_bytes(const Workload& workload) { return static_cast<int>(size_bytes(workload.dtype)); }

// A block of the usual size would find itself with little to do.
bool small_matrices(const Workload& workload) {
  constexpr int64_t kSmallBytes = 65536;
  return workload.geometry().n * workload.geometry().inner * element_bytes(workload) <= kSmallBytes;
}

// Each twice the one before it, the last no more than there are; of narrow accesses a thread makes more.
std::vector<int64_t> rows_of_a_thread(const Workload& workload) {
  constexpr int64_t kFewest = 2;
  constexpr int kValues = 3;
  const int64_t wide = element_bytes(workload) < 4 ? 24 : 32;  // halves take more registers than they have bytes
  int64_t most = std::min(wide * kAccessBytes / access_bytes(workload), kMostRows);
  while (most > kFewest && most > workload.geometry().n) {
    most /= 2;
  }
  std::vector<int64_t> rows;
  for (int i = kValues - 1; i >= 0; --i) {
    const int64_t count = std::max(most >> i, kFewest);
    if (rows.empty() || rows.back() < count) {
      rows.push_back(count);
    }
  }
  return rows;
}

}  // namespace

int access_bytes(const Workload& workload) {
  return columns_access_bytes(workload.geometry().inner, element_bytes(workload),
                              static_cast<int>(size_bytes(workload.output_dtype())));
}

std::string refuses(const Workload& workload, const Chip& /*chip*/) {
  if (workload.geometry().inner == 1) {
    return "it sums along a dimension that is not the innermost (--dim 0, for one)";
  }
  return {};
}

Param columns(const Workload& workload) {
  constexpr int64_t kShort = 64;
  const std::vector<int64_t> bytes = workload.geometry().n > kShort ? std::vector<int64_t>{256, 512, 1024, 2048}
                                                                    : std::vector<int64_t>{256, 1024, 4096, 8192};
  return {"columns", "columns of a tile", row_space::tiles_of(bytes, workload)};
}

Param warps(const Workload& workload) {
  return row_space::warps(small_matrices(workload) ? std::vector<int64_t>{2, 4, 8} : std::vector<int64_t>{8, 16});
}

Param rows(const Workload& workload) {
  return {"rows", "rows of a tile that a thread holds in registers", rows::values(rows_of_a_thread(workload))};
}

Param blocks(const Workload& workload) {
  return {"blocks", "blocks that an SM holds at once",
          rows::values(small_matrices(workload) ? std::vector<int64_t>{2, 4, 8} : std::vector<int64_t>{1, 2})};
}

ColumnTileParams tile(const Variant& variant, const Workload& workload) {
  return {access_bytes(workload), static_cast<int>(variant.number("columns")),
          static_cast<int>(variant.number("warps")), static_cast<int>(variant.number("rows"))};
}

int64_t tile_bytes(const Variant& variant, const Workload& workload) {
  const ColumnTileParams p = tile(variant, workload);
  const Geometry g = workload.geometry();
  return std::min<int64_t>(p.columns, g.inner) * std::min<int64_t>(columns_tile_rows(p, element_bytes(workload)), g.n) *
         element_bytes(workload);
}

std::string settings(const Variant& variant, const Workload& workload) {
  const ColumnTileParams p = tile(variant, workload);
  return fmt::format("{}, {}, {}, {}", p.access, p.columns, p.warps, p.rows);
}

std::vector<SourceFile> sources(const std::string& family, const std::vector<std::string>& others) {
  std::vector<std::string> files = {"columns.cuh", "columns.launch.h"};
  files.insert(files.end(), others.begin(), others.end());
  return row_space::sources(family, files);
}

Constraint tile_is_possible() {
  return {"warps are a power of two up to 32, columns one of 16 bytes at least, and a thread holds 1 to 64 rows",
          [](const Variant& variant, const Workload& workload, const Chip& /*chip*/) {
            constexpr int64_t kMostColumns = 16384;  // one access a thread
            const int64_t warps = variant.number("warps");
            const int64_t columns = variant.number("columns");
            const int64_t rows = variant.number("rows");
            const auto power_of_two = [](int64_t value) { return value >= 1 && (value & (value - 1)) == 0; };
            return power_of_two(warps) && warps <= 32 && power_of_two(columns) && columns <= kMostColumns &&
                   columns * element_bytes(workload) >= kAccessBytes && rows >= 1 && rows <= kMostRows;
          }};
}

Constraint blocks_are_possible() {
  return {"an SM holds 1 to 32 blocks", [](const Variant& variant, const Workload& /*workload*/, const Chip& /*chip*/) {
            return variant.number("blocks") >= 1 && variant.number("blocks") <= 32;
          }};
}

Constraint row_of_accesses() {
  return {"a row of the tile is no wider than the block, one access a thread",
          [](const Variant& variant, const Workload& workload, const Chip& /*chip*/) {
            const ColumnTileParams p = tile(variant, workload);
            return columns_threads_across(p, element_bytes(workload)) <= p.warps * kWarpThreads;
          }};
}

Constraint not_wider_than_the_rows() {
  return {"a tile is less than twice as wide as the tensor's rows, unless it is the narrowest",
          [](const Variant& variant, const Workload& workload, const Chip& /*chip*/) {
            const int64_t columns = variant.number("columns");
            return columns * element_bytes(workload) <= kNarrowestBytes || columns < 2 * workload.geometry().inner;
          }};
}

Constraint not_higher_than_the_columns() {
  return {"a tile is less than twice as high as the tensor's columns, unless its threads hold the fewest rows",
          [](const Variant& variant, const Workload& workload, const Chip& /*chip*/) {
            const ColumnTileParams p = tile(variant, workload);
            return p.rows == rows_of_a_thread(workload).front() ||
                   columns_tile_rows(p, element_bytes(workload)) < 2 * workload.geometry().n;
          }};
}

bool fits_registers(int registers, const ColumnTileParams& tile, int blocks, const Chip& chip) {
  const int threads = tile.warps * kWarpThreads * blocks;
  return threads <= chip.max_threads_per_sm && registers <= row_space::register_limit(threads, chip);
}

bool fits_shared_memory(int64_t bytes, int blocks, const Chip& chip) {
  constexpr int64_t kMostDeclared = 49152;  // more must be dynamic
  constexpr int64_t kReservedBytes = 1024;  // by the driver, for each block
  return bytes <= kMostDeclared && blocks * (bytes + kReservedBytes) <= chip.shared_bytes_per_sm;
}

}  // namespace scantune::column_space
