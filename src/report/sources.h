// The files of a report: best files, what --format json of a run or of scantune profile printed, journals, comparisons
// with peers, histories of checks.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "core/expected.h"
#include "wire/report_json.h"

namespace scantune::report {

// Reads the files, whatever of these each is, into one document. Entries of a best file that another file tells in
// full are left out; peers are put beside the outcomes of their workload, type and GPU, profiles and timelines beside
// those of their workload, chip and driver. What is left out is told by ReportSource::note. `tool_version` and `time`
// are those of the report. An error names the file.
Expected<wire::ReportDocument> gather(const std::vector<std::filesystem::path>& files, std::string tool_version,
                                      std::string time);

}  // namespace scantune::report
