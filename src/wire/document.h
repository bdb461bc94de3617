// What every JSON document of scantune says of itself first: its format and version.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "core/expected.h"
#include "wire/json_text.h"

namespace scantune::wire {

// The value of the member "format" near the start of a text, as scantune writes it; empty where there is none. Parses
// nothing, so that a large file is not parsed twice.
std::string format_of(std::string_view text);

// Reads a document of a format and of a version up to `version`. An error (bad_input) says what it is instead.
Expected<Json> parse_document(std::string_view text, std::string_view format, int64_t version);

}  // namespace scantune::wire
