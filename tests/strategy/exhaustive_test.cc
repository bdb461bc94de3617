#include <gtest/gtest.h>

#include "strategy/strategy.h"

namespace scantune {
namespace {

std::vector<Variant> three() {
  return {Variant{"k", {{"tile", int64_t{1}}}}, Variant{"k", {{"tile", int64_t{2}}}},
          Variant{"k", {{"tile", int64_t{3}}}}};
}

TEST(Exhaustive, AsksForEveryVariantOnceInOrder) {
  const auto strategy = exhaustive(three());
  std::vector<Variant> asked;
  for (auto requests = strategy->ask(2); !requests.empty(); requests = strategy->ask(2)) {
    EXPECT_LE(requests.size(), 2U);
    for (const Request& request : requests) {
      EXPECT_EQ(request.want, Request::Want::measure);
      asked.push_back(request.variant);
    }
  }
  EXPECT_EQ(asked, three());
}

TEST(Exhaustive, IsNotSwayedByFailures) {
  const auto strategy = exhaustive(three());
  const auto first = strategy->ask(1);
  strategy->tell({first.at(0).variant, Failure{FailureKind::compile, "no"}});
  EXPECT_EQ(strategy->ask(9).size(), 2U);
}

TEST(Automatic, TakesAVariantOfEachFamilyInTurnWhereNothingSaysWhatPromises) {
  Kernel first;
  first.name = "first";
  Kernel second;
  second.name = "second";
  const auto variant = [](const char* kernel, int64_t tile) { return Variant{kernel, {{"tile", tile}}}; };
  SearchSpace space;
  for (const int64_t tile : {1, 2, 3}) {
    space.candidates.push_back({.kernel = &first, .variant = variant("first", tile), .broken = {}});
  }
  for (const int64_t tile : {1, 2}) {
    space.candidates.push_back({.kernel = &second, .variant = variant("second", tile), .broken = {}});
  }
  std::vector<Variant> asked;
  for (const Request& request : automatic(space)->ask(9)) {
    asked.push_back(request.variant);
  }
  EXPECT_EQ(asked, (std::vector<Variant>{variant("first", 1), variant("second", 1), variant("first", 2),
                                         variant("second", 2), variant("first", 3)}));
}

}  // namespace
}  // namespace scantune
