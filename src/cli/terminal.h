// What standard output and standard error can show.
#pragma once

#include <cstdio>
#include <string_view>

#include "report/progress.h"
#include "report/report.h"

namespace scantune::cli {

// Colour and width of a stream: NO_COLOR, TERM=dumb, the locale's character set and the terminal's
// width are heeded; what is not a terminal gets 100 columns without colour.
report::TextStyle text_style(std::FILE* stream, bool verbose);

// Live on a terminal that can move its cursor, plain lines elsewhere.
report::ProgressStyle progress_style(std::FILE* stream);

// Writes text, without characters beyond ASCII where the locale is not UTF-8.
void print(std::FILE* stream, std::string_view text, const report::TextStyle& style);

// Prints JSON and flushes. JSON is UTF-8 in every locale.
void print_json(std::FILE* stream, std::string_view text);

}  // namespace scantune::cli
