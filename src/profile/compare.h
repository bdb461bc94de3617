// How much faster one variant or result is than another, and what changed along with it.
#pragma once

#include <string>
#include <vector>

#include "core/side_by_side.h"

namespace scantune::profile {

// Two records of one run, both measured. By the rounds that hold both where there are any, else by their ratios to the
// copy.
SideBySide compare(const Outcome& outcome, int a, int b);

// The winners of two results of the same workload, of whichever runs, drivers or GPUs. By their ratios to the copy:
// each GPU's own copy stands for what it can do at all.
SideBySide compare(const BestEntry& a, const std::string& a_source, const BestEntry& b, const std::string& b_source);

// Pairs of entries of the same workload (of the chip as well where both files have that), in the order of `a`.
struct Match {
  const BestEntry* a = nullptr;
  const BestEntry* b = nullptr;
};
std::vector<Match> matches(const std::vector<BestEntry>& a, const std::vector<BestEntry>& b);

}  // namespace scantune::profile
