// The CPU kernels: reverse cumulative sums along the innermost dimension of a matrix,
//   out[row, i] = in[row, i] + in[row, i+1] + ... + in[row, n-1]
// of `rows` rows of `n` floats, contiguous, `in` and `out` not overlapping. Each family lies in the
// file of its name, which says how it works. No row is too short or too long, none need be aligned.
// The order of additions depends on the tuning and on the alignment of `out`, and on nothing else: the
// same bits every run, however the threads are scheduled.
#pragma once

#include <cstdint>
#include <vector>

#include "cpu/leaves.h"
#include "cpu/team.h"

namespace scantune::cpu {

struct Matrix {
  const float* in;
  float* out;
  int64_t rows;
  int64_t n;

  [[nodiscard]] int64_t elements() const { return rows * n; }
};

struct Tuning {
  int64_t tile = 0;  // elements; what a tile is, each family says
  int threads = 1;   // at most the team's workers
  int unroll = 4;    // vectors scanned at once: one of kUnrolls
  Store store = Store::streaming;
  Ahead prefetch = Ahead::falling;  // row_carry: falling or rising
};

// Memory a family keeps from run to run: O(tiles). Grows as needed; contents mean nothing between runs.
struct TileState {
  std::atomic<uint32_t> ready{0};  // the run whose sum this is
  float sum = 0;
};
struct Workspace {
  std::vector<float> sums;
  std::unique_ptr<TileState[]> tiles;
  int64_t tile_count = 0;
  uint32_t run = 0;
};

void two_pass(const Leaves& leaves, Team& team, const Matrix& matrix, const Tuning& tuning, Workspace& workspace);
void row_carry(const Leaves& leaves, Team& team, const Matrix& matrix, const Tuning& tuning, Workspace& workspace);
void tile_chain(const Leaves& leaves, Team& team, const Matrix& matrix, const Tuning& tuning, Workspace& workspace);

// The leaf that a tuning asks for.
ScanLeaves<float>::Scan scan_leaf(const Leaves& leaves, const Tuning& tuning, Ahead ahead);

// The end of the row that flat element `element` lies in.
inline int64_t row_end(const Matrix& matrix, int64_t element) { return element - element % matrix.n + matrix.n; }

}  // namespace scantune::cpu
