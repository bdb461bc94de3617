#include "row_carry.cuh"

#include "entries.h"

namespace scantune::emulation {
namespace {

constexpr const char* kVariants[] = {
    "tile=512 warps=2 stages=1", "tile=1024 warps=4 stages=2",
#ifndef SCANTUNE_MUTANT
    "tile=256 warps=1 stages=3", "tile=4096 warps=8 stages=3", "tile=8192 warps=32 stages=1",
#else
    "tile=4096 warps=32 stages=1",
#endif
};

constexpr Entry kEntries[] = {
    SCANTUNE_ENTRIES(row_carry, 512, 2, 1),   SCANTUNE_ENTRIES(row_carry, 1024, 4, 2),
#ifndef SCANTUNE_MUTANT
    SCANTUNE_ENTRIES(row_carry, 256, 1, 3),   SCANTUNE_ENTRIES(row_carry, 4096, 8, 3),
    SCANTUNE_ENTRIES(row_carry, 8192, 32, 1),
#else
    SCANTUNE_ENTRIES(row_carry, 4096, 32, 1),
#endif
};

}  // namespace

extern const Family families::row_carry = make_family("row_carry", Lines::rows, kEntries, kVariants);

}  // namespace scantune::emulation
