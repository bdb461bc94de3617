// Tiles that are published one after the other, from thread to thread.
#pragma once

#include <thread>

#include "cpu/families.h"

namespace scantune::cpu {

// A flag for each tile, or each of its sums, that says whether it was published in this run. Runs are told apart by
// number, so that nothing is cleared between them.
class TileFlags {
 public:
  TileFlags(const Leaves& leaves, int64_t count, Workspace& workspace) : leaves_(leaves) {
    if (workspace.tile_count < count || workspace.run == UINT32_MAX) {
      workspace.tiles = std::make_unique<TileState[]>(static_cast<size_t>(count));
      workspace.tile_count = count;
      workspace.run = 0;
    }
    run_ = ++workspace.run;
    states_ = workspace.tiles.get();
  }

  // Whether the tile is published: if so, what its thread wrote before is visible.
  [[nodiscard]] bool ready(int64_t tile) const { return states_[tile].ready.load(std::memory_order_acquire) == run_; }
  // Returns when the tile is published.
  void wait(int64_t tile) const {
    for (int spins = 0; !ready(tile); ++spins) {
      leaves_.pause();
      if (spins % 512 == 511) {
        std::this_thread::yield();  // the neighbour's thread may be waiting for this core
      }
    }
  }
  void set(int64_t tile) const { states_[tile].ready.store(run_, std::memory_order_release); }

  // Where a tile that is published keeps a sum, if one is all it has.
  [[nodiscard]] Sum& sum(int64_t tile) const { return states_[tile].sum; }

 private:
  const Leaves& leaves_;
  uint32_t run_;
  TileState* states_;
};

}  // namespace scantune::cpu
