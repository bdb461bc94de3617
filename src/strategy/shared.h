// One search on several devices: each asks for its own next variants, and what one finds all know.
#pragma once

#include <condition_variable>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "strategy/strategy.h"

namespace scantune {

// Thread-safe; each lane is used by one thread. `strategy` outlives it, and it outlives its lanes.
class SharedStrategy {
 public:
  explicit SharedStrategy(Strategy& strategy) : strategy_(strategy) {}

  // A view of the strategy for one device. A lane that is told to wait waits in ask(), as long as another one has
  // variants under way: what these turn out to be may be what the strategy waits for. Destroy a lane when its device
  // ends: what it has under way goes to the others. A lane names nothing that is likely: each would have the same
  // compiled, and what one has compiled another may be asked for.
  std::unique_ptr<Strategy> lane();

 private:
  class Lane;

  Strategy& strategy_;
  std::mutex mutex_;
  std::condition_variable changed_;
  size_t under_way_ = 0;             // variants that some lane was given and has not told the end of
  std::vector<Request> given_back_;  // by lanes that ended before these
};

}  // namespace scantune
