// How a trial is measured, as a value. Its digest is part of every trial's key, so that results
// made under different rules are never compared. docs/measuring.md gives the reason for each choice.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace scantune {

struct Protocol {
  int version = 2;
  int warmup_copies = 10;   // untimed copies before the first round; variants are warmed by their verification
  int round_variants = 12;  // variants a round, so that each is near a copy in time
  int round_copies = 2;     // copies of the same bytes a round

  // On a GPU, a sample is one run where a copy takes at least short_run_ns; else as many runs,
  // enqueued as one graph, as a copy needs to fill sample_ns.
  double short_run_ns = 50'000;
  double sample_ns = 500'000;

  // The screen: a variant's sampling ends when it is certainly slower than the leader (racing), when
  // the interval of its ratio to the copy is tight at one of the planned looks, or with the last
  // look. Where rounds are long, the last look comes earlier: as many rounds as the time allows, but
  // at least the minimum.
  int race_min_rounds = 3;
  double race_margin = 0.05;  // relative: how far every one of its ratios is below the leader's interval
  std::vector<int> screen_looks = {7, 12, 20};
  double tight_half_width = 0.005;  // relative
  int screen_min_rounds = 2;
  double screen_time_s = 8;

  // The final's size is fixed before it starts, so that its intervals are valid: the rounds wanted,
  // fewer where those would take longer than the time, but at least the minimum.
  int final_rounds = 30;
  int final_min_rounds = 9;
  double final_time_s = 30;
  int final_variants = 8;  // finalists; the baseline's best and the incumbent are not counted

  // A round is discarded where its copies are this far, relative, from each other or from those of
  // the rounds before it, or where the device says that it was slowed down; but no more than this
  // share of all rounds, for on a machine that is always noisy nothing would be left.
  double disturbance = 0.10;
  double discard_share = 0.25;

  double confidence = 0.95;    // of the intervals of a variant's looks together, and of the finalists' together
  double equivalence = 0.005;  // relative: closer than this is "as fast"

  bool operator==(const Protocol&) const = default;
};

std::string digest(const Protocol& protocol);

}  // namespace scantune
