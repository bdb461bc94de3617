// Strategies that ask for every variant once.
#include <algorithm>
#include <random>
#include <utility>

#include "strategy/knowledge.h"
#include "strategy/strategy.h"

namespace scantune {
namespace {

class InOrder final : public Strategy {
 public:
  explicit InOrder(std::vector<Variant> variants) : variants_(std::move(variants)), known_(variants_) {}

  std::vector<Request> ask(size_t n) override {
    std::vector<Request> requests;
    for (; requests.size() < n && next_ < variants_.size(); ++next_) {
      if (!known_.known(next_)) {
        requests.push_back({variants_[next_], Request::Want::measure});
      }
    }
    return requests;
  }

  void tell(const Event& event) override { known_.tell(event); }

 private:
  std::vector<Variant> variants_;
  Knowledge known_;
  size_t next_ = 0;
};

}  // namespace

std::unique_ptr<Strategy> exhaustive(std::vector<Variant> variants) {
  return std::make_unique<InOrder>(std::move(variants));
}

std::unique_ptr<Strategy> random_order(std::vector<Variant> variants, uint64_t seed) {
  std::mt19937_64 random(seed);
  std::ranges::shuffle(variants, random);
  return std::make_unique<InOrder>(std::move(variants));
}

}  // namespace scantune
