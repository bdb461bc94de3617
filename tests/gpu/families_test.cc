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
    for (const Kernel* kernel : kernels_for(job, gpu->info().chip)) {
      auto all = candidates(job, gpu->info().chip, {.kernels = {kernel->name}, .settings = {}, .prune = false});
      ASSERT_TRUE(all) << all.error().message;
      std::erase_if(*all, [](const Candidate& candidate) { return !candidate.broken.empty(); });
      const size_t count = std::min(most, all->size());
      for (size_t i = 0; i < count; ++i) {
        // The first, the last and those between.
        cases.push_back({.workload = job,
                         .kernel = kernel,
                         .variant = (*all)[count == 1 ? 0 : i * (all->size() - 1) / (count - 1)].variant});
      }
    }
    EXPECT_FALSE(cases.empty());
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

TEST_F(Families, ScanTheHeadlineShape) { verify(workload({32768, 32768}), 4); }

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
