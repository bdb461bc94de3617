// What of a variant decides how fast it is, as numbers: by these, what was recorded of one workload tells what to
// expect of another.
#pragma once

#include <array>
#include <optional>
#include <string>

#include "core/kernel.h"

namespace scantune::explain {

struct Features {
  static constexpr size_t kCount = 19;

  std::string kernel;
  std::string storage;                  // empty where the family has no such parameter
  std::array<double, kCount> values{};  // scaled, so that a difference of 1 matters
};

// From the catalog's estimates; nothing is compiled. Nothing where the family has no estimates (on a CPU).
std::optional<Features> features(const Kernel& kernel, const Variant& variant, const Workload& workload,
                                 const Chip& chip);

// How many steps in parameters lie between two variants: powers of two of a number, 1 for another word. Another
// family counts as several.
double steps_between(const Variant& a, const Variant& b);
double steps_between(const Value& a, const Value& b);  // of one parameter

// What of a workload decides which variants are fast, as a distance (not squared).
double workload_distance(const Workload& a, const Workload& b);

}  // namespace scantune::explain
