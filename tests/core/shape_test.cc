#include "core/shape.h"

#include <gmock/gmock.h>

#include <limits>

namespace scantune {
namespace {

using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;

std::string refusal(std::string_view text) {
  const auto extents = parse_extents(text);
  EXPECT_FALSE(extents) << text;
  if (extents) {
    return {};
  }
  EXPECT_EQ(extents.error().kind, ErrorKind::bad_input);
  EXPECT_EQ(extents.error().message.find('\n'), std::string::npos);
  return extents.error().message;
}

TEST(Extents, AreIntegersJoinedByX) {
  EXPECT_THAT(parse_extents("32768x1024").value(), ElementsAre(32768, 1024));
  EXPECT_THAT(parse_extents("7").value(), ElementsAre(7));
  EXPECT_THAT(parse_extents("2X3x4").value(), ElementsAre(2, 3, 4));
  EXPECT_THAT(parse_extents("007").value(), ElementsAre(7));
}

TEST(Extents, MayBePowers) {
  EXPECT_THAT(parse_extents("1x2^28").value(), ElementsAre(1, int64_t{1} << 28));
  EXPECT_THAT(parse_extents("3^3x10^0").value(), ElementsAre(27, 1));
  EXPECT_THAT(parse_extents("2^62").value(), ElementsAre(int64_t{1} << 62));
}

TEST(Extents, MayHaveASuffixInPowersOfTwo) {
  EXPECT_THAT(parse_extents("64Kx1k").value(), ElementsAre(65536, 1024));
  EXPECT_THAT(parse_extents("3Mx1m").value(), ElementsAre(3 << 20, 1 << 20));
  EXPECT_THAT(parse_extents("1Gx5g").value(), ElementsAre(int64_t{1} << 30, int64_t{5} << 30));
}

TEST(Extents, AnErrorNamesThePartAtFault) {
  for (const char* part : {"ten", "2^^3", "^3", "2^", "-4", "+4", "1e3", "4.5", "0b1", "K", "12KB", "2^3K", "2K^3",
                           " 4", "1,024", "\xd9\xa4"}) {
    EXPECT_THAT(refusal(fmt::format("32768x{}", part)), HasSubstr(fmt::format("'{}' is not a size", part)));
    EXPECT_THAT(refusal(fmt::format("{}x32768", part)), HasSubstr(fmt::format("'{}' is not a size", part)));
  }
}

TEST(Extents, AnErrorSaysWhereASizeIsMissing) {
  EXPECT_THAT(refusal(""), HasSubstr("the shape is empty; write integers joined by x"));
  EXPECT_THAT(refusal("x"), HasSubstr("missing before the first x in 'x'"));
  EXPECT_THAT(refusal("x4"), HasSubstr("missing before the first x in 'x4'"));
  EXPECT_THAT(refusal("32x32x"), HasSubstr("missing after the last x in '32x32x'"));
  EXPECT_THAT(refusal("32xx32"), HasSubstr("missing between two x in '32xx32'"));
}

TEST(Extents, TooLargeIsToldFromMalformed) {
  for (const char* part : {"9223372036854775808", "99999999999999999999", "2^63", "2^999999999999", "10^19",
                           "2^99999999999999999999", "99999999999999999999^1", "9007199254740992K", "8589934592G"}) {
    EXPECT_THAT(refusal(part), AllOf(HasSubstr(fmt::format("'{}' does not fit 64 bits", part)), HasSubstr("2^58")));
  }
}

TEST(Extents, PowersOfZeroAndOneEndAtOnce) {
  EXPECT_THAT(parse_extents("0^9223372036854775807").value(), ElementsAre(0));
  EXPECT_THAT(parse_extents("1^9223372036854775807").value(), ElementsAre(1));
}

TEST(Shape, CountsANegativeDimFromTheEnd) {
  EXPECT_EQ(make_shape({2, 3, 4}, -1)->axis(), 2);
  EXPECT_EQ(make_shape({2, 3, 4}, -3)->axis(), 0);
  EXPECT_EQ(make_shape({2, 3, 4}, 1)->axis(), 1);
}

TEST(Shape, RejectsADimOutOfRangeAndNamesTheRange) {
  for (const int dim : {-3, 2, std::numeric_limits<int>::min(), std::numeric_limits<int>::max()}) {
    const auto shape = make_shape({4, 5}, dim);
    ASSERT_FALSE(shape);
    EXPECT_THAT(shape.error().message, HasSubstr(fmt::format("dim {} is out of range for 4x5; expected -2 to 1", dim)));
  }
}

TEST(Shape, RejectsAnEmptyTensor) {
  const auto shape = make_shape({4, 0, 5}, 0);
  ASSERT_FALSE(shape);
  EXPECT_THAT(shape.error().message, HasSubstr("4x0x5 is empty"));
  EXPECT_FALSE(make_shape({0}, 0));
  EXPECT_FALSE(make_shape({-4}, 0));
}

TEST(Shape, HasOneToEightExtents) {
  EXPECT_TRUE(make_shape({1, 1, 1, 1, 1, 1, 1, 1}, 7));
  const auto nine = make_shape({1, 1, 1, 1, 1, 1, 1, 1, 1}, 0);
  ASSERT_FALSE(nine);
  EXPECT_THAT(nine.error().message, HasSubstr("1 to 8 extents, this one has 9"));
  EXPECT_FALSE(make_shape({}, 0));
}

TEST(Shape, HasAtMost2To58Elements) {
  EXPECT_TRUE(make_shape({int64_t{1} << 58}, 0));
  EXPECT_TRUE(make_shape({int64_t{1} << 29, int64_t{1} << 29}, 0));
  for (const auto& extents : {std::vector<int64_t>{(int64_t{1} << 58) + 1},
                              {int64_t{1} << 29, (int64_t{1} << 29) + 1},
                              {std::numeric_limits<int64_t>::max(), std::numeric_limits<int64_t>::max()}}) {
    const auto shape = make_shape(extents, 0);
    ASSERT_FALSE(shape);
    EXPECT_THAT(shape.error().message, HasSubstr("more than 2^58 elements"));
  }
}

TEST(Geometry, SplitsTheExtentsAtTheScannedDim) {
  const auto of = [](int dim) { return geometry(*make_shape({2, 3, 4, 5}, dim)); };
  EXPECT_EQ(of(0), (Geometry{1, 2, 60}));
  EXPECT_EQ(of(1), (Geometry{2, 3, 20}));
  EXPECT_EQ(of(-1), (Geometry{24, 5, 1}));
  EXPECT_EQ(of(1).elements(), 120);
}

TEST(Geometry, HoldsMoreElementsThan32Bits) {
  EXPECT_EQ(geometry(*make_shape({65536, 65536, 4}, 1)), (Geometry{65536, 65536, 4}));
  EXPECT_EQ(geometry(*make_shape({65536, 65536, 4}, 1)).elements(), int64_t{1} << 34);
}

TEST(Shape, IsSpelledAsItIsRead) {
  const auto shape = make_shape(parse_extents("64Kx2^10").value(), 1);
  EXPECT_EQ(to_string(*shape), "65536x1024");
  EXPECT_EQ(parse_extents(to_string(*shape)).value(), shape->extents);
  EXPECT_EQ(to_string(geometry(*shape)), "65536x1024x1");
}

}  // namespace
}  // namespace scantune
