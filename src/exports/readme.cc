#include "exports/readme.h"

#include "core/units.h"
#include "exports/notice.h"

namespace scantune::exports {

std::string tuned_markdown(const ExportInput& input) {
  std::string table =
      "| outer x n x inner | type | sums | chip | variant | time | of a copy |\n"
      "|---|---|---|---|---|---|---|\n";
  for (const BestEntry& entry : input.entries) {
    const Contender& winner = entry.contenders.front();
    std::string chip = one_line(entry.chip.name);
    for (size_t at = chip.find('|'); at != std::string::npos; at = chip.find('|')) {
      chip[at] = '/';
    }
    table += fmt::format("| {} | {} | {} | {} | {} | {} | {:.3f} |\n", to_string(entry.workload.geometry()),
                         name(entry.workload.dtype), name(entry.workload.accumulator), chip,
                         one_line(to_string(winner.variant)), format_time(winner.time_ns.median),
                         winner.ratio_to_copy.median);
  }
  return table;
}

}  // namespace scantune::exports
