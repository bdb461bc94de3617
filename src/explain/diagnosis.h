// What keeps a profiled variant from being faster, how that is known, and what to try next. The rules
// are one table (rules.cc); docs/explain.md lists them with the sources of their thresholds.
#pragma once

#include <array>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "explain/subject.h"

namespace scantune::explain {

enum class Limit {
  at_copy_roof,     // as fast as a copy of the same bytes: nothing is left
  spilling,         // registers did not suffice: the compiler put values into local memory
  launch_bound,     // the launches themselves take a good part of the time
  l2_resident,      // the data came out of the L2: DRAM is not what it waits for
  extra_traffic,    // more bytes move than the scan needs
  tail_effect,      // SMs end unevenly: some wait while the last blocks run
  look_back,        // tiles wait for the sums of other tiles
  barriers,         // warps wait for one another
  shared_memory,    // warps wait for shared memory
  bytes_in_flight,  // too few loads are under way to keep DRAM busy
  issue_bound,      // the schedulers are busy: too many instructions
  access_pattern,   // enough loads are under way, but memory is walked in an order that DRAM does not like
  unknown,          // counters are missing, or nothing stands out
};

inline constexpr std::array<Limit, 13> kAllLimits = {
    Limit::at_copy_roof, Limit::spilling,       Limit::launch_bound, Limit::l2_resident,   Limit::extra_traffic,
    Limit::tail_effect,  Limit::look_back,      Limit::barriers,     Limit::shared_memory, Limit::bytes_in_flight,
    Limit::issue_bound,  Limit::access_pattern, Limit::unknown};

std::string_view name(Limit limit);         // "bytes_in_flight": in files
std::string_view description(Limit limit);  // "too few bytes in flight": for people

// A figure that a rule looked at, and what it was held against.
struct Evidence {
  std::string metric;  // a counter's name, or one of scantune's: "ratio_to_copy", "bytes_in_flight_per_sm", "waves"
  std::string entry;   // the launch it is of; empty where it is of the whole variant
  double value = 0;
  std::string unit;      // as MetricValue::unit
  bool at_least = true;  // the rule asks for value >= threshold; else for value < threshold
  double threshold = 0;  // in the same unit
  std::string source;    // of the threshold: "the seed's rule", "Little's law: ..."

  bool operator==(const Evidence&) const = default;
};

enum class Direction {
  up,     // the next larger value
  down,   // the next smaller value
  other,  // another word or family
};

std::string_view name(Direction direction);

// What to try next: a parameter of the variant's family and a direction, or another family.
struct Advice {
  std::string param;  // "stages"; "kernel" for another family
  Direction direction = Direction::up;
  std::string why;  // "more loads under way"

  bool operator==(const Advice&) const = default;
};

// One rule that fired.
struct Finding {
  Limit limit = Limit::unknown;
  std::vector<Evidence> evidence;
  std::string sentence;        // for people, with the figures
  std::vector<Advice> advice;  // first things first; see no_advice() where there is none

  bool operator==(const Finding&) const = default;
};

// Every rule that fired, in the order of the table: the first is what limits the variant. Never empty.
struct Diagnosis {
  std::vector<Finding> findings;

  [[nodiscard]] const Finding& first() const { return findings.front(); }
  [[nodiscard]] Limit limit() const { return first().limit; }
  [[nodiscard]] bool nothing_left() const { return limit() == Limit::at_copy_roof; }

  bool operator==(const Diagnosis&) const = default;
};

Diagnosis diagnose(const Subject& subject);

// "another storage", "stages up"
std::string to_string(const Advice& advice);

// Why a finding has no advice, for people; empty where it has some. That nothing is left is said at the copy's roof
// only.
std::string_view no_advice(const Finding& finding);

}  // namespace scantune::explain
