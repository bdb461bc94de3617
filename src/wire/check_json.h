// The JSON of regression checks (docs/ci.md, docs/best-files.md): what check and verify print with --format json, and
// the lines of a history file. Schemas: configs/schema/check.schema.json, history.schema.json, verify.schema.json.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "core/check.h"
#include "core/expected.h"

namespace scantune::wire {

// {"format": "scantune-check", "version": 1, ...}: verdicts, intervals, changes and every raw sample. Ends in a
// newline.
std::string check_json(const Check& check, int exit_code);

// A line of a history file, its newline included.
std::string history_line(const HistoryLine& line);

// Reads a line, its newline left off. An error (bad_input) says what is wrong with it.
Expected<HistoryLine> parse_history_line(std::string_view text);

// Whether a line is one of a history, of whatever version: else the file is something else.
bool looks_like_history(std::string_view line);

// {"format": "scantune-verify", "version": 1, ...}. Ends in a newline.
std::string verify_json(const std::string& file, const std::vector<Staleness>& entries);

}  // namespace scantune::wire
