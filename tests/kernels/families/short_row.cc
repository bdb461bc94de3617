#include "short_row.cuh"

#include "entries.h"

namespace scantune::emulation {
namespace {

constexpr const char* kVariants[] = {
    "vectors=1 warps=2",
    "vectors=2 warps=4",
#ifndef SCANTUNE_MUTANT
    "vectors=8 warps=1",
#endif
};

constexpr Entry kEntries[] = {
    SCANTUNE_ENTRIES(short_row, 1, 2),
    SCANTUNE_ENTRIES(short_row, 2, 4),
#ifndef SCANTUNE_MUTANT
    SCANTUNE_ENTRIES(short_row, 8, 1),
#endif
};

}  // namespace

const Family& families::short_row() {
  static constexpr Family kFamily = make_family("short_row", Lines::rows, kEntries, kVariants);
  return kFamily;
}

}  // namespace scantune::emulation
