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
#include <algorithm>
#include <thread>

#include "cpu/families.h"

namespace scantune::cpu {
namespace {

class Chain {
 public:
  Chain(const Leaves& leaves, const Matrix& matrix, const Tuning& tuning, Workspace& workspace)
      : tickets_(tile_count(matrix, tuning)),
        count_(tile_count(matrix, tuning)),
        leaves_(leaves),
        matrix_(matrix),
        tile_(tuning.tile),
        scan_(scan_leaf(leaves, tuning, Ahead::summing)) {
    if (workspace.tile_count < count_ || workspace.run == UINT32_MAX) {
      workspace.tiles = std::make_unique<TileState[]>(static_cast<size_t>(count_));
      workspace.tile_count = count_;
      workspace.run = 0;
    }
    run_ = ++workspace.run;
    states_ = workspace.tiles.get();
  }

  void work() {
    int64_t tile = tickets_.take();
    float sum = tile < 0 ? 0 : leaves_.f32.sum(matrix_.in + begin(tile), head_end(tile) - begin(tile));
    while (tile >= 0) {
      const float carry = end(tile) % matrix_.n == 0 ? 0 : sum_up_to(tile - 1);
      publish(tile, head_end(tile) == end(tile) ? sum + carry : sum);
      const int64_t next = tickets_.take();
      const int64_t next_elements = next < 0 ? 0 : head_end(next) - begin(next);
      sum = scan_({matrix_.in, matrix_.out, begin(tile), end(tile), matrix_.n, carry,
                   matrix_.in + (next < 0 ? 0 : begin(next)), next_elements})
                .next_sum;
      tile = next;
    }
    leaves_.fence();
  }

 private:
  static int64_t tile_count(const Matrix& matrix, const Tuning& tuning) {
    return (matrix.elements() + tuning.tile - 1) / tuning.tile;
  }
  // Tile 0 is the rightmost, ends the matrix and may be cut short. Tiles lie at multiples of their size
  // from the matrix's beginning, so that no two share a cache line.
  [[nodiscard]] int64_t begin(int64_t tile) const { return (count_ - 1 - tile) * tile_; }
  [[nodiscard]] int64_t end(int64_t tile) const { return std::min(matrix_.elements(), begin(tile) + tile_); }
  // What a left neighbour needs of a tile: the part of the row it begins in, nothing if that row begins here.
  [[nodiscard]] int64_t head_end(int64_t tile) const {
    return begin(tile) % matrix_.n == 0 ? begin(tile) : std::min(end(tile), row_end(matrix_, begin(tile)));
  }

  float sum_up_to(int64_t tile) const {
    const TileState& state = states_[tile];
    for (int spins = 0; state.ready.load(std::memory_order_acquire) != run_; ++spins) {
      leaves_.pause();
      if (spins % 512 == 511) {
        std::this_thread::yield();  // the neighbour's thread may be waiting for this core
      }
    }
    return state.sum;
  }

  void publish(int64_t tile, float sum) {
    states_[tile].sum = sum;
    states_[tile].ready.store(run_, std::memory_order_release);
  }

  Tickets tickets_;  // first: it fills cache lines of its own
  const int64_t count_;
  const Leaves& leaves_;
  const Matrix& matrix_;
  const int64_t tile_;
  const ScanLeaves<float>::Scan scan_;
  uint32_t run_ = 0;
  TileState* states_ = nullptr;
};

}  // namespace

void tile_chain(const Leaves& leaves, Team& team, const Matrix& matrix, const Tuning& tuning, Workspace& workspace) {
  Chain chain(leaves, matrix, tuning, workspace);
  team.run(tuning.threads, [&](int /*worker*/) { chain.work(); });
}

}  // namespace scantune::cpu
