// Two variants, or one in two runs, held against each other. Made by src/profile, printed by src/report and src/wire.
#pragma once

#include <string>
#include <vector>

#include "core/interval.h"
#include "core/outcome.h"

namespace scantune {

// One of the two.
struct Side {
  std::string source;  // the file it is from; empty where it was measured now
  Variant variant;
  Chip chip;
  Provenance provenance;
  Interval time_ns;
  Interval ratio_to_copy;

  bool operator==(const Side&) const = default;
};

// A quantity that both have and that differs.
struct Difference {
  std::string name;  // a counter, a resource ("registers_per_thread") or one of scantune's ("bytes_in_flight_per_sm")
  std::string unit;
  double a = 0;
  double b = 0;
  double relative = 0;   // b / a - 1; of a percentage b - a in points / 100
  bool symptom = false;  // follows from the time and explains nothing
  double explains = 0;   // the share of the difference in time it would account for alone, 0 to 1

  bool operator==(const Difference&) const = default;
};

enum class Standoff { faster, slower, equivalent, undecided };  // of A against B

std::string_view name(Standoff standoff);

struct SideBySide {
  Workload workload;
  Side a;
  Side b;
  Interval speedup;  // how many times as fast A is as B
  double confidence = 0.95;
  double equivalence = 0.005;  // relative: closer than this is "as fast"
  int paired_rounds = 0;       // that hold both; 0: by their ratios to the copy
  Standoff standoff = Standoff::undecided;
  std::vector<Difference> differences;  // what explains the difference in time best comes first; symptoms last

  bool operator==(const SideBySide&) const = default;
};

}  // namespace scantune
