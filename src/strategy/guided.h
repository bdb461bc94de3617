// The search that says why: it reads the counters of the best variant so far, asks the rules what limits it
// (explain/), and tries what they advise and the seed's rules allow, most promising first. docs/explain.md.
#pragma once

#include <memory>
#include <vector>

#include "explain/recorded.h"
#include "strategy/strategy.h"

namespace scantune {

struct GuidedOptions {
  double roof_margin = 0;  // ends where the best is within this share of the copy: nothing is left to find
  int patience = 12;       // ends after so many variants in a row that were not better

  // What is expected of variants before they are measured comes from these.
  const std::vector<explain::RecordedSweep>* recorded = &explain::recorded_sweeps();
};

std::unique_ptr<Strategy> guided(const SearchSpace& space, const GuidedOptions& options = {});

}  // namespace scantune
