// The outcome of runs that are over, as their journal tells it.
#pragma once

#include <optional>
#include <vector>

#include "core/journal.h"
#include "core/outcome.h"

namespace scantune {

// Folds the events of one context, in the order they happened (store::JournalReader::events gives them), into the
// outcome that its last run had: of each variant what counts of its last build. Nothing where no run began. A
// journal does not know variants that were ruled out before they were compiled.
std::optional<Outcome> retold(std::vector<JournalEvent> events);

}  // namespace scantune
