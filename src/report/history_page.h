// Histories of checks (`scantune check --history FILE`) in a report.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "core/check.h"
#include "wire/report_json.h"

namespace scantune::report {

// Whether a file's text begins as a history does.
bool is_history(std::string_view text);

// The runs of each workload, with the change of level that the gate finds in them; workloads in the order in which the
// file first has them. Titles are spelled from the keys. `source` is the index of the file. `note` gets what is left
// out, and why.
std::vector<wire::ReportHistory> page_histories(const std::vector<HistoryLine>& lines, int source, std::string& note);

// Gives each history the title of the outcome that it is of, where the report has that.
void name_histories(wire::ReportDocument& document);

// Ratios as a line of blocks, the lowest of all at the bottom and the highest at the top: "▁▁▂▁█". Of more than `most`
// the last ones.
std::string sparkline(const std::vector<double>& ratios, size_t most);

// A table of all histories, those whose level changed first; empty where there is none. Ends in a newline.
std::string history_markdown(const std::vector<wire::ReportHistory>& histories);

}  // namespace scantune::report
