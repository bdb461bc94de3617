// cpu_tile_chain: tiles of the flat matrix, from the right, each read from memory once: for any number
// of rows, so that one long row keeps every thread busy as well.
//
//   ... | tile 3 | tile 2 | tile 1 | tile 0 |     tiles are taken by whichever thread is free
//           B        A        B        A
//   A scans tile 2, out of its cache, while it sums the next tile it took: that read comes from memory
//
// A tile's sum reaches back to its left edge: all of its row that lies right of there. A thread waits
// for the sum of its right neighbour, adds its own and publishes the result before it scans, so that
// the chain from tile to tile is one addition and one cache line long, whatever a tile takes. Tiles
// are taken in the order of the chain and the lowest unpublished one never waits: no deadlock. The
// order of additions is fixed: the same bits every run.
#include "cpu/chain.h"

namespace scantune::cpu {
namespace {

class Chain {
 public:
  Chain(const Leaves& leaves, const Tensor& tensor, const Tuning& tuning, Workspace& workspace)
      : tickets_(tile_count(tensor, tuning)),
        count_(tile_count(tensor, tuning)),
        leaves_(leaves),
        table_(scans(leaves, tensor)),
        tensor_(tensor),
        tile_(tuning.tile),
        scan_(scan_leaf(table_, tuning, Ahead::summing)),
        flags_(leaves, count_, workspace) {}

  void work() {
    int64_t tile = tickets_.take();
    Sum sum = tile < 0 ? Sum{} : table_.sum(tensor_.in, begin(tile), head_end(tile));
    while (tile >= 0) {
      const Sum carry = end(tile) % tensor_.n == 0 ? Sum{} : sum_up_to(tile - 1);
      publish(tile, head_end(tile) == end(tile) ? table_.add(sum, carry) : sum);
      const int64_t next = tickets_.take();
      const int64_t next_begin = next < 0 ? 0 : begin(next);
      const int64_t next_elements = next < 0 ? 0 : head_end(next) - next_begin;
      sum = scan_({tensor_.in, tensor_.out, begin(tile), end(tile), tensor_.n, carry, next_begin, next_elements})
                .next_sum;
      tile = next;
    }
    leaves_.fence();
  }

 private:
  static int64_t tile_count(const Tensor& tensor, const Tuning& tuning) {
    return (tensor.elements() + tuning.tile - 1) / tuning.tile;
  }
  // Tile 0 is the rightmost, ends the tensor and may be cut short. Tiles lie at multiples of their size
  // from the tensor's beginning, so that no two share a cache line.
  [[nodiscard]] int64_t begin(int64_t tile) const { return (count_ - 1 - tile) * tile_; }
  [[nodiscard]] int64_t end(int64_t tile) const { return std::min(tensor_.elements(), begin(tile) + tile_); }
  // What a left neighbour needs of a tile: the part of the row it begins in, nothing if that row begins here.
  [[nodiscard]] int64_t head_end(int64_t tile) const {
    return begin(tile) % tensor_.n == 0 ? begin(tile) : std::min(end(tile), row_end(tensor_, begin(tile)));
  }

  [[nodiscard]] Sum sum_up_to(int64_t tile) const {
    flags_.wait(tile);
    return flags_.sum(tile);
  }

  void publish(int64_t tile, Sum sum) const {
    flags_.sum(tile) = sum;
    flags_.set(tile);
  }

  Tickets tickets_;  // first: it fills cache lines of its own
  const int64_t count_;
  const Leaves& leaves_;
  const ScanLeaves& table_;
  const Tensor& tensor_;
  const int64_t tile_;
  const ScanLeaves::Scan scan_;
  const TileFlags flags_;
};

}  // namespace

void tile_chain(const Leaves& leaves, Team& team, const Tensor& tensor, const Tuning& tuning, Workspace& workspace) {
  Chain chain(leaves, tensor, tuning, workspace);
  team.run(tuning.threads, [&](int /*worker*/) { chain.work(); });
}

}  // namespace scantune::cpu
