// What was recorded of variants in sweeps on real GPUs, built into the program: expectations are made of it.
#pragma once

#include <string_view>
#include <vector>

#include "core/chip.h"
#include "core/expected.h"
#include "core/variant.h"
#include "core/workload.h"

namespace scantune::explain {

struct RecordedVariant {
  Variant variant;
  double ratio_to_copy = 0;
};

// One workload's sweep, best first.
struct RecordedSweep {
  Workload workload;
  Chip chip;
  std::vector<RecordedVariant> variants;
};

// The sweeps in the program (scripts/make_recorded.py): the best 30 variants of each workload, and 30 of the others.
const std::vector<RecordedSweep>& recorded_sweeps();

// Reads such lines: "= outer n inner dtype accumulator cache", then "ratio variant" each.
Expected<std::vector<RecordedSweep>> parse_recorded(const std::vector<std::string_view>& lines, const Chip& chip);

}  // namespace scantune::explain
