#include "column_split.cuh"

#include "families/columns.h"

namespace scantune::emulation {
namespace {

constexpr const char* kVariants[] = {
    "columns=32 warps=2 rows=2 stages=1 blocks=2",
    "columns=32 warps=4 rows=1 stages=2 blocks=1",
};

constexpr Entry kEntries[] = {
    SCANTUNE_COLUMN_ENTRIES(column_split_reset, 32, 2, 2),
    SCANTUNE_COLUMN_ENTRIES(column_split, 32, 2, 2, 1, 2),
    SCANTUNE_COLUMN_ENTRIES(column_split_reset, 32, 4, 1),
    SCANTUNE_COLUMN_ENTRIES(column_split, 32, 4, 1, 2, 1),
};

}  // namespace

const Family& families::column_split() {
  static constexpr Family kFamily = make_family("column_split", Lines::columns, kEntries, kVariants);
  return kFamily;
}

}  // namespace scantune::emulation
