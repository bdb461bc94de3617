// What happened to a variant, in the order it happened: what strategies and observers are told.
#pragma once

#include <variant>

#include "core/interval.h"
#include "core/record.h"

namespace scantune {

struct Compiled {
  double seconds = 0;
  bool from_cache = false;
};

struct Verified {};

// The samples so far, summed up.
struct Measured {
  Phase phase = Phase::screen;
  Interval time_ns;
  Interval ratio_to_copy;  // time of the copy / time of the variant, paired by round
};

struct Profiled {
  Profile profile;
};

using What = std::variant<Compiled, Verified, Measured, Profiled, Failure>;

struct Event {
  Variant variant;
  What what;
};

}  // namespace scantune
