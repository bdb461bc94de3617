// cpu_two_pass, the baseline: sums of tiles, then a scan of each tile with its prefix. Reads twice.
//
//   pass 1   | sum | sum | sum | sum |      all tiles at once, over all threads
//   between  <- a running sum over the tiles of a row: what lies to the right of each
//   pass 2   | scan+ | scan+ | scan+ |      all tiles at once again
//
// Tiles are cut from the flat matrix and cross the ends of rows: short rows and ragged ones make work
// of the same size as long ones. Of a tile that begins inside a row only the part up to that row's
// end is summed; one that begins with a row owes its left neighbour nothing.
#include <algorithm>

#include "cpu/families.h"

namespace scantune::cpu {

void two_pass(const Leaves& leaves, Team& team, const Matrix& matrix, const Tuning& tuning, Workspace& workspace) {
  const auto scan = scan_leaf(leaves, tuning, Ahead::falling);
  const int64_t elements = matrix.elements();
  const int64_t tiles = (elements + tuning.tile - 1) / tuning.tile;
  workspace.sums.resize(std::max(workspace.sums.size(), static_cast<size_t>(tiles)));
  std::vector<float>& sums = workspace.sums;
  const auto tile_end = [&](int64_t tile) { return std::min(elements, (tile + 1) * tuning.tile); };

  Tickets summing(tiles);
  team.run(tuning.threads, [&](int /*worker*/) {
    for (int64_t tile = 0; (tile = summing.take()) >= 0;) {
      const int64_t begin = tile * tuning.tile;
      const int64_t end = begin % matrix.n == 0 ? begin : std::min(tile_end(tile), row_end(matrix, begin));
      sums[static_cast<size_t>(tile)] = leaves.f32.sum(matrix.in + begin, end - begin);
    }
  });

  // From sums of tiles to what each tile starts with. Serial: there are few tiles.
  float right = 0;
  for (int64_t tile = tiles; tile-- > 0;) {
    const float carry = tile_end(tile) % matrix.n == 0 ? 0 : right;
    const bool row_goes_on = row_end(matrix, tile * tuning.tile) > tile_end(tile);
    right = sums[static_cast<size_t>(tile)] + (row_goes_on ? carry : 0);
    sums[static_cast<size_t>(tile)] = carry;
  }

  // From the right, where the first pass was last and the caches still hold something.
  constexpr int64_t kAheadElements = 1024;
  Tickets scanning(tiles);
  team.run(tuning.threads, [&](int /*worker*/) {
    for (int64_t ticket = 0; (ticket = scanning.take()) >= 0;) {
      const int64_t tile = tiles - 1 - ticket;
      scan({matrix.in, matrix.out, tile * tuning.tile, tile_end(tile), matrix.n, sums[static_cast<size_t>(tile)],
            nullptr, kAheadElements});
    }
    leaves.fence();
  });
}

}  // namespace scantune::cpu
