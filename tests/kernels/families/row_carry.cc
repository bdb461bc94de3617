#include "row_carry.cuh"

#include "entries.h"

namespace scantune::emulation {
namespace {

constexpr const char* kVariants[] = {
    "tile=512 warps=2 stages=1 storage=registers",   "tile=1024 warps=4 stages=2 storage=registers",
    "tile=512 warps=2 stages=2 storage=async",       "tile=512 warps=2 stages=3 storage=bulk",
#ifndef SCANTUNE_MUTANT
    "tile=256 warps=1 stages=3 storage=registers",   "tile=4096 warps=8 stages=3 storage=registers",
    "tile=8192 warps=32 stages=1 storage=registers", "tile=1024 warps=2 stages=4 storage=async",
    "tile=1024 warps=4 stages=1 storage=bulk",
#else
    "tile=4096 warps=32 stages=1 storage=registers",
#endif
};

constexpr Entry kEntries[] = {
    SCANTUNE_ENTRIES(row_carry, 512, 2, 1, Storage::registers),
    SCANTUNE_ENTRIES(row_carry, 1024, 4, 2, Storage::registers),
    SCANTUNE_ENTRIES(row_carry, 512, 2, 2, Storage::async),
    SCANTUNE_ENTRIES(row_carry, 512, 2, 3, Storage::bulk),
#ifndef SCANTUNE_MUTANT
    SCANTUNE_ENTRIES(row_carry, 256, 1, 3, Storage::registers),
    SCANTUNE_ENTRIES(row_carry, 4096, 8, 3, Storage::registers),
    SCANTUNE_ENTRIES(row_carry, 8192, 32, 1, Storage::registers),
    SCANTUNE_ENTRIES(row_carry, 1024, 2, 4, Storage::async),
    SCANTUNE_ENTRIES(row_carry, 1024, 4, 1, Storage::bulk),
#else
    SCANTUNE_ENTRIES(row_carry, 4096, 32, 1, Storage::registers),
#endif
};

}  // namespace

const Family& families::row_carry() {
  static constexpr Family kFamily = make_family("row_carry", Lines::rows, kEntries, kVariants);
  return kFamily;
}

}  // namespace scantune::emulation
