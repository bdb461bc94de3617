// The launch rule of row_carry (row_carry.cuh): one block a row.
#pragma once

#include "launch.h"

namespace scantune {

struct RowCarryParams {
  int tile;    // elements
  int warps;   // a block
  int stages;  // tiles under way at once
  Storage storage = Storage::registers;
};

// 16-byte accesses with which a thread loads its part of a tile. A variant needs at least one.
SCANTUNE_LAUNCH_RULE int row_carry_vectors(RowCarryParams p, int element_bytes) {
  return tile_vectors_per_thread(p.tile, p.warps, element_bytes);
}

// Registers a thread needs, for 4-byte elements: the tiles, and what the scan adds to them. With one
// tile that is addresses, the carry and lane numbers; with more, the running sums of the vectors
// scanned (two registers each) and the shuffles in flight besides. Measured with NVRTC 13.0 on
// sm_80 to sm_120; tests/compile/constraints_test.cc holds it against the compiler.
SCANTUNE_LAUNCH_RULE int row_carry_registers(RowCarryParams p, int element_bytes) {
  const int vectors = row_carry_vectors(p, element_bytes);
  if (element_bytes < 4) {  // halves are widened, some of them early
    return p.storage != Storage::registers ? 8 * vectors + 32
           : p.stages == 1                 ? 8 * vectors + 20
                                           : (4 * p.stages + 8) * vectors + 24;
  }
  if (p.storage != Storage::registers) {
    return 6 * vectors + 36;
  }
  return 4 * vectors * p.stages + (p.stages == 1 ? 16 : 2 * vectors + 20);
}

SCANTUNE_LAUNCH_RULE LaunchDims row_carry_launch(long long outer, RowCarryParams p, int element_bytes) {
  return {grid_for(outer), p.warps * kWarpThreads, tile_ring_bytes(p.tile, p.stages, element_bytes, p.storage)};
}

// Shared memory the kernel declares: two buffers of one sum a warp.
SCANTUNE_LAUNCH_RULE int row_carry_static_shared_bytes(RowCarryParams p, int accumulator_bytes) {
  return 2 * p.warps * accumulator_bytes;
}

}  // namespace scantune
