// What a journal knows of a run's variants before it begins.
#pragma once

#include <optional>
#include <set>
#include <string>
#include <vector>

#include "core/journal.h"

namespace scantune {

struct History {
  std::vector<JournalEvent> events;  // of one context, in the order they happened; empty where there are none
  bool retry_failed = false;         // try variants again that failed before

  // The parts of it that belong to variants as they are built now, folded into an outcome.
  struct Folded {
    std::set<int> screened;                // records that need no more rounds of the screen
    std::vector<int> settled;              // those and the ones that failed, in the order in which that came out
    std::optional<Provenance> provenance;  // of the last run that measured
  };

  // Fills in the records and rounds of `outcome`. trials[i] is outcome.records[i]; one with an empty
  // build takes nothing. A round keeps what it says of these trials and of the copy.
  Folded fold(const std::vector<Trial>& trials, Outcome& outcome) const;
};

}  // namespace scantune
