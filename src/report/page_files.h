// The files that the page of `scantune report` is made of, embedded at build time (cmake/EmbedFiles.cmake).
#pragma once

#include <vector>

#include "core/kernel.h"

namespace scantune::report {

const std::vector<SourceFile>& page_files();   // src/report/html
const std::vector<SourceFile>& chart_files();  // Chart.js, as installed where this was built

}  // namespace scantune::report
