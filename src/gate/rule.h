// When a slowdown is a regression, and when there are samples enough to say so. Decisions only: nothing here takes a
// sample. docs/ci.md gives the reasons and what was observed.
#pragma once

#include <cstddef>
#include <optional>
#include <span>
#include <vector>

#include "core/check.h"
#include "core/interval.h"

namespace scantune::gate {

// What an interval allows for between sessions until an A/A run has measured it, relative: on the GPU that the baseline
// was measured on, and on another one of its kind, where two H200 differed by 0.05% to 1.3% over nine workloads
// (docs/ci.md).
inline constexpr double kAssumedSessionSd = 0.0015;
inline constexpr double kAssumedOtherGpuSd = 0.0035;
// A CPU shares its clocks and caches with all that runs: what two runs of one minute differ by, by experience.
inline constexpr double kAssumedCpuSd = 0.03;

// A slowdown with its interval: 0.02 is 2% slower.
struct Slowdown {
  Interval relative;
  bool reached = false;  // the samples were enough for the confidence; else nothing is decided by the interval
};

// The confidence of the interval at every look, by which the intervals of all looks hold together with the rule's.
// Throws std::invalid_argument where the rule has no looks, they do not rise, or the confidence is not within 0 .. 1.
double look_confidence(const CheckRule& rule);

// How many standard deviations on either side of its mean hold `confidence` of a normal distribution.
double deviations(double confidence);

// The natural logarithms of ratios, in their order: what is compared and averaged. Throws std::invalid_argument where a
// ratio is not positive.
std::vector<double> logarithms(std::span<const double> ratios);

// Whether `rounds` is a planned look.
bool is_look(const CheckRule& rule, size_t rounds);

// What an interval allows for besides the noise of rounds, relative.
struct Allowance {
  double session_sd = 0;  // what the level of a session moves from one to the next, of each of the two
  double selection = 0;   // by how much the baseline's winner may look faster than it is, for having been chosen by it

  bool operator==(const Allowance&) const = default;
};

// The slowdown from the ratios to the copy that the baseline's rounds had to those taken now: the Hodges-Lehmann shift
// of their logarithms. The two were taken in different sessions, so the interval is widened by the allowance: on both
// sides, in quadrature, for sessions; downwards for the selection.
Slowdown slowdown_between(std::span<const double> ratios_then, std::span<const double> ratios_now, double confidence,
                          const Allowance& allowance);

// How much faster the best of `alike` variants of the same speed looks than it is, on average, where each is known by
// `rounds` rounds whose own noise has the standard deviation `round_sd`: that of the maximum of normal samples.
double selection_of(int alike, int rounds, double round_sd);

// The slowdown from times of both taken in the same rounds, each time(now) / time(then): what hits a round hits both.
Slowdown slowdown_paired(std::span<const double> now_over_then, double confidence);

// The verdict, or none where the next look shall decide. With the slowdown's interval [low, high]:
//   pass          high < threshold: a slowdown of the threshold's size is ruled out
//   regression    low > threshold: slower than allowed for certain; or low > 0, the estimate reaches the threshold, and
//                 the interval is no wider than it: slower by the threshold as far as can be told, and more rounds
//                 would tell of a slowdown of about that size for ever that it may be a little less or more
// and where the interval holds the threshold after the last look (or a time limit):
//   regression    it is slower for certain (low > 0), and by the threshold as far as can be told: by the estimate, or
//                 because the interval is no wider than the threshold and still does not rule it out
//   inconclusive  else
// So where nothing changed, a regression is found with a probability of at most (1 - confidence) / 2 (it takes low >
// 0), and where the slowdown is the threshold or more, a pass with no more than that (it takes high < threshold).
std::optional<CheckVerdict> decide(const Slowdown& slowdown, const CheckRule& rule, bool last);

// Samples, look by look, until there is a verdict: what check does with rounds as they come, for samples that are there
// already. `ratios_now` are used up to the last look.
struct Decision {
  CheckVerdict verdict = CheckVerdict::inconclusive;
  Slowdown slowdown;
  size_t rounds = 0;
};
Decision decide_over(std::span<const double> ratios_then, std::span<const double> ratios_now, const CheckRule& rule,
                     const Allowance& allowance);

}  // namespace scantune::gate
