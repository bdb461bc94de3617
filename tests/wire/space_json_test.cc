#include "wire/space_json.h"

#include <gmock/gmock.h>

namespace scantune::wire {
namespace {

using testing::HasSubstr;

std::string refusal(std::string_view text) {
  const auto space = parse_space(text);
  EXPECT_FALSE(space) << text;
  if (!space) {
    EXPECT_EQ(space.error().kind, ErrorKind::bad_input);
    EXPECT_EQ(space.error().message.find('\n'), std::string::npos);
  }
  return space ? "" : space.error().message;
}

TEST(Space, NamesKernelsAndTheValuesOfTheirParameters) {
  const auto space = parse_space(R"({"$schema": "../schema/space.schema.json", "note": "mine", "kernels": {
      "row_carry": {"note": "fine", "tile": [12288, 4096], "storage": ["async", "registers"]},
      "short_row": {}}})");
  ASSERT_TRUE(space) << space.error().message;
  const std::vector<KernelSpace> expected = {
      {"row_carry",
       {{"tile", {int64_t{12288}, int64_t{4096}}}, {"storage", {std::string("async"), std::string("registers")}}}},
      {"short_row", {}}};
  EXPECT_EQ(*space, expected);
}

TEST(Space, AnErrorSaysWhereAndWhat) {
  EXPECT_EQ(refusal(R"({"kernels": {"row_carry": {"tile": [4096, 8192, 4096]}}})"),
            "kernels: row_carry: tile[2]: 4096 is there twice");
  EXPECT_EQ(refusal(R"({"kernels": {"row_carry": {"tile": [4096, 2.5]}}})"),
            "kernels: row_carry: tile[1]: expected an integer or a word, found 2.5");
  EXPECT_THAT(refusal(R"({"kernels": {"row_carry": {"tile": [18446744073709551615]}}})"),
              HasSubstr("tile[0]: expected an integer"));
  EXPECT_THAT(refusal(R"({"kernels": {"row_carry": {"tile": [1e30]}}})"), HasSubstr("tile[0]: expected an integer"));
  EXPECT_THAT(refusal(R"({"kernels": {"row_carry": {"tile": [[1]]}}})"), HasSubstr("found an array"));
  EXPECT_THAT(refusal(R"({"kernels": {"row_carry": {"tile": [true]}}})"), HasSubstr("found true"));
  EXPECT_EQ(refusal(R"({"kernels": {"row_carry": {"tile": []}}})"),
            "kernels: row_carry: tile: expected an array of at least one value, such as [4, 8], found an array");
  EXPECT_THAT(refusal(R"({"kernels": {"row_carry": {"tile": 4096}}})"), HasSubstr("found 4096"));
  EXPECT_THAT(refusal(R"({"kernels": {"row_carry": [1]}})"), HasSubstr("kernels: row_carry: expected an object"));
  EXPECT_THAT(refusal(R"({"kernels": {}})"), HasSubstr("the space: kernels: expected an object of at least one"));
  EXPECT_THAT(refusal(R"({"kernels": null})"), HasSubstr("the space: kernels: expected an object"));
  EXPECT_THAT(refusal(R"({"note": "n"})"), HasSubstr("the member \"kernels\" is missing"));
  EXPECT_THAT(refusal(R"({"kernel": {}})"), HasSubstr("unknown member \"kernel\"; known: $schema, note, kernels"));
  EXPECT_THAT(refusal("[]"), HasSubstr("the space: expected an object"));
  EXPECT_THAT(refusal("{"), HasSubstr("not JSON at line 1, column 2"));
  EXPECT_THAT(refusal(""), HasSubstr("not JSON at line 1"));
}

TEST(Space, AMemberThatIsThereTwiceIsNotLostInSilence) {
  EXPECT_EQ(refusal(R"({"kernels": {"row_carry": {"tile": [1], "warps": [2], "tile": [3]}}})"),
            "not JSON that can be read: the member \"tile\" is there twice in one object");
  EXPECT_THAT(refusal(R"({"kernels": {"row_carry": {}, "row_carry": {}}})"), HasSubstr("\"row_carry\" is there twice"));
  EXPECT_TRUE(parse_space(R"({"kernels": {"row_carry": {"tile": [1]}, "long_row": {"tile": [1]}}})"));
}

}  // namespace
}  // namespace scantune::wire
