// Verification: what is right passes, and each planted error is caught and named.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "gpu.h"

namespace scantune::cuda {
namespace {

using ::testing::HasSubstr;
using ::testing::StartsWith;

class Verify : public GpuTest {};

// Geometries of each way the bound test cuts lines: a warp a segment, a lane a segment, several
// segments a line, lines shorter than a warp, sizes that divide nothing.
const std::vector<std::pair<std::vector<int64_t>, int>>& small_shapes() {
  static const std::vector<std::pair<std::vector<int64_t>, int>> shapes = {
      {{1}, 0},        {{3}, 0},         {{1, 33}, 1},      {{7, 1000}, 1}, {{130, 257}, 1}, {{5, 5003}, 1},
      {{257, 130}, 0}, {{3, 100, 5}, 1}, {{2, 700, 33}, 1}, {{1000, 1}, 1}, {{1000, 31}, 1}, {{31, 1000}, 0}};
  return shapes;
}

TEST_F(Verify, PassesACorrectScanOfEveryTypeAndGeometry) {
  for (const DType dtype : kAllDTypes) {
    for (const auto& [extents, dim] : small_shapes()) {
      const Workload job = workload(extents, dim, dtype);
      const auto session = open(job, 3);
      ASSERT_NE(session, nullptr);
      EXPECT_EQ(verdict(*session, job, Planted::nothing), "") << to_string(job);
    }
  }
}

TEST_F(Verify, CatchesALostDoubledShiftedOrLateElementInEveryType) {
  for (const DType dtype : kAllDTypes) {
    for (const auto& [extents, dim] :
         {std::pair{std::vector<int64_t>{5, 5003}, 1}, {{2, 700, 33}, 1}, {{999, 31}, 1}}) {
      const Workload job = workload(extents, dim, dtype);
      const auto session = open(job, 5);
      ASSERT_NE(session, nullptr);
      for (const Planted planted :
           {Planted::lost, Planted::doubled, Planted::shifted, Planted::late, Planted::stale, Planted::swapped}) {
        EXPECT_THAT(verdict(*session, job, planted), StartsWith("exact test: "))
            << to_string(job) << ", planted " << static_cast<int>(planted);
      }
      // Nobody pays for a neighbour's errors.
      EXPECT_EQ(verdict(*session, job, Planted::nothing), "") << to_string(job);
    }
  }
}

TEST_F(Verify, CountsAndNamesTheWrongElements) {
  const Workload job = workload({1, 300});
  const auto session = open(job);
  ASSERT_NE(session, nullptr);
  // Everything from the lost element on, to the left, is wrong.
  EXPECT_THAT(verdict(*session, job, Planted::lost),
              StartsWith("exact test: 101 of 300 elements wrong, first element 0 (outer 0, i 0, inner 0): got "));
  const std::string late = verdict(*session, job, Planted::late);
  EXPECT_THAT(late,
              StartsWith("exact test: 1 of 300 elements wrong, first element 100 (outer 0, i 100, inner 0): got "));
  EXPECT_THAT(late, HasSubstr("nan, expected "));
}

TEST_F(Verify, CatchesWritesOutsideTheOutputAndToTheInput) {
  for (const DType dtype : {DType::f32, DType::f16, DType::i64}) {
    const Workload job = workload({3, 331}, 1, dtype);
    const auto session = open(job);
    ASSERT_NE(session, nullptr);
    EXPECT_THAT(verdict(*session, job, Planted::after_end),
                HasSubstr(fmt::format("wrote outside the output: {} bytes after its end changed, the lowest at byte 0",
                                      size_bytes(dtype))));
    EXPECT_THAT(verdict(*session, job, Planted::before_begin), HasSubstr("bytes before its begin changed"));
    EXPECT_THAT(verdict(*session, job, Planted::input), HasSubstr("wrote to the input: 1 elements changed"));
    EXPECT_EQ(verdict(*session, job, Planted::nothing), "");
  }
}

TEST_F(Verify, PoisonsTheWorkspace) {
  const Workload job = workload({3, 331});
  const auto session = open(job);
  ASSERT_NE(session, nullptr);
  EXPECT_THAT(verdict(*session, job, Planted::workspace), StartsWith("exact test: 993 of 993 elements wrong"));
}

TEST_F(Verify, BoundTestCatchesSuffixesTakenAsDifferences) {
  const Workload job = workload({2, int64_t{1} << 18});
  const auto session = open(job);
  ASSERT_NE(session, nullptr);
  const std::string said = verdict(*session, job, Planted::difference);
  EXPECT_THAT(said, StartsWith("bound test: "));
  EXPECT_THAT(said, HasSubstr(" +- "));
}

TEST_F(Verify, BoundTestCatchesSumsInANarrowType) {
  for (const DType dtype : {DType::f16, DType::bf16}) {
    Workload claimed = workload({4, 4096}, 1, dtype);
    const auto session = open(claimed);
    ASSERT_NE(session, nullptr);
    Workload summed = claimed;
    summed.accumulator = dtype;
    EXPECT_THAT(verdict(*session, summed, Planted::nothing), StartsWith("bound test: ")) << name(dtype);
    EXPECT_EQ(verdict(*session, claimed, Planted::nothing), "") << name(dtype);
  }
}

TEST_F(Verify, PassesACorrectScanOfLongLines) {
  for (const auto& [extents, dim] :
       {std::pair{std::vector<int64_t>{1, (int64_t{1} << 20) + 1029}, 1}, {{300'001, 40}, 0}, {{300'001, 3}, 0}}) {
    const Workload job = workload(extents, dim);
    const auto session = open(job);
    ASSERT_NE(session, nullptr);
    EXPECT_EQ(verdict(*session, job, Planted::nothing), "") << to_string(job);
    EXPECT_THAT(verdict(*session, job, Planted::stale), StartsWith("exact test: 1 of ")) << to_string(job);
  }
}

}  // namespace
}  // namespace scantune::cuda
