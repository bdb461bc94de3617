// The launch rules of column_split (column_split.cuh).
#pragma once

#include "columns.launch.h"

namespace scantune {

struct ColumnSplitParams {
  ColumnTileParams tile;
  int stages;  // tiles in registers at once
};

constexpr int kSplitFan = 16;  // tiles a group, and groups a super-group

// Sums of tiles, of groups and up to the ends of super-groups, in units of the columns of a tile.
struct ColumnSplitCounts {
  long long tiles;
  long long groups;
  long long supers;
};

SCANTUNE_LAUNCH_RULE ColumnSplitCounts column_split_counts(long long outer, long long n, long long inner,
                                                           ColumnTileParams p, int element_bytes) {
  const long long lines = outer * columns_strips(inner, p);
  const long long slabs = columns_slabs(n, p, element_bytes);
  return {lines * slabs, lines * ceil_div(slabs, kSplitFan), lines * ceil_div(slabs, 1LL * kSplitFan * kSplitFan)};
}

// Words for all of these, after the ticket counter.
SCANTUNE_LAUNCH_RULE long long column_split_words(long long outer, long long n, long long inner, ColumnTileParams p,
                                                  int element_bytes, int accumulator_bytes) {
  const ColumnSplitCounts counts = column_split_counts(outer, n, inner, p, element_bytes);
  return (counts.tiles + counts.groups + counts.supers) * p.columns * status_words(accumulator_bytes);
}

SCANTUNE_LAUNCH_RULE long long column_split_workspace_bytes(long long outer, long long n, long long inner,
                                                            ColumnTileParams p, int element_bytes,
                                                            int accumulator_bytes) {
  return 8 * (1 + column_split_words(outer, n, inner, p, element_bytes, accumulator_bytes));
}

}  // namespace scantune
