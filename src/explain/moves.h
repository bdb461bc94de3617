// From a diagnosis to variants of a space: what its advice comes to, and what the seed's rules forbid.
#pragma once

#include <cstddef>
#include <set>
#include <string>
#include <vector>

#include "explain/diagnosis.h"
#include "explain/expectation.h"

namespace scantune::explain {

// A variant that a piece of advice leads to.
struct Move {
  size_t candidate = 0;  // index into the space
  Limit limit = Limit::unknown;
  Advice advice;
};

// What to try next, first things first: the findings in their order, their advice in its order, and for each up to
// three variants, those expected most of first. A direction allows for a few steps in other parameters, as twice the
// tile may need half the stages to fit. Each candidate is there once, and none of
// those already tried or surely worse. Empty where nothing is advised.
std::vector<Move> moves(const Subject& subject, const Diagnosis& diagnosis, const std::vector<Candidate>& space,
                        const Expectation& expectation, const std::set<size_t>& tried = {});

// The seed's rule that a step from a profiled variant to another one would break, in words; empty where it breaks
// none, and where counters that a rule asks for are missing:
//  - stages go up only where memory stalls are high;
//  - access patterns (family, storage) change only with metric evidence: a finding whose advice says so;
//  - larger tiles reuse more but take registers: not where fewer bytes would be in flight than before and than needed.
std::string broken_rule(const Subject& from, const Diagnosis& diagnosis, const Candidate& to);

}  // namespace scantune::explain
