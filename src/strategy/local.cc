#include <algorithm>
#include <numeric>
#include <random>
#include <utility>

#include "strategy/knowledge.h"
#include "strategy/neighbours.h"
#include "strategy/strategy.h"

namespace scantune {
namespace {

// Starts in a row that find nothing better before the search ends.
constexpr int kRestarts = 8;
// A better ratio than this, relative, is something better.
constexpr double kBetter = 0.001;

class Local final : public Strategy {
 public:
  Local(std::vector<Variant> variants, uint64_t seed)
      : variants_(std::move(variants)),
        neighbours_(neighbours(variants_)),
        known_(variants_),
        starts_(variants_.size()) {
    std::iota(starts_.begin(), starts_.end(), size_t{0});
    std::mt19937_64 random(seed);
    std::ranges::shuffle(starts_, random);
    for (std::vector<size_t>& of : neighbours_) {
      std::ranges::shuffle(of, random);
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
  // Walks from the first start on, by what is known, up to where something is missing.
  [[nodiscard]] std::vector<size_t> wanted() const {
    double best = 0;
    int in_vain = 0;
    std::vector<bool> seen(variants_.size());
    for (const size_t start : starts_) {
      if (in_vain == kRestarts) {
        return {};
      }
      if (seen[start]) {
        continue;  // a walk before this one has looked at it
      }
      if (!known_.known(start)) {
        return {start};
      }
      const auto end = walk(start, seen);
      if (!end.missing.empty()) {
        return end.missing;
      }
      const bool better = end.ratio > best * (1 + kBetter);
      in_vain = better ? 0 : in_vain + 1;
      best = std::max(best, end.ratio);
    }
    return {};
  }

  struct End {
    double ratio = 0;
    std::vector<size_t> missing;
  };

  [[nodiscard]] End walk(size_t at, std::vector<bool>& seen) const {
    while (true) {
      seen[at] = true;
      End end{.ratio = known_.ratio(at), .missing = {}};
      size_t best = at;
      for (const size_t next : neighbours_[at]) {
        if (!known_.known(next)) {
          end.missing.push_back(next);
        } else if (known_.ratio(next) > known_.ratio(best)) {
          best = next;
        }
        seen[next] = true;
      }
      if (!end.missing.empty() || best == at) {
        return end;
      }
      at = best;
    }
  }

  std::vector<Variant> variants_;
  std::vector<std::vector<size_t>> neighbours_;
  Knowledge known_;
  std::vector<size_t> starts_;
};

}  // namespace

std::unique_ptr<Strategy> local(const SearchSpace& space, uint64_t seed) {
  return std::make_unique<Local>(variants_of(space), seed);
}

}  // namespace scantune
