// When to stop sampling a variant: planned looks at an interval that stays valid although sampling stops early, and
// racing, which drops what is certainly no winner. Decisions only: nothing here takes a sample.
#pragma once

#include <cstddef>
#include <optional>
#include <span>
#include <vector>

#include "core/interval.h"
#include "core/record.h"

namespace scantune::stats {

// The sample counts at which it is decided whether to stop, rising. They are planned before the first sample: who looks
// after every sample and stops when the figures please has no 95% interval left.
struct Looks {
  std::vector<int> at = {7, 12, 20};

  bool operator==(const Looks&) const = default;
};

// The confidence of the interval at every single look, by which the intervals of all looks hold together with at least
// `confidence`: alpha is spent in equal parts, 1 - (1 - confidence) / looks (Bonferroni). Throws where there are no
// looks, they are not positive and rising, the confidence is not within 0 .. 1, or the first look has too few samples
// for its confidence: n samples reach 1 - 2^(1-n), so that 7 samples do for three looks at 95%, and 6 do not.
// Sources: Jennison and Turnbull, Group Sequential Methods, chapter 7 (error spending); the Bonferroni bound in place
// of a joint distribution, which is not known without one for the noise.
double look_confidence(const Looks& looks, double confidence);

// Whether `count` samples are a planned look.
bool is_look(const Looks& looks, size_t count);

// The interval of the median of samples that were taken under these looks, at look_confidence. However one look is
// chosen for the stop, it misses the median with a probability of at most 1 - confidence. The same holds for a cap that
// ends sampling after the first look for a reason other than these samples (a time limit, Ctrl-C): it
// takes the place of a look that was not reached. Before the first look the interval is min .. max, and holds the
// median with median_interval_coverage only. Throws as look_confidence and median_interval do.
Interval sequential_interval(std::span<const double> samples, const Looks& looks, double confidence);

// Dropping variants that are certainly no winner.
struct Racing {
  int min_rounds = 3;
  double margin = 0.05;  // relative to the leader's low end; to be widened by the noise: racing_margin

  bool operator==(const Racing&) const = default;
};

// Whether a variant can be dropped: it has at least `min_rounds` ratios to copy, and every one lies below the low end
// of the leader's interval by more than the relative `margin`. One good sample keeps it. Because all samples count, it
// does not matter how often this is asked: a good variant is only ever dropped where its first `min_rounds` samples all
// fall short, so with a probability of at most q^min_rounds where each sample falls short of the leader's low end by
// more than the margin with probability q: 3 rounds suffice for 1 in 1,000 where q is 10%, and not where it is 30%.
// Throws where a ratio is not positive, min_rounds < 1 or the margin is not within 0 .. 1. Source: Maron and Moore,
// Hoeffding Races (NIPS 1993), with order statistics in place of Hoeffding's bound, which needs a bounded range.
bool certainly_slower(std::span<const double> ratios, const Interval& leader_ratio, const Racing& racing);

// The margin for racing under the noise of this run, relative: `least` beyond the largest relative disagreement between
// the copies of one round, so at most 1. As long as fewer than 5 rounds hold several copies the noise is not known, and
// the margin is 1, which drops nothing. `rounds` are all those of the run so far, of every batch, without the disturbed
// ones. Throws where `least` is not within 0 .. 1.
double racing_margin(std::span<const Round> rounds, double least);

// When to stop sampling a variant.
struct StoppingRule {
  Looks looks;
  double confidence = 0.95;   // of the interval, with the stop in force
  double half_width = 0.005;  // relative to the median: tight enough
  Racing racing;

  bool operator==(const StoppingRule&) const = default;
};

enum class Verdict {
  go_on,
  tight,      // at a look: the interval is as tight as asked for
  no_winner,  // certainly slower than the leader; its interval so far is no promise and is not to be quoted
  exhausted,  // the last look has passed
};

// What to do after each sample of a variant's ratio to copy. `tight` and `exhausted` are said at looks alone, and their
// sequential_interval holds the true median with at least the rule's confidence; `no_winner` may be said after any
// sample and only where there is a leader. Throws as look_confidence and certainly_slower do, on no ratios and where
// the half-width is not positive.
Verdict judge(std::span<const double> ratios, const StoppingRule& rule,
              const std::optional<Interval>& leader_ratio = std::nullopt);

}  // namespace scantune::stats
