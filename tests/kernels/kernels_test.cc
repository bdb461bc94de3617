// Every family under the emulation: what it computes, at any alignment, whatever the order of events.
#include <gtest/gtest.h>

#include <ostream>

#include "harness.h"

namespace scantune::emulation {

// NOLINTNEXTLINE(readability-identifier-naming): GoogleTest's name
static void PrintTo(const Family* family, std::ostream* out) { *out << family->name; }

namespace {

class EmulatedFamily : public testing::TestWithParam<const Family*> {};

INSTANTIATE_TEST_SUITE_P(Kernels, EmulatedFamily,
                         testing::Values(&families::three_pass(), &families::row_carry(), &families::short_row(),
                                         &families::long_row()),
                         [](const auto& family) { return std::string(family.param->name); });

TEST_P(EmulatedFamily, GivesEveryBitOfSumsThatAreExactInAnyOrderOfEvents) {
  EXPECT_EQ(check_all(*GetParam(), Input::exact, 2), "");
}

TEST_P(EmulatedFamily, StaysWithinTheBoundOnRandomValues) { EXPECT_EQ(check_all(*GetParam(), Input::mixed, 1), ""); }

TEST_P(EmulatedFamily, SpreadsNanAndInfinityAsTheSerialSumDoes) {
  EXPECT_EQ(check_all(*GetParam(), Input::special, 1), "");
}

TEST_P(EmulatedFamily, GivesTheSameBitsInAnyOrderOfEvents) { EXPECT_EQ(check_repeats(*GetParam()), ""); }

}  // namespace
}  // namespace scantune::emulation
