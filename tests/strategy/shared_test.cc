#include "strategy/shared.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <future>
#include <thread>

namespace scantune {
namespace {

using testing::IsEmpty;
using testing::SizeIs;

Variant variant(int64_t tile) { return {"fast", {{"tile", tile}}}; }

Event measured(const Variant& of) { return {of, Measured{}}; }

std::vector<Variant> some(int count) {
  std::vector<Variant> variants;
  variants.reserve(static_cast<size_t>(count));
  for (int i = 0; i < count; ++i) {
    variants.push_back(variant(i));
  }
  return variants;
}

TEST(SharedStrategy, GivesEachVariantToOneLaneOnly) {
  const auto strategy = exhaustive(some(10));
  SharedStrategy shared(*strategy);
  const auto a = shared.lane();
  const auto b = shared.lane();
  std::set<std::string> seen;
  for (const auto& request : a->ask(4)) {
    EXPECT_TRUE(seen.insert(to_string(request.variant)).second);
  }
  for (const auto& request : b->ask(100)) {
    EXPECT_TRUE(seen.insert(to_string(request.variant)).second);
  }
  EXPECT_THAT(seen, SizeIs(10));
}

// Asks for one variant at a time, the next once the last one is known.
class OneByOne final : public Strategy {
 public:
  std::vector<Request> ask(size_t /*n*/) override {
    if (asked_ > told_ || asked_ == 3) {
      return {};
    }
    return {{variant(asked_++)}};
  }
  void tell(const Event& /*event*/) override { ++told_; }

 private:
  int asked_ = 0;
  int told_ = 0;
};

TEST(SharedStrategy, HasALaneWaitForWhatAnotherIsAt) {
  OneByOne strategy;
  SharedStrategy shared(strategy);
  const auto a = shared.lane();
  const auto b = shared.lane();
  const auto first = a->ask(1);
  ASSERT_THAT(first, SizeIs(1));
  auto waiting = std::async(std::launch::async, [&] { return b->ask(1); });
  EXPECT_EQ(waiting.wait_for(std::chrono::milliseconds(50)), std::future_status::timeout);
  a->tell(measured(first.front().variant));
  const auto second = waiting.get();
  ASSERT_THAT(second, SizeIs(1));
  EXPECT_EQ(second.front().variant, variant(1));
  EXPECT_THAT(b->ask(1), IsEmpty()) << "a lane with something to do is not kept from it";
}

TEST(SharedStrategy, EndsForAllOnceNothingIsUnderWay) {
  const auto strategy = exhaustive(some(1));
  SharedStrategy shared(*strategy);
  const auto a = shared.lane();
  const auto b = shared.lane();
  ASSERT_THAT(a->ask(5), SizeIs(1));
  auto waiting = std::async(std::launch::async, [&] { return b->ask(1); });
  a->tell({variant(0), Failure{FailureKind::crash, "planted"}});
  EXPECT_THAT(waiting.get(), IsEmpty());
}

TEST(SharedStrategy, HandsOnWhatALaneLeavesBehind) {
  const auto strategy = exhaustive(some(3));
  SharedStrategy shared(*strategy);
  auto a = shared.lane();
  const auto b = shared.lane();
  const auto taken = a->ask(3);
  ASSERT_THAT(taken, SizeIs(3));
  a->tell(measured(taken[1].variant));
  auto waiting = std::async(std::launch::async, [&] { return b->ask(10); });
  a.reset();  // its device is lost
  EXPECT_THAT(waiting.get(), SizeIs(2));
}

}  // namespace
}  // namespace scantune
