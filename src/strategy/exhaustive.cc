#include <algorithm>
#include <utility>

#include "strategy/strategy.h"

namespace scantune {
namespace {

class Exhaustive final : public Strategy {
 public:
  explicit Exhaustive(std::vector<Variant> variants) : variants_(std::move(variants)) {}

  std::vector<Request> ask(size_t n) override {
    std::vector<Request> requests;
    for (; requests.size() < n && next_ < variants_.size(); ++next_) {
      requests.push_back({variants_[next_], Request::Want::measure});
    }
    return requests;
  }

  void tell(const Event& /*event*/) override {}  // nothing that happens changes what is left to try

 private:
  std::vector<Variant> variants_;
  size_t next_ = 0;
};

}  // namespace

std::unique_ptr<Strategy> exhaustive(std::vector<Variant> variants) {
  return std::make_unique<Exhaustive>(std::move(variants));
}

}  // namespace scantune
