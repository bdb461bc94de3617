// A report as Markdown: for a terminal or a pull request.
#pragma once

#include <string>
#include <string_view>

#include "wire/report_json.h"

namespace scantune::report {

// Text in a line of Markdown: what Markdown takes for its own is marked as text, and a line stays a line.
std::string markdown_text(std::string_view text);

// A table of all workloads, with the ratio to copy of scantune and of peers; one of the histories of checks; then of
// each workload the winner, those as fast, why, and what was tried.
std::string page_markdown(const wire::ReportDocument& document);

}  // namespace scantune::report
