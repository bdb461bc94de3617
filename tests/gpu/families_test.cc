// The families of the catalog on a GPU: shapes that divide nothing, long rows, many rows.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>

#include "catalog/catalog.h"
#include "gpu.h"

namespace scantune::cuda {
namespace {

class Families : public GpuTest {
 protected:
  // Verifies up to `most` admitted variants of every family that does the workload, spread over its space.
  static void verify(const Workload& job, size_t most) {
    SCOPED_TRACE(to_string(job));
    if (gpu->memory_needed(job) > gpu->info().free_bytes) {
      GTEST_SKIP() << "needs " << gpu->memory_needed(job) << " bytes of GPU memory";
    }
    const auto session = open(job);
    ASSERT_NE(session, nullptr);
    std::vector<Case> cases;
    size_t families = 0;
    for (const Kernel* kernel : kernels_for(job, gpu->info().chip)) {
      auto all = candidates(job, gpu->info().chip, {.kernels = {kernel->name}, .settings = {}, .prune = false});
      ASSERT_TRUE(all) << all.error().message;
      std::erase_if(*all, [](const Candidate& candidate) { return !candidate.broken.empty(); });
      EXPECT_FALSE(kernel->baseline && all->empty()) << kernel->name;
      families += all->empty() ? 0 : 1;
      const size_t count = std::min(most, all->size());
      for (size_t i = 0; i < count; ++i) {
        // The first, the last and those between.
        cases.push_back({.workload = job,
                         .kernel = kernel,
                         .variant = (*all)[count == 1 ? 0 : i * (all->size() - 1) / (count - 1)].variant});
      }
    }
    EXPECT_GE(families, 2U);  // the baseline and one to compare with it
    compile_all(cases);
    for (const Case& one : cases) {
      ASSERT_TRUE(one.artifact) << to_string(one.variant) << ": " << one.artifact.error().what;
      const auto handle = session->load(*one.artifact);
      ASSERT_TRUE(handle) << to_string(one.variant) << ": " << handle.error().what;
      const auto verified = session->verify(*handle);
      EXPECT_TRUE(verified) << to_string(one.variant) << ": " << verified.error().what;
      session->unload(*handle);
    }
  }
};

TEST_F(Families, ScanSmallAndOddShapes) {
  for (const std::vector<int64_t>& extents : std::vector<std::vector<int64_t>>{{1, 1},
                                                                               {1, 2},
                                                                               {2, 1},
                                                                               {3, 7},
                                                                               {5, 31},
                                                                               {17, 33},
                                                                               {300, 64},
                                                                               {3, 127},
                                                                               {4, 1000},
                                                                               {7, 4097},
                                                                               {2, 100'003},
                                                                               {999, 1},
                                                                               {2, 3, 5, 7, 11}}) {
    verify(workload(extents), 3);
  }
}

TEST_F(Families, ScanEveryVariantOfAnOddShape) { verify(workload({37, 20'011}), 1000); }

TEST_F(Families, ScanMoreThan1024TilesARow) { verify(workload({2, (int64_t{1} << 24) + 3}), 3); }

TEST_F(Families, ScanMoreThan65535Rows) {
  verify(workload({70'001, 257}), 3);
  verify(workload({1'000'003, 5}), 2);
}

TEST_F(Families, ScanMoreThan65535TilesInAll) { verify(workload({9, (int64_t{1} << 25) + 1}), 2); }

TEST_F(Families, ScanMoreThan2To31Elements) {
  verify(workload({3, int64_t{1} << 30}), 2);
  verify(workload({65'537, 33'000}), 2);
}

// The pairs of types that sums are kept in.
std::vector<std::pair<DType, DType>> types() {
  std::vector<std::pair<DType, DType>> pairs;
  pairs.reserve(kAllDTypes.size() + 1);
  for (const DType dtype : kAllDTypes) {
    pairs.emplace_back(dtype, default_accumulator(dtype));
  }
  pairs.emplace_back(DType::i32, DType::i64);
  return pairs;
}

TEST_F(Families, ScanColumnsOfEveryType) {
  for (const auto& [dtype, accumulator] : types()) {
    // Rows of a multiple of 16 bytes, of one of 2 alone, and of an odd number of elements.
    for (const std::vector<int64_t>& extents :
         std::vector<std::vector<int64_t>>{{3, 1000, 512}, {2, 777, 130}, {5, 513, 99}, {1, 20'011, 6}}) {
      Workload job = workload(extents, 1, dtype);
      job.accumulator = accumulator;
      verify(job, 3);
    }
  }
}

TEST_F(Families, ScanColumnsOfSmallAndOddShapes) {
  for (const std::vector<int64_t>& extents : std::vector<std::vector<int64_t>>{{1, 1, 2},
                                                                               {1, 2, 3},
                                                                               {2, 3, 2},
                                                                               {3, 7, 5},
                                                                               {1, 1, 100'003},
                                                                               {999, 1, 3},
                                                                               {1, 33, 31},
                                                                               {300, 64, 2},
                                                                               {7, 129, 257},
                                                                               {1, 4097, 1025}}) {
    verify(workload(extents, 1), 4);
  }
  verify(workload({2, 3, 5, 7, 11}, 2), 3);
}

TEST_F(Families, ScanColumnsOfOddShapesWithManyVariants) {
  verify(workload({37, 1511, 203}, 1), 40);
  verify(workload({3, 100'003, 60}, 1), 20);
}

TEST_F(Families, ScanColumnsOfManySmallMatrices) {
  verify(workload({70'001, 5, 33}, 1), 3);
  verify(workload({1'000'003, 3, 4}, 1), 3);
}

TEST_F(Families, ScanFewLongColumns) {
  verify(workload({(int64_t{1} << 22) + 5, 64}, 0), 3);
  verify(workload({2, (int64_t{1} << 23) + 1, 3}, 1), 3);
}

TEST_F(Families, ScanColumnsOfMoreThan2To31Elements) {
  verify(workload({3, 32'771, 32'768}, 1), 2);
  verify(workload({65'537, 33'001}, 0), 2);
  verify(workload({66'000, 257, 128}, 1), 2);
}

TEST_F(Families, ScanTheHeadlineShapes) {
  verify(workload({32768, 32768}), 4);
  verify(workload({32768, 32768}, 0), 4);
  verify(workload({128, 8192, 1024}, 1), 4);
}

// Small enough for compute-sanitizer, and still every family: ragged rows and columns, several tiles a row, few and
// many rows, all types of sums.
TEST_F(Families, ScanTheSanitizersSet) {
  verify(workload({37, 333}), 2);
  verify(workload({2, 40'001}), 2);
  verify(workload({3, 300, 70}, 1), 2);
  verify(workload({1, 2'000, 6}, 1, DType::f16), 2);
  verify(workload({3, 9'001}, 1, DType::f64), 2);
  verify(workload({2, 70'003}, 1, DType::bf16), 2);
}

TEST_F(Families, AreTimedAndProfiled) {
  const Workload job = workload({4096, 8192});
  const auto session = open(job);
  ASSERT_NE(session, nullptr);
  int measured = 0;
  for (const Kernel* kernel : kernels_for(job, gpu->info().chip)) {
    const auto all = candidates(job, gpu->info().chip, {.kernels = {kernel->name}, .settings = {}, .prune = false});
    ASSERT_TRUE(all);
    const auto admitted = std::ranges::find(*all, "", &Candidate::broken);
    if (admitted == all->end()) {
      continue;  // not for so many rows
    }
    ++measured;
    const auto handle = load(*session, *kernel, job, admitted->variant);
    ASSERT_TRUE(handle) << handle.error().what;
    const auto profile = session->profile(*handle, {"gpu__time_duration.sum"});
    ASSERT_TRUE(profile) << profile.error().what;
    EXPECT_EQ(profile->launches.size(), session->resources(*handle).size());
    const auto samples = session->round(std::vector<Handle>{*handle, kCopy, *handle}, {}, {});
    ASSERT_TRUE(samples) << samples.error().failure.what;
    EXPECT_EQ(samples->size(), 3u);
    EXPECT_TRUE(session->verify(*handle));
  }
  EXPECT_GE(measured, 3);
}

}  // namespace
}  // namespace scantune::cuda
