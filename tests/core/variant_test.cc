#include "core/variant.h"

#include <gmock/gmock.h>

#include <stdexcept>

#include "core/space.h"

namespace scantune {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

Space example_space() {
  return {{{"tile", "elements", {4096, 8192}},
           {"load", "how a tile is read", {std::string("bulk"), std::string("vector")}},
           {"stages", "tiles in flight", {1, 2, 3}}}};
}

TEST(Variant, IsReadAsItIsSpelled) {
  const Variant variant{"row_carry", {{"tile", 8192}, {"load", std::string("bulk")}, {"offset", -1}}};
  EXPECT_EQ(to_string(variant), "row_carry tile=8192 load=bulk offset=-1");
  EXPECT_EQ(parse_variant(to_string(variant)).value(), variant);
  EXPECT_EQ(parse_variant("three_pass").value(), (Variant{"three_pass", {}}));
}

TEST(Variant, MayBeSpelledWithAnySpaceBetweenWords) {
  EXPECT_EQ(parse_variant("  row_carry\ttile=1  warps=2 ").value(),
            (Variant{"row_carry", {{"tile", 1}, {"warps", 2}}}));
}

TEST(Variant, AMalformedOneIsRefusedByName) {
  for (const char* text : {"", "  ", "tile=4"}) {
    EXPECT_THAT(parse_variant(text).error().message, HasSubstr(fmt::format("'{}' is not a variant", text)));
  }
  EXPECT_THAT(parse_variant("tile=4").error().message,
              HasSubstr("such as 'row_carry tile=8192 warps=16 stages=2 storage=registers'"));
  for (const char* word : {"tile", "=4", "tile="}) {
    EXPECT_THAT(parse_variant(fmt::format("row_carry {}", word)).error().message,
                HasSubstr(fmt::format("'{}' in variant 'row_carry {}' is not a setting", word, word)));
  }
  EXPECT_THAT(parse_variant("row_carry tile=1 tile=2").error().message, HasSubstr("sets tile twice"));
}

TEST(Variant, GivesItsParametersByName) {
  const Variant variant{"row_carry", {{"tile", 8192}, {"load", std::string("bulk")}}};
  EXPECT_EQ(variant.number("tile"), 8192);
  EXPECT_EQ(variant.word("load"), "bulk");
  EXPECT_THROW(static_cast<void>(variant.number("warps")), std::out_of_range);
}

TEST(Value, IsAnIntegerWhereItReadsAsOne) {
  EXPECT_EQ(parse_value("12"), Value(12));
  EXPECT_EQ(parse_value("-3"), Value(-3));
  for (const char* word : {"", "12a", "1.5", "0x10", "99999999999999999999", "bulk"}) {
    EXPECT_EQ(parse_value(word), Value(std::string(word)));
  }
}

TEST(Space, EnumeratesEveryPointTheLastParameterFastest) {
  const auto variants = enumerate("k", example_space());
  ASSERT_EQ(static_cast<int64_t>(variants.size()), example_space().size());
  EXPECT_EQ(variants.size(), 12U);
  EXPECT_EQ(to_string(variants[0]), "k tile=4096 load=bulk stages=1");
  EXPECT_EQ(to_string(variants[1]), "k tile=4096 load=bulk stages=2");
  EXPECT_EQ(to_string(variants[3]), "k tile=4096 load=vector stages=1");
  EXPECT_EQ(to_string(variants[11]), "k tile=8192 load=vector stages=3");
}

TEST(Space, WithoutParametersHasOnePoint) {
  EXPECT_THAT(enumerate("k", Space{}), ElementsAre(Variant{"k", {}}));
  EXPECT_EQ(Space{}.size(), 1);
}

TEST(Space, NarrowsAParameterInTheOrderOfTheSpace) {
  const auto narrowed = narrow(example_space(), "stages", {3, 1});
  ASSERT_TRUE(narrowed);
  EXPECT_THAT(narrowed->find("stages")->values, ElementsAre(Value(1), Value(3)));
  EXPECT_EQ(narrowed->find("tile")->values, example_space().find("tile")->values);
  EXPECT_EQ(narrowed->size(), 8);
}

TEST(Space, AValueItLacksIsRefusedWithThoseItHas) {
  const auto narrowed = narrow(example_space(), "stages", {1, 9});
  ASSERT_FALSE(narrowed);
  EXPECT_EQ(narrowed.error().kind, ErrorKind::bad_input);
  EXPECT_THAT(narrowed.error().message, HasSubstr("stages=9 is not in the space; stages takes 1, 2, 3"));
  // A word is not the number it reads as.
  EXPECT_FALSE(narrow(example_space(), "stages", {std::string("1")}));
}

TEST(Space, FindsAParameterByName) {
  const Space space = example_space();
  EXPECT_EQ(space.find("load")->summary, "how a tile is read");
  EXPECT_EQ(space.find("warps"), nullptr);
}

}  // namespace
}  // namespace scantune
