// Telling from the copy control that a round was disturbed: a clock that dropped, another tenant.
#pragma once

#include <span>

namespace scantune::stats {

// Whether a round is to be taken again: its copies differ from each other by more than the relative `tolerance`, so
// that the machine changed within the round, where pairing does not help; or their mean is off the median of
// `recent_mean_copies_ns`, which holds mean_copy_ns of each of the recent rounds, by more. Both ways count: a round
// that is faster than the rest is another state of the machine, too. With fewer than 3 recent rounds their median means
// little, and only the copies of the round are compared with each other.
//
// Give it the last 9 rounds as taken, the disturbed among them: then a passing disturbance of up to 4 rounds is thrown
// out whole, and one that stays becomes the new level after 5.
//
// All times in nanoseconds. Throws where the round has no copy, a time is not positive or the tolerance is not.
bool disturbed(std::span<const double> round_copies_ns, std::span<const double> recent_mean_copies_ns,
               double tolerance = 0.10);

}  // namespace scantune::stats
