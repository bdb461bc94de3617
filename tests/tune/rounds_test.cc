#include "tune/rounds.h"

#include <gtest/gtest.h>

namespace scantune {
namespace {

TEST(AffordableRounds, AreAsManyAsWantedWhereThereIsTime) { EXPECT_EQ(affordable_rounds(30, 8, 10, 0.01), 30); }

TEST(AffordableRounds, AreFewerWhereRoundsAreLong) { EXPECT_EQ(affordable_rounds(30, 8, 10, 0.5), 20); }

TEST(AffordableRounds, AreNeverFewerThanTheMinimum) { EXPECT_EQ(affordable_rounds(30, 8, 10, 60), 8); }

TEST(AffordableRounds, AreAllWhereTheTimeIsUnknown) { EXPECT_EQ(affordable_rounds(30, 8, 10, 0), 30); }

TEST(Standing, IsMissingWhereThereIsNoSample) { EXPECT_FALSE(standing({}, Phase::screen, 0, Protocol{})); }

TEST(EquivalentsOf, NeedsTheRivalInTheSamePhase) {
  const std::vector<Round> rounds = {{Phase::final, {{0, 100}, {kCopy, 100}}},
                                     {Phase::screen, {{1, 100}, {kCopy, 100}}}};
  const std::vector<Standing> standings = {{0, Phase::final, {}, {}}, {1, Phase::screen, {}, {}}};
  EXPECT_TRUE(equivalents_of(0, standings, rounds, Phase::final, Protocol{}).empty());
}

}  // namespace
}  // namespace scantune
