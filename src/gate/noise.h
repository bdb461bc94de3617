// What a machine's noise does to the gate: estimated from an A/A run, and tried out on its raw samples.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "core/check.h"
#include "gate/rule.h"

namespace scantune::gate {

// Ratios to the copy of one variant, session by session, in the order taken.
using Sessions = std::vector<std::vector<double>>;

// Estimates of the noise, relative to the ratio. Throws std::invalid_argument on a session without rounds, and on a
// ratio that is not positive.
struct Spread {
  double round_sd = 0;    // between the rounds of a session; robust: from the median absolute deviation
  double session_sd = 0;  // between the levels of sessions, beyond what their rounds explain; 0 of one session
};
Spread spread_of(const Sessions& sessions);

// How many rounds now, against `rounds_then` of the baseline, make the interval half as wide as the threshold, so that
// neither "nothing changed" nor a slowdown of the threshold's size leaves a doubt; 0 where no number does.
int rounds_needed(const Spread& spread, const CheckRule& rule, int rounds_then);

// The rule with the looks that this noise leaves a chance to decide: those before rounds_needed are not taken, so that
// the others have more of the error. The rule itself where no number of rounds is enough.
CheckRule rule_for(const Spread& spread, const CheckRule& rule, int rounds_then);

// The smallest threshold for which the rule's last look is enough.
double smallest_threshold(const Spread& spread, const CheckRule& rule, int rounds_then);

// What became of checks whose samples were drawn from recorded ones.
struct Resampled {
  int draws = 0;
  int flagged = 0;       // called a regression
  int inconclusive = 0;  // the rest passed
  double rounds = 0;     // the mean until a verdict

  [[nodiscard]] double flagged_share() const { return draws == 0 ? 0 : static_cast<double>(flagged) / draws; }
  [[nodiscard]] double inconclusive_share() const { return draws == 0 ? 0 : static_cast<double>(inconclusive) / draws; }
};

// Draws checks: the baseline's rounds like those of one session of `then`, those of the check like those of another of
// `now` (another index; the same where there is but one), slowed down by the factor 1 + `slowdown`. A session drawn has
// the level of a recorded one, without what the few rounds of that add to its distance from the others, and blocks of 5
// rounds in a row from all of them, so that what neighbours have in common stays. `then` and `now` may be the same
// sessions. Deterministic in `seed`.
Resampled resample(const Sessions& then, const Sessions& now, double slowdown, const CheckRule& rule,
                   const Allowance& allowance, int rounds_then, int draws, uint64_t seed);

// All of it for an entry: what --aa reports.
Noise noise_of(const Sessions& sessions, const CheckRule& rule, int rounds_then, int draws, uint64_t seed);

}  // namespace scantune::gate
