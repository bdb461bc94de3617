// What to ask next. A strategy sees events and proposes variants; how a proposal is verified,
// timed and judged is the protocol's business (tune/).
#pragma once

#include <cstddef>
#include <memory>
#include <vector>

#include "core/event.h"
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

  // Up to n requests; none when the strategy is done, or waits for events it has yet to be told.
  virtual std::vector<Request> ask(size_t n) = 0;
  virtual void tell(const Event& event) = 0;
};

// Every variant once, in the order given.
std::unique_ptr<Strategy> exhaustive(std::vector<Variant> variants);

}  // namespace scantune
