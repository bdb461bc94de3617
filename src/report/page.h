// The page of `scantune report`.
#pragma once

#include <string>

#include "wire/report_json.h"

namespace scantune::report {

// One HTML file that holds all it needs: data, style, script and Chart.js. It asks no network for anything, and its
// Content-Security-Policy forbids it to.
std::string page_html(const wire::ReportDocument& document);

}  // namespace scantune::report
