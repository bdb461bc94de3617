// The best file (docs/results-format.md, configs/schema/best.schema.json): text in, text out.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/expected.h"
#include "core/outcome.h"

namespace scantune::wire {

// The stable key of an entry: "NVIDIA H200|32768x32768x1|f32|f32|cold|any".
std::string best_key(const Workload& workload, const Chip& chip);

// Its parts, as they are spelled in it.
struct BestKey {
  std::string chip;
  std::string geometry;  // outer x n x inner
  std::string dtype;
  std::string accumulator;
  std::string cache;
  std::string order;  // of additions: "any" or "deterministic"
};

// None where `key` was not made by best_key().
std::optional<BestKey> parts_of_best_key(std::string_view key);

// Merges entries into a best file's text (empty text: a new file): an entry of the same key is
// replaced, everything else is kept as it is, members this version does not know included. An
// error (bad_input) where parse_best has one: what is merged into a file that nothing reads is
// lost. The message says what is wrong with the content, the caller adds the path. So is a file
// whose results are of another origin: those of a replay and measured ones are never in one file.
Expected<std::string> merge_best(std::string_view existing, const std::vector<BestEntry>& entries);

// Whether merge_best will take the text. `of_replay`: of which origin the entries will be, where that is known.
Expected<void> check_best(std::string_view text, std::optional<bool> of_replay = {});

// The winner that a best file's text holds for a key, if it does. Reads nothing else of its entries, so it is no check
// of the file: see check_best. An error where the text is no best file, or the winner cannot be read.
struct StoredWinner {
  Variant variant;
  Interval ratio_to_copy;
};
Expected<std::optional<StoredWinner>> stored_winner(std::string_view text, const std::string& key);

// Best files put together: of entries that share a key one is kept, whole, as it is written, members that this version
// does not know included.
struct BestSource {
  std::string name;  // for messages
  std::string text;
};
struct PickedEntry {
  std::string key;
  size_t from = 0;            // index of the source it was taken from
  std::vector<size_t> among;  // sources that have one of the key, in order
  std::string why;            // it was kept; empty where there was no other, or all are the same
};
struct PickedBest {
  std::string text;
  std::vector<PickedEntry> entries;  // in the order in which keys first appear
};
// 0: keep `kept`, 1: take `other`; `why` is filled in.
using BestChoice = std::function<int(const BestEntry& kept, const BestEntry& other, std::string& why)>;
// An error (bad_input) begins with the name of the source at fault.
Expected<PickedBest> pick_best(const std::vector<BestSource>& sources, const BestChoice& choose);

// {"format": "scantune-show", "version": 1, ...}: of each entry its key, winner and figures, without samples.
std::string show_json(const std::string& file, const std::vector<BestEntry>& entries);

// Reads every entry, and every member of it that this version knows.
Expected<std::vector<BestEntry>> parse_best(std::string_view text);

}  // namespace scantune::wire
