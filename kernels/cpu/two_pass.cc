// cpu_two_pass, the baseline: sums of tiles, then a scan of each tile with its prefix. Reads twice.
//
//   pass 1   | sum | sum | sum | sum |      all tiles at once, over all threads
//   between  <- a running sum over the tiles of a row: what lies to the right of each
//   pass 2   | scan+ | scan+ | scan+ |      all tiles at once again
//
// Rows (inner = 1): tiles are cut from the flat tensor and cross the ends of rows: short rows and ragged
// ones make work of the same size as long ones. Of a tile that begins inside a row only the part up to
// that row's end is summed; one that begins with a row owes its left neighbour nothing.
//
// Columns (inner > 1): tiles are some lines of some columns of a slab, with a sum a column. The topmost
// tile of a slab owes nobody a sum.
#include <algorithm>

#include "cpu/families.h"

namespace scantune::cpu {
namespace {

void rows(const Leaves& leaves, Team& team, const Tensor& tensor, const Tuning& tuning, Workspace& workspace) {
  const ScanLeaves& table = scans(leaves, tensor);
  const auto scan = scan_leaf(table, tuning, Ahead::falling);
  const int64_t elements = tensor.elements();
  const int64_t tiles = (elements + tuning.tile - 1) / tuning.tile;
  workspace.sums.resize(std::max(workspace.sums.size(), static_cast<size_t>(tiles)));
  std::vector<Sum>& sums = workspace.sums;
  const auto tile_end = [&](int64_t tile) { return std::min(elements, (tile + 1) * tuning.tile); };

  Tickets summing(tiles);
  team.run(tuning.threads, [&](int /*worker*/) {
    for (int64_t tile = 0; (tile = summing.take()) >= 0;) {
      const int64_t begin = tile * tuning.tile;
      const int64_t end = begin % tensor.n == 0 ? begin : std::min(tile_end(tile), row_end(tensor, begin));
      sums[static_cast<size_t>(tile)] = table.sum(tensor.in, begin, end);
    }
  });

  // From sums of tiles to what each tile starts with. Serial: there are few tiles.
  Sum right{};
  for (int64_t tile = tiles; tile-- > 0;) {
    const Sum carry = tile_end(tile) % tensor.n == 0 ? Sum{} : right;
    const bool row_goes_on = row_end(tensor, tile * tuning.tile) > tile_end(tile);
    right = table.add(sums[static_cast<size_t>(tile)], row_goes_on ? carry : Sum{});
    sums[static_cast<size_t>(tile)] = carry;
  }

  // From the right, where the first pass was last and the caches still hold something.
  constexpr int64_t kAheadElements = 2048;
  Tickets scanning(tiles);
  team.run(tuning.threads, [&](int /*worker*/) {
    for (int64_t ticket = 0; (ticket = scanning.take()) >= 0;) {
      const int64_t tile = tiles - 1 - ticket;
      scan({tensor.in, tensor.out, tile * tuning.tile, tile_end(tile), tensor.n, sums[static_cast<size_t>(tile)], 0,
            kAheadElements});
    }
    leaves.fence();
  });
}

void columns(const Leaves& leaves, Team& team, const Tensor& tensor, const Tuning& tuning, Workspace& workspace) {
  const ScanLeaves& table = scans(leaves, tensor);
  const ColumnTiles tiles = low_tiles(tensor, tuning.tile);
  const ColumnSums sums(tiles, table.accumulator_bytes, workspace);
  const int64_t bottom = tiles.levels() - 1;
  const auto bytes = [&](const ColumnBlock& block) {
    return (block.column_end - block.column_begin) * table.accumulator_bytes;
  };

  Tickets summing(bottom == 0 ? 0 : tiles.count());
  team.run(tuning.threads, [&](int /*worker*/) {
    for (int64_t ticket = 0; (ticket = summing.take()) >= 0;) {
      const auto place = tiles.place(tiles.count() - 1 - ticket);
      if (place.level > 0) {
        const ColumnBlock block = tiles.block(place, sums.of(place));
        std::fill_n(sums.of(place), bytes(block), std::byte{0});
        table.sum_columns(block);
      }
    }
  });

  // From sums of tiles to sums of all that lies below their upper edge; all strips of all slabs side by side.
  Tickets carrying(bottom == 0 ? 0 : tensor.outer * tiles.strips());
  team.run(tuning.threads, [&](int /*worker*/) {
    for (int64_t ticket = 0; (ticket = carrying.take()) >= 0;) {
      ColumnTiles::Place place = {ticket / tiles.strips(), bottom - 1, ticket % tiles.strips()};
      const ColumnBlock block = tiles.block(place, nullptr);
      for (; place.level > 0; --place.level) {
        table.add_columns(sums.of(place), sums.of({place.slab, place.level + 1, place.strip}),
                          block.column_end - block.column_begin);
      }
    }
  });

  Tickets scanning(tiles.count());
  team.run(tuning.threads, [&](int /*worker*/) {
    alignas(64) std::byte nothing[kMostColumns * sizeof(Sum)];
    for (int64_t ticket = 0; (ticket = scanning.take()) >= 0;) {
      const auto [slab, level, strip] = tiles.place(ticket);
      std::byte* carry = level == bottom ? nothing : sums.of({slab, level + 1, strip});
      table.scan_columns[static_cast<int>(tuning.store)](tiles.block({slab, level, strip}, carry));
    }
    leaves.fence();
  });
}

}  // namespace

void two_pass(const Leaves& leaves, Team& team, const Tensor& tensor, const Tuning& tuning, Workspace& workspace) {
  (tensor.inner == 1 ? rows : columns)(leaves, team, tensor, tuning, workspace);
}

}  // namespace scantune::cpu
