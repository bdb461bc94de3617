// cpu_row_carry: whole rows to a thread, read once.
//
//   thread 0:  row 9 ... | tile | tile | tile |      a batch of rows, bottom row first; each row is
//              row 8 ... | tile | tile | tile |      scanned from its right end to its left with the
//   thread 1:  row 7 ...            <--- scan        running sum kept in a register
//
// A batch is one walk down through memory, across the ends of rows. While one tile is scanned the one
// to its left is prefetched: falling, in step with the scan, for small tiles; rising, the whole tile
// from left to right as prefetchers like it, for tiles of the size of the second-level cache.
// Few rows leave threads without work: see tile_chain.cc.
#include <algorithm>

#include "cpu/families.h"

namespace scantune::cpu {
namespace {

// Batches are large enough that a ticket costs nothing and small enough that threads end together.
constexpr int64_t kBatchElements = int64_t{1} << 18;
constexpr int64_t kBatchesPerThread = 16;

}  // namespace

ScanLeaves::Scan scan_leaf(const ScanLeaves& leaves, const Tuning& tuning, Ahead ahead) {
  const auto unroll = std::find(std::begin(kUnrolls), std::end(kUnrolls), tuning.unroll) - std::begin(kUnrolls);
  return leaves.scan[static_cast<int>(ahead)][unroll][static_cast<int>(tuning.store)];
}

void row_carry(const Leaves& leaves, Team& team, const Tensor& tensor, const Tuning& tuning, Workspace& /*workspace*/) {
  const auto scan = scan_leaf(scans(leaves, tensor), tuning, tuning.prefetch);
  const int64_t fair = tensor.outer / (tuning.threads * kBatchesPerThread);
  const int64_t batch_rows = std::clamp<int64_t>(fair, 1, std::max<int64_t>(1, kBatchElements / tensor.n));
  Tickets tickets((tensor.outer + batch_rows - 1) / batch_rows);

  team.run(tuning.threads, [&](int /*worker*/) {
    for (int64_t ticket = 0; (ticket = tickets.take()) >= 0;) {
      const int64_t end = (tensor.outer - ticket * batch_rows) * tensor.n;
      const int64_t begin = std::max<int64_t>(0, end - batch_rows * tensor.n);
      if (tuning.prefetch == Ahead::falling) {
        scan({tensor.in, tensor.out, begin, end, tensor.n, {}, 0, tuning.tile});
        continue;
      }
      Sum carry{};
      for (int64_t tile_end = end; tile_end > begin;) {
        const int64_t tile_begin = std::max(begin, tile_end - tuning.tile);
        const int64_t next = std::max(begin, tile_begin - tuning.tile);
        carry = tile_end % tensor.n == 0 ? Sum{} : carry;
        carry = scan({tensor.in, tensor.out, tile_begin, tile_end, tensor.n, carry, next, tile_begin - next}).carry;
        tile_end = tile_begin;
      }
    }
    leaves.fence();
  });
}

}  // namespace scantune::cpu
