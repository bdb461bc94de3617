// A report as Markdown: for a terminal or a pull request.
#pragma once

#include <string>

#include "wire/report_json.h"

namespace scantune::report {

// A table of all workloads, with the ratio to copy of scantune and of peers; then of each workload the winner, those
// as fast, why, and what was tried.
std::string page_markdown(const wire::ReportDocument& document);

}  // namespace scantune::report
