// cpu_tile_chain: tiles of the flat matrix, from the right, each read from memory once: for any number
// of rows, so that one long row keeps every thread busy as well.
//
//   ... | tile 5 | tile 4 | tile 3 | tile 2 | tile 1 | tile 0 |     taken by whichever thread is free
//           B        A        B        A        B        A
//         sums                waits            scans               what B does at the moment
//
// B scans tile 1, out of its cache, while it sums tile 5: that read comes from memory. It summed tile 3
// during the scan before. So a tile's own sum is there about as long before it is needed as a scan takes,
// and threads that are slower for a moment do not hold up the others.
//
// Published are a tile's own sum, once it is known, and its total, which is all of its row that lies right
// of its left edge, once its scan begins. A thread looks to the right for the nearest total and adds to it
// the own sums of the tiles between, one after the other. That total was made by the same additions: their
// order is fixed, wherever it was found, and so are the bits. A thread waits for own sums only, and never
// between taking a tile and publishing its own sum: none waits for one that waits, so no deadlock.
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
        flags_(leaves, 2 * count_, workspace) {}

  void work() {
    int64_t tile = take_summed();
    int64_t next = take_summed();
    while (tile >= 0) {
      const Sum carry = end(tile) % tensor_.n == 0 ? Sum{} : total_of(tile - 1);
      if (!ends_row(tile)) {
        publish(total(tile), table_.add(flags_.sum(own(tile)), carry));
      }
      const int64_t ahead = tickets_.take();
      const int64_t ahead_begin = ahead < 0 ? 0 : begin(ahead);
      const int64_t ahead_elements = ahead < 0 ? 0 : head_end(ahead) - ahead_begin;
      const Sum sum =
          scan_({tensor_.in, tensor_.out, begin(tile), end(tile), tensor_.n, carry, ahead_begin, ahead_elements})
              .next_sum;
      if (ahead >= 0) {
        publish_own(ahead, sum);
      }
      tile = next;
      next = ahead;
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

  // Whether that part reaches the row's end: then its own sum is the total.
  [[nodiscard]] bool ends_row(int64_t tile) const { return head_end(tile) % tensor_.n == 0; }

  // The next tile, its own sum published; -1 when all are taken.
  int64_t take_summed() {
    const int64_t tile = tickets_.take();
    if (tile >= 0) {
      publish_own(tile, table_.sum(tensor_.in, begin(tile), head_end(tile)));
    }
    return tile;
  }

  [[nodiscard]] Sum total_of(int64_t tile) const {
    int64_t at = tile;
    while (!ends_row(at) && !flags_.ready(total(at))) {
      --at;
    }
    flags_.wait(total(at));
    Sum sum = flags_.sum(total(at));
    while (at < tile) {
      ++at;
      flags_.wait(own(at));
      sum = table_.add(flags_.sum(own(at)), sum);
    }
    return sum;
  }

  // Where a tile's sums are kept.
  static int64_t own(int64_t tile) { return 2 * tile; }
  static int64_t total(int64_t tile) { return 2 * tile + 1; }

  void publish_own(int64_t tile, Sum sum) const { publish(ends_row(tile) ? total(tile) : own(tile), sum); }
  void publish(int64_t place, Sum sum) const {
    flags_.sum(place) = sum;
    flags_.set(place);
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
