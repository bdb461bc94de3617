// The best file (docs/results-format.md, configs/schema/best.schema.json): text in, text out.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/expected.h"
#include "core/outcome.h"

namespace scantune::wire {

// The stable key of an entry: "NVIDIA H200|32768x32768x1|f32|f32|cold|any".
std::string best_key(const Workload& workload, const Chip& chip);

// Merges entries into a best file's text (empty text: a new file): an entry of the same key is
// replaced, everything else is kept as it is, members this version does not know included. An
// error (bad_input) where the text is not a best file of a version this tool reads; the message
// says what is wrong with the content, the caller adds the path. So is a file whose results are of
// another origin: see check_origin.
Expected<std::string> merge_best(std::string_view existing, const std::vector<BestEntry>& entries);

// Results of a replay and measured ones are never in one file. An error where the text has an entry of
// the other origin.
Expected<void> check_origin(std::string_view text, bool of_replay);

// The winner that a best file's text holds for a key, if it does. Reads nothing else of the entry, so that one
// measured under an older protocol has a winner still. An error as of merge_best.
struct StoredWinner {
  Variant variant;
  Interval ratio_to_copy;
};
Expected<std::optional<StoredWinner>> stored_winner(std::string_view text, const std::string& key);

// Reads every entry.
Expected<std::vector<BestEntry>> parse_best(std::string_view text);

}  // namespace scantune::wire
