// Where an exported file comes from and under which licence: what stands at the top of each.
#pragma once

#include <string>
#include <string_view>

#include "exports/export.h"

namespace scantune::exports {

inline constexpr std::string_view kLicence = "Apache-2.0";  // SPDX

// Lines of comment, each after `prefix` ("// ", "# "), the last one ended by a newline: what wrote the file, from
// what, its licence. `what` is a clause such as "reverse cumulative sums tuned for NVIDIA H200".
std::string notice(const ExportInput& input, std::string_view format, std::string_view what, std::string_view prefix);

// One line of plain text without control characters or line ends and of at most 200 bytes, whatever a file said: for
// comments and messages. What is not printable ASCII becomes '?'.
std::string one_line(std::string_view text);

// A file name or identifier made of any text: letters, digits and '_' ("NVIDIA H200" is "nvidia_h200"); never empty.
std::string safe_name(std::string_view text);

// The text as a C++ or Python string literal with its quotes: what is not printable ASCII is escaped byte by byte in
// octal, '\' and '"' too.
std::string quoted(std::string_view text);

// The text of the Apache License 2.0, which exports that hold source carry as LICENSE.
std::string_view licence_text();

}  // namespace scantune::exports
