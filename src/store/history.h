// The history of checks: a JSON line each, only ever added to (docs/ci.md).
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "core/check.h"
#include "core/expected.h"

namespace scantune::store {

struct CheckHistory {
  std::vector<HistoryLine> lines;    // in the order of the file
  std::vector<std::string> skipped;  // one text for each line that cannot be used, with its number
};

// A file that is not there is an empty history. An error where it cannot be read or is something else.
Expected<CheckHistory> read_history(const std::filesystem::path& path);

// Adds lines in one write, under a lock; makes file and folder where there are none. What a torn write left behind is
// ended by a newline first. An error where the file is something else; then nothing is written.
Expected<void> append_history(const std::filesystem::path& path, const std::vector<HistoryLine>& lines);

}  // namespace scantune::store
