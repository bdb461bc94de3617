#include "strategy/strategy.h"

#include <algorithm>

#include "strategy/guided.h"

namespace scantune {

std::string_view name(StrategyKind kind) {
  switch (kind) {
    case StrategyKind::automatic:
      return "auto";
    case StrategyKind::exhaustive:
      return "exhaustive";
    case StrategyKind::random:
      return "random";
    case StrategyKind::local:
      return "local";
    case StrategyKind::guided:
      return "guided";
  }
  return "";
}

Expected<StrategyKind> parse_strategy(std::string_view text) {
  if (text == "racing") {  // known from other tuners; here it is the screen's (tune/), below every strategy
    return bad_input(
        "the variants of every strategy race: one that is certainly slower than the leader gets no more "
        "rounds; write exhaustive to race all of them");
  }
  std::string known;
  for (const StrategyKind kind : kAllStrategies) {
    if (text == name(kind)) {
      return kind;
    }
    known += (known.empty() ? "" : ", ") + std::string(name(kind));
  }
  return bad_input("unknown strategy; write one of {}", known);
}

std::vector<Variant> variants_of(const SearchSpace& space) {
  std::vector<Variant> variants;
  variants.reserve(space.candidates.size());
  std::ranges::transform(space.candidates, std::back_inserter(variants), &Candidate::variant);
  return variants;
}

std::unique_ptr<Strategy> make_strategy(StrategyKind kind, const SearchSpace& space, uint64_t seed) {
  switch (kind) {
    case StrategyKind::automatic:
      return automatic(space);
    case StrategyKind::exhaustive:
      return exhaustive(variants_of(space));
    case StrategyKind::random:
      return random_order(variants_of(space), seed);
    case StrategyKind::local:
      return local(space, seed);
    case StrategyKind::guided:
      return guided(space);
  }
  return nullptr;
}

}  // namespace scantune
