// JSON text in and out, for the files of this folder. Values are ordered: members keep their order.
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>
#include <string_view>

#include "core/expected.h"

namespace scantune::wire {

using Json = nlohmann::ordered_json;

// How often an object may have a member of the same name. Of several the last counts, as in most readers; in what is
// written by hand it is a slip, which would be lost.
enum class Members { any, once };

// Reads one JSON value. The message of an error gives line and column.
Expected<Json> parse_json(std::string_view text, Members members = Members::any);

// The text of a value, made to be read and diffed: indented by two spaces, but arrays of numbers,
// what fits a line, and the rows of tables (rounds, metrics, resources) on one line each. Numbers
// are the shortest that read back as the same double; NaN and infinities, which JSON lacks, are
// null; bytes that are not UTF-8 are replaced by U+FFFD. Ends in a newline.
std::string to_text(const Json& value);

}  // namespace scantune::wire
