#include "core/chip.h"

#include <gmock/gmock.h>

#include "core/kernel.h"

namespace scantune {
namespace {

using testing::HasSubstr;

TEST(ReferenceChips, AreOneOfEachArchitecture) {
  for (const int capability : {80, 86, 89, 90, 100, 120}) {
    const auto chip = reference_chip(capability);
    ASSERT_TRUE(chip);
    EXPECT_EQ(chip->compute_capability, capability);
    EXPECT_EQ(sm_name(*chip), fmt::format("sm_{}", capability));
    EXPECT_EQ(chip->backend, Backend::cuda);
    // What holds of every CUDA chip: 1 KiB a block is the driver's, and blocks of 1024 threads exist.
    EXPECT_EQ(chip->shared_bytes_per_sm - chip->shared_bytes_per_block, 1024);
    EXPECT_GE(chip->max_threads_per_sm, chip->max_threads_per_block);
    EXPECT_EQ(chip->max_threads_per_block, 1024);
  }
}

TEST(ReferenceChips, AnUnknownArchitectureIsRefusedWithTheKnownOnes) {
  const auto chip = reference_chip(75);
  ASSERT_FALSE(chip);
  EXPECT_THAT(chip.error().message, HasSubstr("sm_75; known: sm_80, sm_86, sm_89, sm_90, sm_100, sm_120"));
}

TEST(ReferenceChips, AreFoundByCodeNameOrArchitectureInAnyCase) {
  for (const char* name : {"GH100", "gh100", "Gh100", "sm_90", "SM_90"}) {
    EXPECT_EQ(reference_chip(name).value().code_name, "GH100") << name;
  }
  EXPECT_EQ(reference_chip("GX1").error().message, "unknown chip; known: GA100, GA102, AD102, GH100, GB100, GB202");
  EXPECT_FALSE(reference_chip(""));
}

TEST(Constraints, TheFirstThatIsBrokenIsNamed) {
  Kernel kernel;
  kernel.constraints = {
      {"tile is even", [](const Variant& v, const Workload&, const Chip&) { return v.number("tile") % 2 == 0; }},
      {"tile is at most n",
       [](const Variant& v, const Workload& w, const Chip&) { return v.number("tile") <= w.geometry().n; }},
  };
  const Workload workload{.shape = *make_shape({4, 8}, 1)};
  const auto broken = [&](int64_t tile) {
    return broken_constraint(kernel, Variant{"k", {{"tile", tile}}}, workload, Chip{});
  };
  EXPECT_EQ(broken(8), "");
  EXPECT_EQ(broken(7), "tile is even");
  EXPECT_EQ(broken(9), "tile is even");
  EXPECT_EQ(broken(10), "tile is at most n");
}

}  // namespace
}  // namespace scantune
