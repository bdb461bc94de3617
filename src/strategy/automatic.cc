// The default strategy: where the model of bytes in flight says that it is good, and around what turned out to be.
#include <algorithm>
#include <map>
#include <numeric>
#include <random>
#include <utility>

#include "catalog/occupancy.h"
#include "strategy/knowledge.h"
#include "strategy/neighbours.h"
#include "strategy/strategy.h"

namespace scantune {
namespace {

constexpr size_t kSeeds = 3;  // of a family
constexpr size_t kBeam = 3;   // how many of the best are looked around

class Automatic final : public Strategy {
 public:
  Automatic(const SearchSpace& space, uint64_t seed)
      : variants_(variants_of(space)), neighbours_(neighbours(variants_)), known_(variants_) {
    std::vector<size_t> order(variants_.size());
    std::iota(order.begin(), order.end(), size_t{0});
    std::mt19937_64 random(seed);
    std::ranges::shuffle(order, random);
    std::ranges::stable_sort(order, std::greater<>(), [&](size_t i) { return score(space, i); });
    std::map<std::string, size_t> of_family;
    for (const size_t i : order) {
      if (of_family[variants_[i].kernel]++ < kSeeds) {
        seeds_.push_back(i);
      }
    }
  }

  void tell(const Event& event) override { known_.tell(event); }

  std::vector<Request> ask(size_t n) override {
    std::vector<Request> requests;
    for (const size_t point : wanted()) {
      if (requests.size() < n && !known_.awaited(point)) {
        known_.ask(point);
        requests.push_back({variants_[point], Request::Want::measure});
      }
    }
    return requests;
  }

 private:
  static double score(const SearchSpace& space, size_t point) {
    const Candidate& candidate = space.candidates[point];
    return candidate.kernel->estimate == nullptr
               ? 0
               : bytes_in_flight_per_sm(*candidate.kernel, candidate.variant, space.workload, space.chip);
  }

  [[nodiscard]] std::vector<size_t> wanted() const {
    std::vector<size_t> missing;
    std::ranges::copy_if(seeds_, std::back_inserter(missing), [&](size_t i) { return !known_.known(i); });
    if (!missing.empty()) {
      return missing;
    }
    std::vector<size_t> best(variants_.size());
    std::iota(best.begin(), best.end(), size_t{0});
    std::ranges::stable_sort(best, std::greater<>(), [&](size_t i) { return known_.ratio(i); });
    best.resize(std::min(best.size(), kBeam));
    for (const size_t i : best) {
      for (const size_t next : neighbours_[i]) {
        if (!known_.known(next) && std::ranges::find(missing, next) == missing.end()) {
          missing.push_back(next);
        }
      }
    }
    return missing;
  }

  std::vector<Variant> variants_;
  std::vector<std::vector<size_t>> neighbours_;
  Knowledge known_;
  std::vector<size_t> seeds_;
};

}  // namespace

std::unique_ptr<Strategy> automatic(const SearchSpace& space, uint64_t seed) {
  return std::make_unique<Automatic>(space, seed);
}

}  // namespace scantune
