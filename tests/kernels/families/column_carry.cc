#include "column_carry.cuh"

#include "families/columns.h"

namespace scantune::emulation {
namespace {

constexpr const char* kVariants[] = {
    "columns=32 warps=2 rows=2 blocks=2 interleave=50",
};

constexpr Entry kEntries[] = {
    SCANTUNE_COLUMN_ENTRIES(column_carry_reset, 32, 2, 2),
    SCANTUNE_COLUMN_ENTRIES(column_carry, 32, 2, 2, 2, 50),
};

}  // namespace

const Family& families::column_carry() {
  static constexpr Family kFamily = make_family("column_carry", Lines::columns, kEntries, kVariants);
  return kFamily;
}

}  // namespace scantune::emulation
