// The CPU kernels: reverse cumulative sums along the middle dimension of an outer x n x inner tensor,
//   out[o, i, k] = in[o, i, k] + in[o, i+1, k] + ... + in[o, n-1, k],
// contiguous, `in` and `out` not overlapping. Each family lies in the file of its name, which says how
// it works. No extent is too short or too long, and tensors need no more alignment than their elements.
// The order of additions depends on the tuning and on the alignment of `out`, and on nothing else: the
// same bits every run, however the threads are scheduled.
#pragma once

#include <algorithm>
#include <atomic>
#include <cstdint>
#include <memory>
#include <vector>

#include "cpu/leaves.h"
#include "cpu/team.h"

namespace scantune::cpu {

// Rows are what is summed; a slab is n lines of `inner` elements, one for each row.
struct Tensor {
  const void* in;
  void* out;
  TypePair types;
  int64_t outer;
  int64_t n;
  int64_t inner;

  [[nodiscard]] int64_t lines() const { return outer * n; }
  [[nodiscard]] int64_t elements() const { return lines() * inner; }
};

struct Tuning {
  int64_t tile = 0;            // elements; what a tile is, each family says
  int threads = 1;             // at most the team's workers
  int unroll = kCommonUnroll;  // vectors scanned at once: one of kUnrolls; rows only
  Store store = Store::streaming;
  Ahead prefetch = Ahead::falling;  // row_carry: falling or rising
};

// Memory a family keeps from run to run: O(tiles). Grows as needed; contents mean nothing between runs.
struct TileState {
  std::atomic<uint32_t> ready{0};  // the run whose sum this is
  Sum sum{};
};
struct Workspace {
  struct alignas(64) Line {
    std::byte bytes[64];
  };
  std::vector<Sum> sums;
  std::vector<Line> column_sums;
  std::unique_ptr<TileState[]> tiles;
  int64_t tile_count = 0;
  uint32_t run = 0;
};

// A family of rows needs inner = 1, a family of columns inner > 1; two_pass does both.
using Family = void (*)(const Leaves&, Team&, const Tensor&, const Tuning&, Workspace&);
void two_pass(const Leaves& leaves, Team& team, const Tensor& tensor, const Tuning& tuning, Workspace& workspace);
void row_carry(const Leaves& leaves, Team& team, const Tensor& tensor, const Tuning& tuning, Workspace& workspace);
void tile_chain(const Leaves& leaves, Team& team, const Tensor& tensor, const Tuning& tuning, Workspace& workspace);
void column_carry(const Leaves& leaves, Team& team, const Tensor& tensor, const Tuning& tuning, Workspace& workspace);
void column_chain(const Leaves& leaves, Team& team, const Tensor& tensor, const Tuning& tuning, Workspace& workspace);

// What a family's workspace may come to for a tensor of these extents, in bytes.
int64_t workspace_bytes(int64_t outer, int64_t n, int64_t inner, int accumulator_bytes);

// The leaf that a tuning asks for; null where the types have no such unroll.
ScanLeaves::Scan scan_leaf(const ScanLeaves& leaves, const Tuning& tuning, Ahead ahead);

inline const ScanLeaves& scans(const Leaves& leaves, const Tensor& tensor) {
  return leaves.scans[static_cast<int>(tensor.types)];
}

// The end of the row that flat element `element` lies in, where inner is 1.
inline int64_t row_end(const Tensor& tensor, int64_t element) { return element - element % tensor.n + tensor.n; }

// A tensor with inner > 1 in tiles: some lines of some columns. Columns are cut in strips, slabs in levels of
// `height` lines from their beginning; where a slab is a single level, a tile is that strip of several slabs.
struct ColumnTiles {
  const Tensor& tensor;
  int64_t width;   // of a strip, in columns
  int64_t height;  // of a level, in lines
  int64_t slabs;   // of a tile

  [[nodiscard]] int64_t strips() const { return (tensor.inner + width - 1) / width; }
  [[nodiscard]] int64_t levels() const { return (tensor.n + height - 1) / height; }
  [[nodiscard]] int64_t count() const { return (tensor.outer + slabs - 1) / slabs * levels() * strips(); }

  // A place in the order of work: slabs from the last, in each levels from the bottom, in each strip by strip.
  struct Place {
    int64_t slab;  // the first of the tile
    int64_t level;
    int64_t strip;
  };
  [[nodiscard]] Place place(int64_t ticket) const;
  [[nodiscard]] ColumnBlock block(const Place& place, void* sums) const;
};

// Tiles of some `tile` elements: lines of at most 256 columns, as many as are fetched well from memory, but so many
// lines that a tile's sums, one a column, are little beside it.
ColumnTiles low_tiles(const Tensor& tensor, int64_t tile);

// Where low tiles keep a sum a column: one for each level of a slab but the topmost.
class ColumnSums {
 public:
  ColumnSums(const ColumnTiles& tiles, int accumulator_bytes, Workspace& workspace);
  // From the strip's first column on.
  [[nodiscard]] std::byte* of(const ColumnTiles::Place& place) const;

 private:
  const ColumnTiles& tiles_;
  const int64_t accumulator_bytes_;
  std::byte* memory_;
};

}  // namespace scantune::cpu
