#include "catalog/catalog.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <set>

#include "catalog/embedded.h"

namespace scantune {
namespace {

using testing::HasSubstr;

const Chip& gpu() {
  static const Chip chip = *reference_chip(90);
  return chip;
}

Workload rows(int64_t outer, int64_t n) { return {.shape = {{outer, n}, 1}}; }

Workload columns(int64_t outer, int64_t n, int64_t inner) { return {.shape = {{outer, n, inner}, 1}}; }

std::set<std::string> admitted(const Workload& workload, const std::string& kernel) {
  std::set<std::string> names;
  const auto all = candidates(workload, gpu(), {{kernel}, {}});
  for (const Candidate& candidate : all.value()) {
    if (candidate.broken.empty()) {
      names.insert(to_string(candidate.variant));
    }
  }
  return names;
}

TEST(Catalog, OffersAtLeastFiveTilesFourWarpCountsAndThreeStageCountsOfRowCarry) {
  const Kernel& kernel = **find_kernel("row_carry", Backend::cuda);
  const Space space = kernel.space(rows(32768, 32768), gpu());
  EXPECT_GE(space.find("tile")->values.size(), 5U);
  EXPECT_GE(space.find("warps")->values.size(), 4U);
  EXPECT_GE(space.find("stages")->values.size(), 3U);
}

TEST(Catalog, HasTheVariantThatHoldsAWholeRowInRegisters) {
  EXPECT_TRUE(admitted(rows(32768, 32768), "row_carry").contains("row_carry tile=32768 warps=8 stages=1"));
}

TEST(Catalog, HasOneBaselineABackend) {
  for (const Backend backend : {Backend::cuda, Backend::cpu}) {
    const auto count = std::ranges::count_if(
        kernels(), [&](const Kernel& kernel) { return kernel.backend == backend && kernel.baseline; });
    EXPECT_EQ(count, 1) << name(backend);
  }
}

TEST(Catalog, RulesOutTilesMuchWiderThanTheRow) {
  for (const std::string& name : admitted(rows(1000, 100), "row_carry")) {
    EXPECT_THAT(name, HasSubstr("tile=1024 "));
  }
  EXPECT_FALSE(admitted(rows(1000, 1), "row_carry").empty());
}

TEST(Catalog, RefusesWhatNoFamilyDoesYet) {
  Workload workload = rows(8, 8);
  workload.dtype = DType::f16;
  const auto type = supported(workload, gpu());
  ASSERT_FALSE(type);
  EXPECT_EQ(type.error().kind, ErrorKind::bad_input);
  EXPECT_THAT(type.error().message, HasSubstr("f32"));
  EXPECT_FALSE(supported({.shape = {{8, 8}, 0}}, gpu()));
  EXPECT_TRUE(supported(rows(8, 8), gpu()));
}

TEST(Catalog, NamesTheFamiliesItKnowsWhereOneIsUnknown) {
  const auto chosen = candidates(rows(8, 8), gpu(), {{"row_cary"}, {}});
  ASSERT_FALSE(chosen);
  EXPECT_THAT(chosen.error().message, HasSubstr("row_carry"));
}

TEST(Catalog, NarrowsAParameterInTheFamiliesThatHaveIt) {
  const auto chosen = candidates(rows(32768, 32768), gpu(), {{}, {{"tile", {int64_t{32768}}}}});
  ASSERT_TRUE(chosen);
  for (const Candidate& candidate : *chosen) {
    EXPECT_EQ(candidate.variant.kernel, "row_carry");  // three_pass has no such tile
    EXPECT_EQ(candidate.variant.number("tile"), 32768);
  }
  EXPECT_EQ(chosen->size(), 12U);
}

TEST(Catalog, RefusesAParameterOrValueThatNoFamilyHas) {
  const auto value = candidates(rows(8, 8192), gpu(), {{}, {{"tile", {int64_t{5}}}}});
  ASSERT_FALSE(value);
  EXPECT_THAT(value.error().message, HasSubstr("tile=5"));
  const auto param = candidates(rows(8, 8192), gpu(), {{}, {{"tiles", {int64_t{1024}}}}});
  ASSERT_FALSE(param);
  EXPECT_THAT(param.error().message, HasSubstr("tile, warps, stages"));
}

TEST(ThreePass, LaunchesThreeKernelsAndCountsOneSumATile) {
  const Kernel& kernel = **find_kernel("three_pass", Backend::cuda);
  const Variant variant{"three_pass", {{"tile", int64_t{1024}}, {"warps", int64_t{8}}, {"stages", int64_t{2}}}};
  const Workload workload = rows(3, 2500);  // three tiles a row
  const std::vector<Launch> launches = kernel.launches(variant, workload, gpu());
  ASSERT_EQ(launches.size(), 3U);
  EXPECT_EQ(launches[0].entry, "scantune::block_sums<float, float, 1024, 8, 2>");
  EXPECT_EQ(launches[0].grid_blocks, 5);  // nine tiles, two a block
  EXPECT_EQ(launches[1].grid_blocks, 3);
  EXPECT_EQ(launches[2].grid_blocks, 5);
  EXPECT_EQ(launches[2].block_threads, 256);
  EXPECT_EQ(kernel.workspace_bytes(variant, workload, gpu()), 9 * 4);
}

TEST(ThreePass, CountsTilesInSixtyFourBits) {
  const Kernel& kernel = **find_kernel("three_pass", Backend::cuda);
  const Variant variant{"three_pass", {{"tile", int64_t{1024}}, {"warps", int64_t{8}}, {"stages", int64_t{1}}}};
  const Workload workload = rows(int64_t{1} << 33, 1);
  EXPECT_EQ(kernel.launches(variant, workload, gpu())[0].grid_blocks, (int64_t{1} << 31) - 1);
  EXPECT_EQ(kernel.workspace_bytes(variant, workload, gpu()), int64_t{1} << 35);
}

TEST(RowCarry, LaunchesABlockARow) {
  const Kernel& kernel = **find_kernel("row_carry", Backend::cuda);
  const Variant variant{"row_carry", {{"tile", int64_t{4096}}, {"warps", int64_t{16}}, {"stages", int64_t{3}}}};
  const std::vector<Launch> launches = kernel.launches(variant, rows(1000, 99991), gpu());
  ASSERT_EQ(launches.size(), 1U);
  EXPECT_EQ(launches[0].entry, "scantune::row_carry<float, float, 4096, 16, 3>");
  EXPECT_EQ(launches[0].grid_blocks, 1000);
  EXPECT_EQ(launches[0].block_threads, 512);
  EXPECT_EQ(kernel.estimate(variant, rows(1000, 99991), gpu()).bytes_in_flight_per_block, 4096 * 4 * 3);
}

TEST(SourceDigest, ChangesWithTheSource) {
  Kernel kernel = **find_kernel("row_carry", Backend::cuda);
  const std::string before = source_digest(kernel);
  kernel.sources.at(0).text += " ";
  EXPECT_NE(source_digest(kernel), before);
}

TEST(Embedded, HoldsEveryFileThatAFamilyIncludes) {
  for (const Kernel& kernel : kernels()) {
    ASSERT_FALSE(kernel.sources.empty()) << kernel.name;
    for (const SourceFile& file : kernel.sources) {
      EXPECT_FALSE(file.text.empty()) << file.path;
    }
  }
  EXPECT_THROW(embedded({"no_such.cuh"}), std::out_of_range);
}

}  // namespace
}  // namespace scantune
