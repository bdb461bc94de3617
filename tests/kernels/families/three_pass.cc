#include "three_pass.cuh"

#include "entries.h"

namespace scantune::emulation {
namespace {

constexpr const char* kVariants[] = {
    "tile=512 warps=2 stages=2",
#ifndef SCANTUNE_MUTANT
    "tile=256 warps=1 stages=3",
    "tile=1024 warps=4 stages=1",
#endif
};

#define THREE_PASS_ENTRIES(...)                                                           \
  SCANTUNE_ENTRIES(block_sums, __VA_ARGS__), SCANTUNE_ENTRIES(block_prefix, __VA_ARGS__), \
      SCANTUNE_ENTRIES(cumsum_with_prefix, __VA_ARGS__)

constexpr Entry kEntries[] = {
    THREE_PASS_ENTRIES(512, 2, 2),
#ifndef SCANTUNE_MUTANT
    THREE_PASS_ENTRIES(256, 1, 3),
    THREE_PASS_ENTRIES(1024, 4, 1),
#endif
};

}  // namespace

const Family& families::three_pass() {
  static constexpr Family kFamily = make_family("three_pass", Lines::rows, kEntries, kVariants);
  return kFamily;
}

}  // namespace scantune::emulation
