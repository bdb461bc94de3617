#include "core/workload.h"

#include <gmock/gmock.h>

namespace scantune {
namespace {

using testing::HasSubstr;

TEST(DType, IsReadByTheNameItIsWrittenBy) {
  for (const DType dtype : kAllDTypes) {
    EXPECT_EQ(parse_dtype(name(dtype)).value(), dtype);
  }
}

TEST(DType, AnUnknownOneIsNamedWithTheKnownOnes) {
  for (const char* text : {"f31", "F32", "float32", "", " f32"}) {
    const auto dtype = parse_dtype(text);
    ASSERT_FALSE(dtype) << text;
    EXPECT_EQ(dtype.error().kind, ErrorKind::bad_input);
    EXPECT_THAT(dtype.error().message, HasSubstr(fmt::format("'{}'", text)));
    EXPECT_THAT(dtype.error().message, HasSubstr("known: f16, bf16, f32, f64, i32, i64"));
  }
}

TEST(DType, HalvesAreSummedInSingleAndOthersInTheirOwnType) {
  EXPECT_EQ(default_accumulator(DType::f16), DType::f32);
  EXPECT_EQ(default_accumulator(DType::bf16), DType::f32);
  for (const DType dtype : {DType::f32, DType::f64, DType::i32, DType::i64}) {
    EXPECT_EQ(default_accumulator(dtype), dtype);
  }
}

TEST(DType, SizesAreThoseOfTheCTypes) {
  EXPECT_EQ(size_bytes(DType::f16), 2);
  EXPECT_EQ(size_bytes(DType::bf16), 2);
  EXPECT_EQ(size_bytes(DType::f32), static_cast<int64_t>(sizeof(float)));
  EXPECT_EQ(size_bytes(DType::f64), static_cast<int64_t>(sizeof(double)));
  EXPECT_EQ(size_bytes(DType::i32), static_cast<int64_t>(sizeof(int32_t)));
  EXPECT_EQ(size_bytes(DType::i64), static_cast<int64_t>(sizeof(int64_t)));
  EXPECT_TRUE(is_floating(DType::bf16));
  EXPECT_FALSE(is_floating(DType::i32));
}

TEST(CacheState, IsReadByTheNameItIsWrittenBy) {
  EXPECT_EQ(parse_cache_state(name(CacheState::cold)).value(), CacheState::cold);
  EXPECT_EQ(parse_cache_state(name(CacheState::hot)).value(), CacheState::hot);
  EXPECT_THAT(parse_cache_state("warm").error().message, HasSubstr("'warm'; known: cold, hot"));
}

TEST(Accumulator, IsTheDefaultOrAWiderIntegerForI32) {
  for (const DType dtype : kAllDTypes) {
    for (const DType accumulator : kAllDTypes) {
      const bool widened = dtype == DType::i32 && accumulator == DType::i64;
      EXPECT_EQ(check_accumulator(dtype, accumulator).has_value(), accumulator == default_accumulator(dtype) || widened)
          << name(dtype) << " in " << name(accumulator);
    }
  }
  EXPECT_EQ(check_accumulator(DType::i32, DType::f32).error().message,
            "i32 cannot be summed in f32; possible: i32, i64");
}

TEST(Workload, CountsTheBytesThatTheCopyMoves) {
  const Workload workload{.shape = *make_shape({32768, 32768}, 1), .dtype = DType::f32};
  EXPECT_EQ(workload.bytes_read(), int64_t{4} << 30);
  EXPECT_EQ(workload.bytes_written(), int64_t{4} << 30);
  EXPECT_EQ(workload.copy_bytes(), int64_t{4} << 30);
  EXPECT_EQ(workload.input_bytes(), int64_t{4} << 30);
  EXPECT_EQ(to_string(workload), "32768x32768 f32 dim 1");
  Workload widened = workload;
  widened.dtype = DType::i32;
  widened.accumulator = DType::i64;
  EXPECT_EQ(widened.copy_bytes(), int64_t{6} << 30);
  EXPECT_EQ(widened.input_bytes(), int64_t{6} << 30) << "4 GiB are summed";
}

TEST(Workload, BytesOfTheLargestTensorFit64Bits) {
  const Workload workload{.shape = *make_shape({int64_t{1} << 58}, 0), .dtype = DType::f64};
  EXPECT_EQ(workload.bytes_read() + workload.bytes_written(), int64_t{1} << 62);
}

}  // namespace
}  // namespace scantune
