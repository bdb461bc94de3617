// The exported code launches what scantune launched: its plan against the catalog's, on every chip and type.
#include "exports/templates/plan.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "catalog/catalog.h"
#include "exports/plan_config.h"
#include "exports/tuned.h"
#include "inputs.h"

namespace scantune::exports {
namespace {

namespace plan = scantune_kernels::detail;
using plan::Buffers;
using plan::Choice;
using plan::Config;
using plan::Entry;
using plan::Family;
using plan::kKinds;
using plan::Launches;
using plan::Problem;
using plan::Table;
using PlanDevice = plan::Device;
using PlanChip = plan::Chip;

Workload workload_of(const Geometry& g, DType dtype, DType accumulator) {
  Workload workload;
  workload.shape = {{g.outer, g.n, g.inner}, 1};
  workload.dtype = dtype;
  workload.accumulator = accumulator;
  return workload;
}

Problem problem_of(const Workload& workload) {
  const Geometry g = workload.geometry();
  return {g.outer, g.n, g.inner, static_cast<int>(size_bytes(workload.dtype)),
          static_cast<int>(size_bytes(workload.accumulator))};
}

PlanDevice device_of(const Chip& chip) {
  return {chip.compute_capability, chip.compute_capability, chip.multiprocessors, chip.shared_bytes_per_block};
}

// Row and column shapes that take each path of the launch rules: one tile and many, ragged, narrow accesses.
const std::vector<Geometry> kGeometries = {{1, 1, 1},        {4096, 4096, 1}, {7, 99991, 1},    {1, 1 << 28, 1},
                                           {1 << 23, 33, 1}, {5, 1000, 1},    {1, 4096, 4096},  {3, 777, 130},
                                           {9, 100000, 64},  {2, 50, 7},      {1, 1 << 22, 64}, {128, 8192, 1024}};

// Launches of a plan and of the catalog, as texts.
std::vector<std::string> texts(const Launches& plan) {
  std::vector<std::string> all;
  all.reserve(static_cast<size_t>(plan.count) + 1);
  for (int i = 0; i < plan.count; ++i) {
    all.push_back(fmt::format("{} x {}, {} shared", plan.dims[i].grid_blocks, plan.dims[i].block_threads,
                              plan.dims[i].shared_bytes));
  }
  all.push_back(fmt::format("workspace {}", plan.workspace_bytes));
  return all;
}

std::vector<std::string> texts(const Kernel& kernel, const Variant& variant, const Workload& workload,
                               const Chip& chip) {
  std::vector<std::string> all;
  for (const Launch& launch : kernel.launches(variant, workload, chip)) {
    all.push_back(fmt::format("{} x {}, {} shared", launch.grid_blocks, launch.block_threads, launch.shared_bytes));
  }
  all.push_back(fmt::format("workspace {}", kernel.workspace_bytes(variant, workload, chip)));
  return all;
}

TEST(Plan, LaunchesWhatTheCatalogLaunches) {
  std::set<std::string> families;
  for (const Chip& chip : reference_chips()) {
    for (const TypePair& types : type_pairs()) {
      for (const Geometry& g : kGeometries) {
        const Workload workload = workload_of(g, types.dtype, types.accumulator);
        const auto all = candidates(workload, chip, {});
        ASSERT_TRUE(all) << all.error().message;
        for (size_t i = 0; i < all->size(); i += 3) {  // enough to meet each family and each value
          const Candidate& one = (*all)[i];
          if (!one.broken.empty()) {
            continue;
          }
          const Config config = config_of(one.variant, workload, chip);
          const int access = sums_columns(config.family)
                                 ? columns_access_bytes(g.inner, static_cast<int>(size_bytes(types.dtype)),
                                                        static_cast<int>(size_bytes(workload.output_dtype())))
                                 : static_cast<int>(size_bytes(types.dtype));
          const std::string what =
              fmt::format("{} {} {} {}", to_string(one.variant), to_string(g), types.name, chip.name);
          ASSERT_EQ(texts(launches_of(config, problem_of(workload), access, chip.multiprocessors)),
                    texts(*one.kernel, one.variant, workload, chip))
              << what;
          ASSERT_TRUE(can_do(config, problem_of(workload), access, device_of(chip))) << what;
          families.insert(one.variant.kernel + (g.inner > 1 ? " columns" : " rows"));
        }
      }
    }
  }
  EXPECT_THAT(families,
              testing::ElementsAre("column_carry columns", "column_split columns", "long_row rows", "row_carry rows",
                                   "short_row rows", "three_pass columns", "three_pass rows"));
}

// --- The choice ---

constexpr int kF32 = 4;

Problem f32(long long outer, long long n, long long inner = 1) { return {outer, n, inner, kF32, kF32}; }

// A table of two chips, written by hand.
struct ByHand {
  static constexpr PlanChip kChips[] = {{"Big", 90, 132}, {"Small", 86, 28}};
  static constexpr Config kConfigs[] = {
      {Family::row_carry, 8192, 8, 2, 0, Storage::bulk, 0, 0, 0, 0, 0, 1},
      {Family::row_carry, 4096, 4, 1, 0, Storage::registers, 0, 0, 0, 0, 0, 1},
      {Family::long_row, 8192, 8, 6, 1, Storage::async, 0, 0, 0, 0, 0, 1},
      {Family::column_carry, 0, 8, 0, 0, Storage::registers, 0, 128, 8, 2, 25, 1},
      {Family::short_row, 0, 8, 0, 0, Storage::registers, 8, 0, 0, 0, 0, 1},
      {Family::three_pass_columns, 0, 8, 0, 0, Storage::registers, 0, 64, 8, 0, 0, 1},
  };
  static constexpr const char* kNames[] = {"bulk rows", "rows", "long rows", "columns", "short rows", "all columns"};
  static constexpr Entry kEntries[] = {{0, 32768, 32768, 1, 0, 0.99},
                                       {0, 4096, 4096, 1, 1, 0.98},
                                       {0, 1, 1 << 28, 1, 2, 0.97},
                                       {0, 1, 32768, 32768, 3, 0.98},
                                       {1, 4096, 4096, 1, 1, 0.9}};
  static constexpr int kDefaults[kKinds] = {4, 1, 1, 5, 5};
  static constexpr Table kTable = {kChips, 2, kEntries, 5, kConfigs, kNames, 6, kDefaults, 1, 5};
};

const Table& table = ByHand::kTable;
const PlanDevice kBig = {90, 90, 132, 232448};
const PlanDevice kSmall = {86, 86, 28, 101376};
const Buffers kAligned = {256, 256, kF32, false, true};
constexpr long long kAny = 1LL << 60;

std::string chosen(const Problem& p, const PlanDevice& device = kBig, const Buffers& buffers = kAligned,
                   long long workspace = kAny) {
  const int chip = device.multiprocessors == kBig.multiprocessors ? 0 : 1;
  const Choice choice = choose(table, chip, p, device, buffers, workspace);
  return choice.found ? fmt::format("{} {}", ByHand::kNames[choice.config], choice.entry) : "nothing";
}

TEST(Choice, IsWhatWasTunedForTheShapeItself) {
  EXPECT_EQ(chosen(f32(32768, 32768)), "bulk rows 0");
  EXPECT_EQ(chosen(f32(4096, 4096)), "rows 1");
  EXPECT_EQ(chosen(f32(1, 1 << 28)), "long rows 2");
  EXPECT_EQ(chosen(f32(1, 32768, 32768)), "columns 3");
}

TEST(Choice, IsTheClosestInPowersOfTwo) {
  EXPECT_EQ(chosen(f32(20000, 20000)), "bulk rows 0");
  EXPECT_EQ(chosen(f32(5000, 5000)), "rows 1");
  EXPECT_EQ(chosen(f32(8, 1 << 24)), "long rows 2");
}

TEST(Choice, NeverCrossesTheKindsOfShapes) {
  EXPECT_EQ(chosen(f32(1 << 20, 64)), "short rows -1") << "nothing was tuned for short rows: the default";
  EXPECT_EQ(chosen(f32(1, 1 << 22, 16)), "all columns -1") << "few long columns are no columns";
}

TEST(Choice, KeepsToTheChip) {
  EXPECT_EQ(chosen(f32(32768, 32768), kSmall), "rows 4");
  EXPECT_EQ(chosen(f32(1, 1 << 28), kSmall), "rows -1") << "nothing was tuned for long rows there";
}

TEST(Choice, LeavesOutWhatTheGpuCannotDo) {
  PlanDevice old = kBig;
  old.code = 80;  // PTX of sm_80, in which bulk copies do nothing
  EXPECT_EQ(chosen(f32(32768, 32768), old), "rows 1");
  PlanDevice narrow = kBig;
  narrow.shared_bytes_block = 101376;  // the ring of six tiles takes 192 KiB
  EXPECT_EQ(chosen(f32(1, 1 << 28), narrow), "rows -1");
}

TEST(Choice, FallsBackWhereTheWorkspaceIsTooSmall) {
  EXPECT_EQ(chosen(f32(1, 1 << 28), kBig, kAligned, 16), "rows -1");
  EXPECT_EQ(chosen(f32(1, 32768, 32768), kBig, kAligned, 16), "nothing") << "no kernel of columns does without";
}

TEST(Choice, SumsRowsInPlaceByColumnsUnlessTheyLieInLinesOfTheirOwn) {
  Buffers in_place = kAligned;
  in_place.in_place = true;
  EXPECT_EQ(chosen(f32(4096, 4096), kBig, in_place), "rows 1");
  in_place.whole_lines = false;
  EXPECT_EQ(chosen(f32(4096, 4095), kBig, in_place), "columns 3");
  const Choice choice = choose(table, 0, f32(4096, 4095), kBig, in_place, kAny);
  EXPECT_EQ(choice.access, kF32);
}

TEST(Choice, TakesAccessesThatPointersAndRowsAllow) {
  EXPECT_EQ(widest_access(f32(1, 10, 64), 256, 256, 4), 16);
  EXPECT_EQ(widest_access(f32(1, 10, 66), 256, 256, 4), 8);
  EXPECT_EQ(widest_access(f32(1, 10, 64), 8, 256, 4), 8);
  EXPECT_EQ(widest_access(f32(1, 10, 64), 256, 4, 4), 4);
  EXPECT_EQ(widest_access(f32(1, 10, 64), 256, 8, 8), 4) << "i32 summed in i64: two results are 16 bytes";
  EXPECT_EQ(widest_access(f32(1, 10, 64), 256, 16, 8), 8) << "results are written in one access";
}

TEST(Choice, KnowsTheChipByItsNameElseByWhatIsClosest) {
  EXPECT_EQ(closest_chip(table, "Small", kBig), 1);
  EXPECT_EQ(closest_chip(table, "Other", kBig), 0);
  EXPECT_EQ(closest_chip(table, "Other", {89, 89, 128, 101376}), 0);
  EXPECT_EQ(closest_chip(table, "Other", {80, 80, 108, 166912}), 1);
}

TEST(Choice, FindsSomethingForEveryShapeOnEveryChip) {
  for (const TypePair& types : type_pairs()) {
    const std::vector<Variant> defaults = default_variants(types.dtype);
    for (const Chip& chip : reference_chips()) {
      std::vector<Config> configs;
      for (size_t i = 0; i < defaults.size(); ++i) {
        const bool columns = i == 3 || i == 4 || i == 6;
        const Workload workload =
            workload_of(columns ? Geometry{1, 4096, 4096} : Geometry{4096, 4096, 1}, types.dtype, types.accumulator);
        configs.push_back(config_of(defaults[i], workload, chip));
      }
      const int kinds[kKinds] = {0, 1, 2, 3, 4};
      const Table own = {nullptr, 0, nullptr, 0, configs.data(), nullptr, 7, kinds, 5, 6};
      const int e = static_cast<int>(size_bytes(types.dtype));
      for (const Geometry& g : kGeometries) {
        for (int alignment = e; alignment <= 16; alignment *= 2) {
          const Problem p = {g.outer, g.n, g.inner, e, static_cast<int>(size_bytes(types.accumulator))};
          const Buffers buffers = {alignment, 256, e, false, false};
          const Choice choice = choose(own, 0, p, device_of(chip), buffers, kAny);
          ASSERT_TRUE(choice.found) << types.name << " " << chip.name << " " << to_string(g);
          EXPECT_EQ(choice.config, static_cast<int>(kind_of(p, chip.multiprocessors)))
              << types.name << " " << chip.name << " " << to_string(g) << ": the default of its kind cannot do it";
          Buffers in_place = buffers;
          in_place.in_place = true;
          EXPECT_TRUE(choose(own, 0, p, device_of(chip), in_place, kAny).found);
        }
      }
    }
  }
}

}  // namespace
}  // namespace scantune::exports
