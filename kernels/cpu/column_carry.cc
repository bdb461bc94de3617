// cpu_column_carry: whole columns to a thread, a strip of them side by side, read once (inner > 1).
//
//            strip 0    strip 1    strip 2
//   line 0   | ^ ^ ^ |  | ^ ^ ^ |  | ^ ^ ^ |      a strip is walked from the slab's last line up; the running
//   line 1   | | | | |  | | | | |  | | | | |      sums, one a column, stay in the first-level cache
//   line 2   | | | | |  | | | | |  | | | | |
//
// Where slabs are small, a thread takes one after the other. Few columns of great length leave threads without
// work: see column_chain.cc.
#include "cpu/families.h"

namespace scantune::cpu {
namespace {

constexpr int64_t kBatchElements = int64_t{1} << 16;
constexpr int64_t kBatchesPerThread = 16;

}  // namespace

// Tuning::tile is the width of a strip.
void column_carry(const Leaves& leaves, Team& team, const Tensor& tensor, const Tuning& tuning,
                  Workspace& /*workspace*/) {
  const ScanLeaves& table = scans(leaves, tensor);
  const int64_t width = std::min({tensor.inner, tuning.tile, kMostColumns});
  const int64_t fair = tensor.outer / (tuning.threads * kBatchesPerThread);
  const int64_t slabs = std::clamp<int64_t>(fair, 1, std::max<int64_t>(1, kBatchElements / (tensor.n * width)));
  const ColumnTiles tiles = {tensor, width, tensor.n, slabs};
  Tickets tickets(tiles.count());

  team.run(tuning.threads, [&](int /*worker*/) {
    alignas(64) std::byte sums[kMostColumns * sizeof(Sum)];
    for (int64_t ticket = 0; (ticket = tickets.take()) >= 0;) {
      table.scan_columns[static_cast<int>(tuning.store)](tiles.block(tiles.place(ticket), sums));
    }
    leaves.fence();
  });
}

}  // namespace scantune::cpu
