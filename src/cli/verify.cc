// scantune verify: whether what a best file holds still holds here.
#include <cstdio>

#include "cli/commands.h"
#include "cli/devices.h"
#include "cli/exit_code.h"
#include "cli/options.h"
#include "cli/present.h"
#include "cli/terminal.h"
#include "gate/staleness.h"
#include "report/check_report.h"
#include "store/best_file.h"
#include "wire/check_json.h"

namespace scantune::cli {

int run(const VerifyCommand& command) {
  const auto format = parse_format(command.format);
  if (!format) {
    return report_error(format.error());
  }
  if (command.files.size() > 1) {
    return report_error(
        {ErrorKind::bad_input, fmt::format("verify {}: it takes one file; leave the rest out", command.files[1])});
  }
  const std::string file = command.files.empty() ? std::string(kDefaultOut) : command.files.front();
  const auto entries = store::read_best_file(file);
  if (!entries) {
    return report_error({ErrorKind::bad_input, entries.error().message});
  }
  const Present present;
  std::vector<Staleness> all;
  size_t stale = 0;
  for (const BestEntry& entry : *entries) {
    all.push_back(gate::staleness_of(entry, present.here()));
    stale += all.back().stale() ? 1 : 0;
  }
  if (*format == Format::json) {
    print_json(stdout, wire::verify_json(file, all));
    return stale == 0 ? kDone : kFailed;
  }
  std::vector<Staleness> shown;
  for (const Staleness& one : all) {
    if (!command.quiet || one.stale()) {
      shown.push_back(one);
    }
  }
  const report::TextStyle style = text_style(stdout, false);
  print(stdout, report::staleness_text(shown, style), style);
  if (!command.quiet) {
    print(stdout, fmt::format("{} of {} stale\n", stale, all.size()), style);
  }
  return stale == 0 ? kDone : kFailed;
}

}  // namespace scantune::cli
