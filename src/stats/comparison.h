// Telling two variants apart, and telling when they cannot be.
#pragma once

#include <span>

namespace scantune::stats {

enum class Comparison {
  faster,
  slower,
  equivalent,
  undecided,  // the interval is too wide for any of these, or the samples too few for the confidence
};

// How a compares with b, from the paired speed-ups of a over b (times as fast) and the relative distance `equivalence`
// that does not matter: by the interval of their median at `confidence`,
//   faster      wholly above 1 + equivalence
//   slower      wholly below 1 / (1 + equivalence)
//   equivalent  wholly between these two, both included: absence of evidence is not enough
// The last is two one-sided tests (TOST), each at (1 - confidence) / 2; so a wrong "faster", "slower" or "equivalent"
// each has a probability of at most (1 - confidence) / 2. Throws on no speed-ups, on one that is not positive, on a
// confidence that is not between 0 and 1 and on a negative equivalence.
// Source: Schuirmann, Journal of Pharmacokinetics and Biopharmaceutics 15 (1987), 657-680, for TOST; the interval is
// that of median_interval.
Comparison compare(std::span<const double> speedups, double confidence, double equivalence);

}  // namespace scantune::stats
