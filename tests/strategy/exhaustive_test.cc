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

}  // namespace
}  // namespace scantune
