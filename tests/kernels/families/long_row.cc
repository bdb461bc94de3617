#include "long_row.cuh"

#include "entries.h"

namespace scantune::emulation {
namespace {

constexpr const char* kVariants[] = {
    "tile=512 warps=2 stages=2 loaders=1 storage=async",
#ifndef SCANTUNE_MUTANT
    "tile=512 warps=2 stages=3 loaders=1 storage=bulk",
    "tile=256 warps=1 stages=2 loaders=1 storage=async",
    "tile=1024 warps=4 stages=2 loaders=2 storage=bulk",
#else
    "tile=256 warps=2 stages=3 loaders=2 storage=bulk",
    "tile=128 warps=1 stages=2 loaders=1 storage=async",
#endif
};

#define LONG_ROW_ENTRIES(...) SCANTUNE_ENTRIES(long_row_reset, __VA_ARGS__), SCANTUNE_ENTRIES(long_row, __VA_ARGS__)

constexpr Entry kEntries[] = {
    LONG_ROW_ENTRIES(512, 2, 2, 1, Storage::async),
#ifndef SCANTUNE_MUTANT
    LONG_ROW_ENTRIES(512, 2, 3, 1, Storage::bulk),
    LONG_ROW_ENTRIES(256, 1, 2, 1, Storage::async),
    LONG_ROW_ENTRIES(1024, 4, 2, 2, Storage::bulk),
#else
    LONG_ROW_ENTRIES(256, 2, 3, 2, Storage::bulk),
    LONG_ROW_ENTRIES(128, 1, 2, 1, Storage::async),
#endif
};

}  // namespace

const Family& families::long_row() {
  static constexpr Family kFamily = make_family("long_row", Lines::rows, kEntries, kVariants);
  return kFamily;
}

}  // namespace scantune::emulation
