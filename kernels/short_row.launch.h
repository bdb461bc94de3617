// The launch rule of short_row (short_row.cuh): several rows a warp.
#pragma once

#include "launch.h"

namespace scantune {

struct ShortRowParams {
  int vectors;  // 16-byte accesses that a thread loads at once
  int warps;    // a block
};

// Rows a warp walks: as many whole rows as it can load at once, at least one. Where rows are no whole
// number of accesses long, as many of them as make one, if that is possible, so that no two warps share
// one.
SCANTUNE_LAUNCH_RULE long long short_row_rows(long long n, ShortRowParams p, int element_bytes) {
  const long long capacity = static_cast<long long>(p.vectors) * kWarpThreads * kAccessBytes;
  const long long row_bytes = n * element_bytes;
  const long long rows = capacity / row_bytes;
  long long whole = 1;  // rows that end where an access does
  while (whole * row_bytes % kAccessBytes != 0) {
    whole *= 2;
  }
  return rows >= whole ? rows / whole * whole : rows > 0 ? rows : 1;
}

SCANTUNE_LAUNCH_RULE LaunchDims short_row_launch(long long outer, long long n, ShortRowParams p, int element_bytes) {
  const long long warps = ceil_div(outer, short_row_rows(n, p, element_bytes));
  return {grid_for(ceil_div(warps, p.warps)), p.warps * kWarpThreads, 0};
}

// Registers a thread needs: what it loads, and what the scan of one of those adds, more for more elements.
// Measured with NVRTC 13.0; tests/compile/constraints_test.cc holds it against the compiler.
SCANTUNE_LAUNCH_RULE int short_row_registers(ShortRowParams p, int element_bytes) {
  return 5 * p.vectors + 36 + 64 / element_bytes;
}

}  // namespace scantune
