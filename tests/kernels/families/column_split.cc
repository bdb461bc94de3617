#include "column_split.cuh"

#include "families/columns.h"

namespace scantune::emulation {
namespace {

constexpr const char* kVariants[] = {
    "columns=32 tile=512 warps=2 stages=2 loaders=1",
#ifndef SCANTUNE_MUTANT
    "columns=64 tile=2048 warps=4 stages=3 loaders=2",
#else
    "columns=64 tile=1024 warps=4 stages=3 loaders=2",
#endif
};

#define COLUMN_SPLIT_ENTRIES(...) \
  SCANTUNE_COLUMN_ENTRIES(column_split_reset, __VA_ARGS__), SCANTUNE_COLUMN_ENTRIES(column_split, __VA_ARGS__)

constexpr Entry kEntries[] = {
    COLUMN_SPLIT_ENTRIES(32, 512, 2, 2, 1),
#ifndef SCANTUNE_MUTANT
    COLUMN_SPLIT_ENTRIES(64, 2048, 4, 3, 2),
#else
    COLUMN_SPLIT_ENTRIES(64, 1024, 4, 3, 2),
#endif
};

}  // namespace

const Family& families::column_split() {
  static constexpr Family kFamily = make_family("column_split", Lines::columns, kEntries, kVariants);
  return kFamily;
}

}  // namespace scantune::emulation
