// Random cases on a GPU: every family that does a workload, in every pair of types, on shapes drawn from where mistakes
// hide: 1, powers of two and their neighbours, primes, few and many rows, dimensions that are not innermost.
#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <random>

#include "gpu.h"

namespace scantune::cuda {
namespace {

class RandomCases {
 public:
  explicit RandomCases(uint64_t seed) : random_(seed) {}

  int64_t below(int64_t end) { return std::uniform_int_distribution<int64_t>(0, end - 1)(random_); }

  // An extent of at most `most`.
  int64_t extent(int64_t most) {
    static constexpr int64_t kPrimes[] = {3, 7, 31, 61, 127, 257, 509, 1021, 2053, 4099, 8191, 16381, 65537, 131071};
    int64_t chosen = 1;
    switch (below(4)) {
      case 0:
        chosen = (int64_t{1} << below(21)) + below(3) - 1;
        break;
      case 1:
        chosen = kPrimes[below(std::size(kPrimes))];
        break;
      case 2:
        chosen = 1 + below(40);
        break;
      default:
        chosen = 1 + below(most);
    }
    return std::clamp<int64_t>(chosen, 1, most);
  }

  Workload workload(DType dtype, DType accumulator) {
    constexpr int64_t kMost = int64_t{1} << 22;  // elements
    const int64_t n = extent(kMost);
    const int64_t inner = below(2) == 0 ? 1 : extent(std::max<int64_t>(1, std::min<int64_t>(5000, kMost / n)));
    const int64_t outer = extent(std::max<int64_t>(1, kMost / n / inner));
    Workload made = cuda::workload({outer, n, inner}, 1, dtype);
    made.accumulator = accumulator;
    return made;
  }

 private:
  std::mt19937_64 random_;
};

TEST_F(GpuTest, TwoThousandRandomCasesAreRight) {
  constexpr int kShapes = 110;  // of each pair of types
  RandomCases random(20261122);
  std::vector<Case> cases;
  std::vector<std::pair<DType, DType>> types;
  types.reserve(kAllDTypes.size() + 1);
  for (const DType dtype : kAllDTypes) {
    types.emplace_back(dtype, default_accumulator(dtype));
  }
  types.emplace_back(DType::i32, DType::i64);
  for (const auto& [dtype, accumulator] : types) {
    for (int i = 0; i < kShapes; ++i) {
      const Workload job = random.workload(dtype, accumulator);
      for (const Kernel* kernel : kernels_for(job, gpu->info().chip)) {
        auto all = candidates(job, gpu->info().chip, {.kernels = {kernel->name}, .settings = {}, .prune = false});
        ASSERT_TRUE(all) << all.error().message;
        std::erase_if(*all, [](const Candidate& candidate) { return !candidate.broken.empty(); });
        if (!all->empty()) {
          // A few of each family, so that there is not too much to compile.
          constexpr int64_t kPicks = 4;
          const auto last = static_cast<int64_t>(all->size()) - 1;
          cases.push_back(
              {job, kernel, (*all)[static_cast<size_t>(random.below(kPicks) * last / (kPicks - 1))].variant});
        }
      }
    }
  }
  EXPECT_GE(cases.size(), 2000U);

  compile_all(cases);

  std::map<std::string, int> verified;
  std::unique_ptr<Session> session;
  const Workload* opened = nullptr;
  for (const Case& one : cases) {
    SCOPED_TRACE(
        fmt::format("{} {} of {}", to_string(one.variant), name(one.workload.accumulator), to_string(one.workload)));
    ASSERT_TRUE(one.artifact) << one.artifact.error().what;
    if (opened == nullptr || !(*opened == one.workload)) {
      session.reset();
      session = open(one.workload, 7);
      ASSERT_NE(session, nullptr);
      opened = &one.workload;
    }
    const auto handle = session->load(*one.artifact);
    ASSERT_TRUE(handle) << handle.error().what;
    const auto right = session->verify(*handle);
    EXPECT_TRUE(right) << right.error().what;
    if (!right && right.error().kind == FailureKind::device) {
      FAIL() << "the GPU is lost";
    }
    session->unload(*handle);
    ++verified[one.kernel->name];
  }
  for (const auto& [kernel, count] : verified) {
    std::printf("%s: %d cases\n", kernel.c_str(), count);
  }
}

}  // namespace
}  // namespace scantune::cuda
