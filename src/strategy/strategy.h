// What to ask next. A strategy sees events and proposes variants; how a proposal is verified,
// timed and judged is the protocol's business (tune/). docs/search.md compares them.
//
// What a strategy asks next follows from its seed and from what it was told, not from the order it was told in: so a
// search that was cut short goes on where it ended, as the journal's results are told before the first question.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "catalog/catalog.h"
#include "core/event.h"
#include "core/search_step.h"
#include "core/variant.h"

namespace scantune {

struct Request {
  enum class Want { measure, profile };

  Variant variant;
  Want want = Want::measure;
};

class Strategy {
 public:
  virtual ~Strategy() = default;

  // Up to n requests, none of a variant twice; none when the strategy is done, or waits for events it has yet to be
  // told. What was told to be measured or to have failed is not asked for again.
  virtual std::vector<Request> ask(size_t n) = 0;

  // The variants that it may ask to have measured soon, the likeliest first, up to n: none twice, and none that it has
  // asked for or was told the end of. Guesses, for compilers that have nothing else to do: what it asks for does not
  // depend on them. Empty where it asks far enough ahead as it is.
  [[nodiscard]] virtual std::vector<Variant> likely(size_t /*n*/) const { return {}; }

  // How a variant's measurement ended is told as Measured in the screen, or as Failure. Other events may come, too, and
  // events of variants that were not asked for.
  virtual void tell(const Event& event) = 0;

  // What it did and why since the last call, where it says that: steps that have ended, in order.
  virtual std::vector<SearchStep> take_steps() { return {}; }

  // Why it asks for nothing more, in words; empty where there was nothing left to try.
  [[nodiscard]] virtual std::string why_done() const { return {}; }
};

// What a search is over.
struct SearchSpace {
  Workload workload;
  Chip chip;
  std::vector<Candidate> candidates;  // admitted ones only
};

std::vector<Variant> variants_of(const SearchSpace& space);

enum class StrategyKind { automatic, exhaustive, random, local, guided };

inline constexpr StrategyKind kAllStrategies[] = {StrategyKind::automatic, StrategyKind::exhaustive,
                                                  StrategyKind::random, StrategyKind::local, StrategyKind::guided};

std::string_view name(StrategyKind kind);  // as --strategy takes it
Expected<StrategyKind> parse_strategy(std::string_view text);

std::unique_ptr<Strategy> make_strategy(StrategyKind kind, const SearchSpace& space, uint64_t seed);

// Every variant once, in the order given.
std::unique_ptr<Strategy> exhaustive(std::vector<Variant> variants);

// Every variant once, in an order that follows from the seed: each has the same chance to come first, whatever its
// family.
std::unique_ptr<Strategy> random_order(std::vector<Variant> variants, uint64_t seed);

// From a random variant to its best neighbour, as long as that is better; then from another random variant. Ends when
// kRestarts starts in a row found nothing better.
std::unique_ptr<Strategy> local(const SearchSpace& space, uint64_t seed);

// The default. Starts where the model of bytes in flight promises most, goes on to better neighbours, and ends when
// none is left and what is likely at all was tried. Where there is no model (a CPU), every variant, one of each family
// in turn. Has no chance in it.
std::unique_ptr<Strategy> automatic(const SearchSpace& space);

}  // namespace scantune
