#include <gmock/gmock.h>
#include <gtest/gtest.h>

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

TEST(CpuFamilies, RefuseWhatTheyCannotDoInWords) {
  Workload columns = rows_of(100, 100);
  columns.shape.dim = 0;
  Workload doubles = rows_of(100, 100);
  doubles.dtype = DType::f64;
  doubles.accumulator = DType::f64;
  for (const Kernel& kernel : kernels()) {
    if (kernel.backend == Backend::cpu) {
      EXPECT_THAT(kernel.refuses(rows_of(100, 100), cpu(2)), IsEmpty());
      EXPECT_THAT(kernel.refuses(columns, cpu(2)), HasSubstr("--dim -1"));
      EXPECT_THAT(kernel.refuses(doubles, cpu(2)), HasSubstr("f32"));
    }
  }
  const auto refused = supported(columns, cpu(2));
  ASSERT_FALSE(refused.has_value());
  EXPECT_EQ(refused.error().kind, ErrorKind::bad_input);
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
  EXPECT_EQ(digests.size(), 3U);
}

}  // namespace
}  // namespace scantune
