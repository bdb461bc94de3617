// The host's side of kernels/verify.cuh, and that its device side compiles everywhere.
#include "cuda/verification.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstring>
#include <utility>
#include <vector>

#include "cuda/cuda.h"

namespace scantune::cuda::verification {
namespace {

template <class T>
std::string text(DType dtype, T value) {
  unsigned char bytes[8] = {};
  std::memcpy(bytes, &value, sizeof value);
  return value_text(dtype, bytes);
}

TEST(Verification, ReadsElementsOfEveryType) {
  EXPECT_EQ(text(DType::f32, -1.5F), "-1.5");
  EXPECT_EQ(text(DType::f64, 0.25), "0.25");
  EXPECT_EQ(text(DType::i32, int32_t{-7}), "-7");
  EXPECT_EQ(text(DType::i64, int64_t{1} << 40), "1099511627776");
  EXPECT_EQ(text(DType::bf16, uint16_t{0xC040}), "-3");
  EXPECT_EQ(text(DType::f16, uint16_t{0x3C00}), "1");
  EXPECT_EQ(text(DType::f16, uint16_t{0xC580}), "-5.5");
  EXPECT_EQ(text(DType::f16, uint16_t{0x0001}), "5.960464477539063e-08");
  EXPECT_EQ(text(DType::f16, uint16_t{0x7C00}), "inf");
  EXPECT_EQ(text(DType::f16, uint16_t{0xFFFF}), "nan");
}

TEST(Verification, CutsEveryLineIntoSegmentsThatCoverIt) {
  for (const Geometry& geometry : {Geometry{1, 1, 1}, Geometry{5, 33, 1}, Geometry{1, int64_t{1} << 30, 1},
                                   Geometry{32768, 32768, 1}, Geometry{1, 32768, 32768}, Geometry{3, 1000, 7},
                                   Geometry{int64_t{1} << 30, 1, 1}, Geometry{1, int64_t{1} << 25, 32}}) {
    const Segments cut = segments(geometry);
    EXPECT_GE(static_cast<int64_t>(cut.per_line) * cut.length, geometry.n) << to_string(geometry);
    EXPECT_LT(static_cast<int64_t>(cut.per_line - 1) * cut.length, geometry.n) << to_string(geometry);
    EXPECT_EQ(cut.units, cut.per_line * static_cast<uint64_t>(geometry.outer * geometry.inner));
  }
}

TEST(Verification, NeedsLittleMemoryForTheHeadlineShape) {
  const auto bytes = [](std::vector<int64_t> extents, int dim) {
    return sums_bytes({.shape = {.extents = std::move(extents), .dim = dim}});
  };
  EXPECT_LE(bytes({32768, 32768}, 1), 16 << 20);  // beside 8 GiB of tensors
  EXPECT_LE(bytes({32768, 32768}, 0), 64 << 20);
  EXPECT_LE(bytes({1, int64_t{1} << 30}, 1), 16 << 20);
  EXPECT_EQ(bytes({int64_t{1} << 30, 1}, 1), 0);
  EXPECT_EQ(bytes({int64_t{1} << 22, 256}, 1), 0);
}

TEST(Verification, AllowsForTheRoundingOfTheResultsType) {
  const Workload half{.shape = {}, .dtype = DType::f16, .accumulator = DType::f32};
  EXPECT_DOUBLE_EQ(tolerance(half).rounding, 1.0 / 2048);
  EXPECT_DOUBLE_EQ(tolerance(half).relative, 8.0 / (1 << 24));
  const Workload integer{.shape = {}, .dtype = DType::i32, .accumulator = DType::i32};
  EXPECT_EQ(tolerance(integer).relative, 0);
}

TEST(Verification, CompilesForEveryTypeAndArchitectureWithoutSpills) {
  auto compiler = make_compiler({.cache_dir = {}, .in_process = true});
  ASSERT_TRUE(compiler) << compiler.error().message;
  const auto compiles = [&](const Workload& workload, const Chip& chip) {
    const auto artifact = (*compiler)->compile(kernel(), workload, {.kernel = "verify", .settings = {}}, chip);
    ASSERT_TRUE(artifact) << sm_name(chip) << " " << to_string(workload) << ": " << artifact.error().what;
    EXPECT_EQ(artifact->functions.size(), static_cast<size_t>(is_floating(workload.dtype) ? check_bound + 1 : 4));
    for (const EntryResources& used : artifact->resources) {
      EXPECT_EQ(used.spill_bytes, 0) << used.entry << " " << sm_name(chip);
    }
  };
  const Workload rows{.shape = {.extents = {64, 4096}, .dim = 1}};
  for (const Chip& chip : reference_chips()) {
    compiles(rows, chip);
  }
  for (const DType dtype : kAllDTypes) {
    for (const int dim : {0, 1}) {
      Workload workload{.shape = {.extents = {4096, 64}, .dim = dim}, .dtype = dtype};
      workload.accumulator = default_accumulator(dtype);
      compiles(workload, *reference_chip(90));
    }
  }
}

}  // namespace
}  // namespace scantune::cuda::verification
