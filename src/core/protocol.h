// How a trial is measured, as a value. Its digest is part of every trial's key, so that results
// made under different rules are never compared. docs/measuring.md gives the reason for each choice.
#pragma once

#include <cstdint>
#include <string>

namespace scantune {

struct Protocol {
  int version = 1;
  int warmup_copies = 10;   // untimed copies before the first round; variants are warmed by their verification
  int round_variants = 12;  // variants a round, so that each is near a copy in time
  int round_copies = 2;     // copies of the same bytes a round

  // Every verified variant is screened in this many rounds; fewer, but not fewer than the minimum,
  // where those would take longer than the time for one batch of variants.
  int screen_rounds = 5;
  int screen_min_rounds = 2;
  double screen_time_s = 8;

  // The final's size is fixed before it starts, by the same rule, so that its intervals are valid.
  int final_rounds = 30;
  int final_min_rounds = 8;
  double final_time_s = 30;
  int final_variants = 8;  // finalists, the baseline's best not counted

  double confidence = 0.95;    // of every interval
  double equivalence = 0.005;  // relative: closer than this is "as fast"

  bool operator==(const Protocol&) const = default;
};

std::string digest(const Protocol& protocol);

}  // namespace scantune
