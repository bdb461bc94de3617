// What happened to a variant, in the order it happened: what strategies and observers are told.
#pragma once

#include <cstdint>
#include <variant>
#include <vector>

#include "core/interval.h"
#include "core/record.h"

namespace scantune {

struct Compiled {
  double seconds = 0;
  bool from_cache = false;
};

// Loaded and found right; what the device says of it.
struct Verified {
  std::vector<EntryResources> resources = {};
  int64_t bytes_in_flight_per_sm = 0;
};

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
