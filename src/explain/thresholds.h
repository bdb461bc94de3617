// The seed's line, which several rules share.
#pragma once

namespace scantune::explain {

inline constexpr double kStallPercent = 20;  // memory stalls from here on are high

}  // namespace scantune::explain
