#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <set>

#include "catalog/catalog.h"

namespace scantune {
namespace {

using ::testing::HasSubstr;
using ::testing::IsEmpty;

Chip cpu(int cpus, const std::string& isa = "avx2") {
  Chip chip;
  chip.backend = Backend::cpu;
  chip.name = "a CPU";
  chip.code_name = isa;
  chip.multiprocessors = cpus;
  return chip;
}

Workload rows_of(int64_t rows, int64_t n) {
  Workload workload;
  workload.shape = Shape{{rows, n}, 1};
  return workload;
}

std::vector<Variant> admitted(const Workload& workload, const Chip& chip) {
  std::vector<Variant> variants;
  auto all = candidates(workload, chip, {});
  EXPECT_TRUE(all.has_value());
  for (Candidate& candidate : *all) {
    if (candidate.broken.empty()) {
      variants.push_back(std::move(candidate.variant));
    }
  }
  return variants;
}

std::set<std::string> families(const std::vector<Variant>& variants) {
  std::set<std::string> names;
  for (const Variant& variant : variants) {
    names.insert(variant.kernel);
  }
  return names;
}

TEST(CpuFamilies, HaveExactlyOneBaseline) {
  int baselines = 0;
  for (const Kernel& kernel : kernels()) {
    baselines += kernel.backend == Backend::cpu && kernel.baseline ? 1 : 0;
  }
  EXPECT_EQ(baselines, 1);
  EXPECT_TRUE((*find_kernel("cpu_two_pass", Backend::cpu))->baseline);
}

TEST(CpuFamilies, OfferTheHeadlineShapeAFewDozenVariantsWithTheBaselineAmongThem) {
  for (const int cpus : {1, 2, 4, 16, 192}) {
    const auto variants = admitted(rows_of(32768, 32768), cpu(cpus));
    EXPECT_GE(variants.size(), 20U) << cpus;
    EXPECT_LE(variants.size(), 80U) << cpus;
    EXPECT_TRUE(families(variants).contains("cpu_two_pass")) << cpus;
    EXPECT_TRUE(families(variants).contains("cpu_row_carry")) << cpus;
  }
  EXPECT_LE(admitted(rows_of(32768, 32768), cpu(2)).size(), 40U);
}

TEST(CpuFamilies, KeepEveryCpuBusyOnOneLongRow) {
  const auto variants = admitted(rows_of(1, 1 << 24), cpu(8));
  EXPECT_EQ(families(variants), (std::set<std::string>{"cpu_two_pass", "cpu_tile_chain"}));
  for (const Variant& variant : variants) {
    EXPECT_GT(variant.number("threads"), 1) << to_string(variant);
  }
}

TEST(CpuFamilies, HaveAVariantForEveryShapeAndMachine) {
  for (const int cpus : {1, 2, 3, 64}) {
    for (const int64_t rows : {1, 2, 1000, 1 << 20}) {
      for (const int64_t n : {1, 33, 1000, 100003}) {
        EXPECT_FALSE(admitted(rows_of(rows, n), cpu(cpus)).empty()) << cpus << " CPUs, " << rows << "x" << n;
      }
    }
  }
}

TEST(CpuFamilies, LeaveATinyShapeToOneThread) {
  for (const Variant& variant : admitted(rows_of(8, 1000), cpu(16))) {
    EXPECT_EQ(variant.number("threads"), 1) << to_string(variant);
  }
}

TEST(CpuFamilies, OfferStreamingStoresOnlyWhereTheCpuHasThem) {
  std::set<std::string> stores;
  for (const Variant& variant : admitted(rows_of(1000, 1000), cpu(2, "generic"))) {
    stores.insert(variant.word("store"));
  }
  EXPECT_EQ(stores, std::set<std::string>{"cached"});
}

Workload columns_of(int64_t n, int64_t inner) {
  Workload workload;
  workload.shape = Shape{{n, inner}, 0};
  return workload;
}

TEST(CpuFamilies, DoEveryTypeAlongEveryDimensionWithTheBaselineAmongThem) {
  for (const int cpus : {1, 2, 64}) {
    for (Workload workload : {rows_of(1000, 1000), columns_of(1000, 1000), columns_of(1 << 20, 3), columns_of(2, 2)}) {
      for (const DType dtype : kAllDTypes) {
        workload.dtype = dtype;
        workload.accumulator = default_accumulator(dtype);
        EXPECT_TRUE(families(admitted(workload, cpu(cpus))).contains("cpu_two_pass")) << to_string(workload);
      }
      workload.dtype = DType::i32;
      workload.accumulator = DType::i64;
      EXPECT_TRUE(families(admitted(workload, cpu(cpus))).contains("cpu_two_pass")) << to_string(workload);
    }
  }
}

TEST(CpuFamilies, KeepRowsAndColumnsApart) {
  EXPECT_EQ(families(admitted(rows_of(32768, 32768), cpu(2))),
            (std::set<std::string>{"cpu_two_pass", "cpu_row_carry", "cpu_tile_chain"}));
  EXPECT_EQ(families(admitted(columns_of(32768, 32768), cpu(2))),
            (std::set<std::string>{"cpu_two_pass", "cpu_column_carry", "cpu_column_chain"}));
}

TEST(CpuFamilies, KeepEveryCpuBusyOnAFewLongColumns) {
  const auto variants = admitted(columns_of(1 << 24, 3), cpu(8));
  EXPECT_EQ(families(variants), (std::set<std::string>{"cpu_two_pass", "cpu_column_chain"}));
  for (const Variant& variant : variants) {
    EXPECT_GT(variant.number("threads"), 1) << to_string(variant);
  }
}

TEST(CpuFamilies, OfferAllUnrollsForF32RowsOnly) {
  const auto unrolls = [](const Workload& workload) {
    std::set<int64_t> found;
    for (const Variant& variant : admitted(workload, cpu(2))) {
      if (std::ranges::find(variant.settings, "unroll", &Setting::name) != variant.settings.end()) {
        found.insert(variant.number("unroll"));
      }
    }
    return found;
  };
  EXPECT_EQ(unrolls(rows_of(1000, 1000)), (std::set<int64_t>{2, 4, 8}));
  EXPECT_EQ(unrolls(columns_of(1000, 1000)), (std::set<int64_t>{4}));
  Workload halves = rows_of(1000, 1000);
  halves.dtype = DType::f16;
  EXPECT_EQ(unrolls(halves), (std::set<int64_t>{4}));
}

TEST(CpuFamilies, RefuseWhatTheyCannotDoInWords) {
  const auto why = [](const std::string& family, const Workload& workload) {
    return (*find_kernel(family, Backend::cpu))->refuses(workload, cpu(2));
  };
  const Workload rows = rows_of(100, 100);
  const Workload columns = columns_of(100, 100);
  Workload halves_in_halves = rows_of(100, 100);
  halves_in_halves.dtype = DType::f16;
  halves_in_halves.accumulator = DType::f16;
  for (const Kernel& kernel : kernels()) {
    if (kernel.backend == Backend::cpu) {
      EXPECT_THAT(kernel.refuses(halves_in_halves, cpu(2)), ::testing::Not(IsEmpty())) << kernel.name;
    }
  }
  EXPECT_THAT(why("cpu_two_pass", rows), IsEmpty());
  EXPECT_THAT(why("cpu_two_pass", columns), IsEmpty());
  EXPECT_THAT(why("cpu_row_carry", columns), HasSubstr("--dim -1"));
  EXPECT_THAT(why("cpu_tile_chain", columns), HasSubstr("--dim -1"));
  EXPECT_THAT(why("cpu_column_carry", rows), HasSubstr("innermost"));
  EXPECT_THAT(why("cpu_column_chain", rows), HasSubstr("innermost"));
  const auto refused = supported(halves_in_halves, cpu(2));
  ASSERT_FALSE(refused.has_value());
  EXPECT_EQ(refused.error().kind, ErrorKind::bad_input);
  EXPECT_THAT(refused.error().message, HasSubstr("f16 cannot be summed in f16; possible: f32"));
}

TEST(CpuFamilies, CarryTheSourcesTheyWereBuiltFrom) {
  std::set<std::string> digests;
  for (const Kernel& kernel : kernels()) {
    if (kernel.backend == Backend::cpu) {
      ASSERT_FALSE(kernel.sources.empty());
      EXPECT_EQ(kernel.sources.front().path, "cpu/" + kernel.name.substr(4) + ".cc");
      digests.insert(source_digest(kernel));
    }
  }
  EXPECT_EQ(digests.size(), 5U);
}

}  // namespace
}  // namespace scantune
