#include "catalog/catalog.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <array>
#include <map>
#include <set>

#include "catalog/embedded.h"
#include "column_carry.launch.h"

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
  EXPECT_TRUE(
      admitted(rows(32768, 32768), "row_carry").contains("row_carry tile=32768 warps=8 stages=1 storage=registers"));
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

TEST(Catalog, HasABaselineAndAnotherFamilyForEveryTypeAlongEveryDimension) {
  for (const DType dtype : kAllDTypes) {
    for (const int dim : {0, 1, 2}) {
      const Workload workload{.shape = {{12, 34, 56}, dim}, .dtype = dtype, .accumulator = default_accumulator(dtype)};
      ASSERT_TRUE(supported(workload, gpu())) << to_string(workload);
      const auto families = kernels_for(workload, gpu());
      EXPECT_GE(families.size(), 2U) << to_string(workload);
      EXPECT_TRUE(families.front()->baseline) << to_string(workload);
    }
  }
}

TEST(Catalog, SaysWhyAFamilyAskedForByNameRefuses) {
  const auto rows_of_columns = candidates(columns(8, 8, 8), gpu(), {{"row_carry"}, {}});
  ASSERT_FALSE(rows_of_columns);
  EXPECT_EQ(rows_of_columns.error().kind, ErrorKind::bad_input);
  EXPECT_THAT(rows_of_columns.error().message, HasSubstr("innermost dimension only"));
  const auto columns_of_rows = candidates(rows(8, 8), gpu(), {{"column_carry"}, {}});
  ASSERT_FALSE(columns_of_rows);
  EXPECT_THAT(columns_of_rows.error().message, HasSubstr("not the innermost"));
}

// Shapes that divide nothing, that are tiny, and that are long in one of the three.
TEST(Catalog, AdmitsAVariantOfEveryFamilyForAnyShape) {
  for (const DType dtype : kAllDTypes) {
    for (const auto& [outer, n, inner] : std::vector<std::array<int64_t, 3>>{{1, 1, 2},
                                                                             {1, 2, 3},
                                                                             {3, 7, 5},
                                                                             {1, 4096, 4096},
                                                                             {1, 1, 1 << 30},
                                                                             {1 << 20, 3, 33},
                                                                             {5, 1 << 24, 1 << 6},
                                                                             {1 << 20, 16, 64}}) {
      const Workload workload{
          .shape = {{outer, n, inner}, 1}, .dtype = dtype, .accumulator = default_accumulator(dtype)};
      for (const Kernel* kernel : kernels_for(workload, gpu())) {
        if (kernel->name != "column_split") {  // for few strips only
          const auto all = candidates(workload, gpu(), {{kernel->name}, {}});
          EXPECT_TRUE(std::ranges::any_of(*all, [](const Candidate& candidate) { return candidate.broken.empty(); }))
              << kernel->name << ' ' << to_string(workload);
        }
      }
    }
  }
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
  EXPECT_EQ(chosen->size(), 36U);
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
  const Variant variant{
      "row_carry", {{"tile", int64_t{4096}}, {"warps", int64_t{16}}, {"stages", int64_t{3}}, {"storage", "registers"}}};
  const std::vector<Launch> launches = kernel.launches(variant, rows(1000, 99991), gpu());
  ASSERT_EQ(launches.size(), 1U);
  EXPECT_EQ(launches[0].entry, "scantune::row_carry<float, float, 4096, 16, 3, scantune::Storage::registers>");
  EXPECT_EQ(launches[0].grid_blocks, 1000);
  EXPECT_EQ(launches[0].block_threads, 512);
  EXPECT_EQ(kernel.estimate(variant, rows(1000, 99991), gpu()).bytes_in_flight_per_block, 4096 * 4 * 3);
}

TEST(ThreePass, SumsColumnsAlongAnyOtherDimension) {
  const Kernel& kernel = **find_kernel("three_pass", Backend::cuda);
  const Variant variant{"three_pass", {{"columns", int64_t{64}}, {"warps", int64_t{8}}, {"rows", int64_t{8}}}};
  const Workload workload = columns(3, 1000, 100);  // tiles of 128 rows: 8 slabs, 2 strips
  const std::vector<Launch> launches = kernel.launches(variant, workload, gpu());
  ASSERT_EQ(launches.size(), 3U);
  EXPECT_EQ(launches[0].entry, "scantune::column_sums<float, float, 16, 64, 8, 8>");
  EXPECT_EQ(launches[0].grid_blocks, 3 * 8 * 2);
  EXPECT_EQ(launches[1].entry, "scantune::column_prefix<float, float, 16, 64, 8, 8>");
  EXPECT_EQ(launches[1].grid_blocks, 3 * 4);  // 32 columns each
  EXPECT_EQ(launches[2].entry, "scantune::column_cumsum_with_prefix<float, float, 16, 64, 8, 8>");
  EXPECT_EQ(kernel.workspace_bytes(variant, workload, gpu()), 3 * 8 * 100 * 4);
}

Variant column_carry(int64_t columns, int64_t warps, int64_t rows, int64_t blocks, int64_t interleave) {
  return {"column_carry",
          {{"columns", columns}, {"warps", warps}, {"rows", rows}, {"blocks", blocks}, {"interleave", interleave}}};
}

TEST(ColumnCarry, LaunchesAsManyBlocksAsTheGpuHolds) {
  const Kernel& kernel = **find_kernel("column_carry", Backend::cuda);
  const Workload workload = columns(128, 8192, 1024);
  const std::vector<Launch> launches = kernel.launches(column_carry(64, 8, 16, 2, 50), workload, gpu());
  ASSERT_EQ(launches.size(), 2U);
  EXPECT_EQ(launches[0].entry, "scantune::column_carry_reset<float, float, 16, 64, 8, 16>");
  EXPECT_TRUE(launches[0].overlaps);
  EXPECT_EQ(launches[1].entry, "scantune::column_carry<float, float, 16, 64, 8, 16, 2, 50>");
  EXPECT_EQ(launches[1].grid_blocks, 2 * gpu().multiprocessors);
  EXPECT_EQ(launches[1].block_threads, 256);
  EXPECT_TRUE(launches[1].overlaps);
  EXPECT_EQ(kernel.launches(column_carry(64, 8, 16, 2, 50), columns(1, 100, 100), gpu())[1].grid_blocks, 2);
  EXPECT_EQ(kernel.estimate(column_carry(64, 8, 16, 2, 50), workload, gpu()).bytes_in_flight_per_block, 65536);
}

TEST(ColumnCarry, HasACarryForEveryColumnUnlessATileIsAsHighAsThem) {
  const Kernel& kernel = **find_kernel("column_carry", Backend::cuda);
  Workload workload = columns(3, 1000, 100);
  EXPECT_EQ(kernel.workspace_bytes(column_carry(64, 8, 16, 2, 50), workload, gpu()), 8 * (1 + 300));
  EXPECT_EQ(kernel.workspace_bytes(column_carry(64, 8, 16, 2, 50), columns(3, 256, 100), gpu()), 8);
  workload.dtype = workload.accumulator = DType::f64;  // two words a sum
  EXPECT_EQ(kernel.workspace_bytes(column_carry(64, 8, 16, 2, 50), workload, gpu()), 8 * (1 + 600));
}

TEST(ColumnCarry, HasTheBestVariantsMeasured) {
  EXPECT_TRUE(admitted(columns(1, 32768, 32768), "column_carry")
                  .contains("column_carry columns=256 warps=16 rows=16 blocks=1 interleave=25"));
  EXPECT_TRUE(admitted(columns(128, 8192, 1024), "column_carry")
                  .contains("column_carry columns=64 warps=16 rows=16 blocks=1 interleave=50"));
}

TEST(ColumnCarry, AccessesAsManyBytesAsRowsAllow) {
  const Kernel& kernel = **find_kernel("column_carry", Backend::cuda);
  const auto access = [&](int64_t inner, DType dtype) {
    const Workload workload{.shape = {{2, 100, inner}, 1}, .dtype = dtype, .accumulator = default_accumulator(dtype)};
    const std::string entry = kernel.launches(column_carry(64, 8, 16, 2, 50), workload, gpu())[1].entry;
    return entry.substr(entry.find(", 64, 8") - 2, 2);
  };
  EXPECT_EQ(access(1000, DType::f32), "16");
  EXPECT_EQ(access(1002, DType::f32), " 8");
  EXPECT_EQ(access(1001, DType::f32), " 4");
  EXPECT_EQ(access(1001, DType::f16), " 2");
  EXPECT_EQ(access(1001, DType::f64), " 8");
}

// The order of tickets: every tile once, each after the one below it, at the distance that was asked for.
TEST(ColumnCarry, TakesEveryTileOnceAndAfterTheOneBelowIt) {
  for (const unsigned outer : {1U, 2U, 3U, 7U, 16U, 33U}) {
    for (const unsigned slabs : {1U, 2U, 5U}) {
      for (const unsigned strips : {1U, 3U, 8U}) {
        for (const unsigned apart : {0U, 1U, 4U, 13U, 24U, 1000U}) {
          const ColumnOrder order = column_order(outer, slabs, strips, apart);
          std::map<std::array<unsigned, 3>, unsigned> tickets;
          for (unsigned ticket = 0; ticket < outer * slabs * strips; ++ticket) {
            const ColumnTurn turn = column_turn(order, ticket);
            ASSERT_LT(turn.o, outer);
            ASSERT_LT(turn.slab, slabs);
            ASSERT_LT(turn.strip, strips);
            ASSERT_TRUE(tickets.emplace(std::array{turn.o, turn.slab, turn.strip}, ticket).second);
            if (turn.slab > 0) {
              const auto below = tickets.find({turn.o, turn.slab - 1, turn.strip});
              ASSERT_NE(below, tickets.end());
              EXPECT_GE(ticket - below->second, std::min(apart, outer * strips));
            }
          }
        }
      }
    }
  }
}

TEST(ColumnCarry, InterleavesNoMoreMatricesThanItMust) {
  // 16 strips a matrix: nine of them for 132 tiles apart. 128 / 9 = 14 groups, of nine or ten.
  const ColumnOrder order = column_order(128, 16, 16, 132);
  EXPECT_EQ(order.size, 9U);
  EXPECT_EQ(order.larger, 2U);
  EXPECT_EQ(column_turn(order, 0).o, 127U);
  EXPECT_EQ(column_turn(order, 16 * 10 - 1).o, 118U);
  EXPECT_EQ(column_turn(order, 16 * 10).slab, 1U);
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
