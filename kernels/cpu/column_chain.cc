// cpu_column_chain: tiles of a few hundred columns, from the bottom, each read from memory once: for any number
// of columns, so that few long ones keep every thread busy as well (inner > 1).
//
//   | tile 2 |  B      tiles are taken by whichever thread is free. It sums the tile's columns, which brings
//   | tile 1 |  A      the tile into its cache, adds the sums of the tile below, publishes that for the tile
//   | tile 0 |  B      above, and scans the tile out of its cache
//
// Tiles are taken in the order of the chain and the lowest unpublished one never waits: no deadlock. The order
// of additions is fixed: the same bits every run. For rows: tile_chain.cc.
#include "cpu/chain.h"

namespace scantune::cpu {

void column_chain(const Leaves& leaves, Team& team, const Tensor& tensor, const Tuning& tuning, Workspace& workspace) {
  const ScanLeaves& table = scans(leaves, tensor);
  const ColumnTiles tiles = low_tiles(tensor, tuning.tile);
  const ColumnSums published(tiles, table.accumulator_bytes, workspace);
  const TileFlags flags(leaves, tiles.count(), workspace);
  Tickets tickets(tiles.count());

  team.run(tuning.threads, [&](int /*worker*/) {
    alignas(64) std::byte sums[kMostColumns * sizeof(Sum)];
    alignas(64) std::byte carry[kMostColumns * sizeof(Sum)];
    for (int64_t ticket = 0; (ticket = tickets.take()) >= 0;) {
      const auto place = tiles.place(ticket);
      const ColumnBlock block = tiles.block(place, sums);
      const int64_t columns = block.column_end - block.column_begin;
      const int64_t bytes = columns * table.accumulator_bytes;
      if (place.level > 0) {
        std::fill_n(sums, bytes, std::byte{0});
        table.sum_columns(block);
      }
      std::fill_n(carry, bytes, std::byte{0});
      if (place.level < tiles.levels() - 1) {
        flags.wait(ticket - tiles.strips());
        std::copy_n(published.of({place.slab, place.level + 1, place.strip}), bytes, carry);
      }
      if (place.level > 0) {
        table.add_columns(sums, carry, columns);
        std::copy_n(sums, bytes, published.of(place));
        flags.set(ticket);
      }
      table.scan_columns[static_cast<int>(tuning.store)](tiles.block(place, carry));
    }
    leaves.fence();
  });
}

}  // namespace scantune::cpu
