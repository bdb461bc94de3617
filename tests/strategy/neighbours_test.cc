#include "strategy/neighbours.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace scantune {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

Variant variant(int64_t tile, int64_t stages, const std::string& storage = "async") {
  return {"k", {{"tile", tile}, {"stages", stages}, {"storage", storage}}};
}

TEST(Neighbours, AreOneStepInOneIntegerAway) {
  const auto all = neighbours({variant(1024, 1), variant(2048, 1), variant(8192, 1), variant(2048, 2)});
  EXPECT_THAT(all[0], ElementsAre(1U));
  EXPECT_THAT(all[1], ElementsAre(0U, 2U, 3U)) << "4096 is missing, so that 8192 is the next";
  EXPECT_THAT(all[2], ElementsAre(1U));
}

TEST(Neighbours, AreAnyOtherWordAway) {
  const auto all = neighbours({variant(1, 1, "async"), variant(1, 1, "bulk"), variant(1, 1, "registers")});
  EXPECT_THAT(all[0], ElementsAre(1U, 2U));
  EXPECT_THAT(all[2], ElementsAre(0U, 1U));
}

TEST(Neighbours, AreOfTheSameFamily) {
  Variant other = variant(2048, 1);
  other.kernel = "other";
  EXPECT_THAT(neighbours({variant(1024, 1), other})[0], IsEmpty());
}

TEST(Trades, AreOneIntegerUpAndAnotherDown) {
  const auto all = trades({variant(1024, 3), variant(2048, 2), variant(4096, 1), variant(2048, 3), variant(1024, 2)});
  EXPECT_THAT(all[0], ElementsAre(1U));
  EXPECT_THAT(all[1], ElementsAre(0U, 2U));
  EXPECT_THAT(all[3], IsEmpty()) << "1024 and 2 stages is less of both";
}

TEST(Trades, KeepTheWords) { EXPECT_THAT(trades({variant(1024, 2, "async"), variant(2048, 1, "bulk")})[0], IsEmpty()); }

}  // namespace
}  // namespace scantune
