// scantune show and merge: best files looked through and put together.
#include <algorithm>
#include <cstdio>
#include <filesystem>

#include "cli/commands.h"
#include "cli/exit_code.h"
#include "cli/options.h"
#include "cli/present.h"
#include "cli/table.h"
#include "cli/terminal.h"
#include "core/units.h"
#include "gate/staleness.h"
#include "report/text.h"
#include "store/best_file.h"
#include "store/file.h"
#include "wire/best_json.h"

namespace scantune::cli {
namespace {

std::string date_of(const std::string& time) { return time.empty() ? "-" : time.substr(0, time.find('T')); }

std::string entries_table(const std::vector<BestEntry>& entries) {
  Table table{{"workload", "chip", "winner", "time", "of copy", "as fast", "measured", "rounds"}, {}};
  for (const BestEntry& entry : entries) {
    const Contender& winner = entry.contenders.front();
    std::string workload = to_string(entry.workload);
    workload += entry.workload.cache == CacheState::hot ? " hot" : "";
    workload += entry.workload.deterministic ? " deterministic" : "";
    table.rows.push_back({std::move(workload), entry.chip.name, to_string(winner.variant),
                          report::time_text(winner.time_ns), report::ratio_text(winner.ratio_to_copy),
                          fmt::format("{}", entry.equivalents.size()), date_of(entry.provenance.time),
                          fmt::format("{}", entry.rounds.size())});
  }
  return to_text(table);
}

// Whether two paths are the same file, whether it exists or not.
bool same_file(const std::filesystem::path& a, const std::filesystem::path& b) {
  std::error_code error;
  if (std::filesystem::equivalent(a, b, error)) {
    return true;
  }
  return std::filesystem::weakly_canonical(a, error) == std::filesystem::weakly_canonical(b, error);
}

Expected<int> merge(const MergeCommand& command) {
  if (!command.out || command.out->empty()) {
    return bad_input("merge: --out is missing; name the best file to write with --out FILE");
  }
  if (command.files.size() < 2) {
    return bad_input("merge: it takes two best files or more, as in scantune merge A B --out {}", *command.out);
  }
  std::vector<wire::BestSource> sources;
  for (const std::string& file : command.files) {
    if (same_file(file, *command.out)) {
      return bad_input("--out {}: it is one of the files to merge, which are not touched; write another name",
                       *command.out);
    }
    auto text = store::read_file(file);
    if (!text) {
      return fail(ErrorKind::bad_input, "{}", text.error().message);
    }
    sources.push_back({file, *std::move(text)});
  }
  const Present present;
  const auto stale = [&](const BestEntry& entry) { return gate::staleness_of(entry, present.here()).stale(); };
  const auto picked = wire::pick_best(sources, [&](const BestEntry& kept, const BestEntry& other, std::string& why) {
    return gate::better_of(kept, stale(kept), other, stale(other), &why);
  });
  if (!picked) {
    return tl::unexpected(picked.error());
  }
  if (const auto ready = store::prepare_file(*command.out, kDefaultOut); !ready) {
    return tl::unexpected(ready.error());
  }
  if (const auto written = store::write_atomically(*command.out, picked->text); !written) {
    return tl::unexpected(written.error());
  }
  const report::TextStyle style = text_style(stdout, false);
  for (const wire::PickedEntry& entry : picked->entries) {
    if (!entry.why.empty()) {
      print(stdout, fmt::format("{}: from {}: {}\n", entry.key, sources[entry.from].name, entry.why), style);
    }
  }
  print(stdout,
        fmt::format("{}: {} of {}\n", *command.out,
                    picked->entries.size() == 1 ? "1 entry" : fmt::format("{} entries", picked->entries.size()),
                    report::plural(sources.size(), "file")),
        style);
  return kDone;
}

}  // namespace

int run(const ShowCommand& command) {
  const auto format = parse_format(command.format);
  if (!format) {
    return report_error(format.error());
  }
  if (command.files.size() > 1) {
    return report_error(
        {ErrorKind::bad_input, fmt::format("show {}: it takes one file; leave the rest out", command.files[1])});
  }
  const std::string file = command.files.empty() ? std::string(kDefaultOut) : command.files.front();
  const auto entries = store::read_best_file(file);
  if (!entries) {
    return report_error({ErrorKind::bad_input, entries.error().message});
  }
  if (*format == Format::json) {
    print_json(stdout, wire::show_json(file, *entries));
  } else {
    print(stdout, entries_table(*entries), text_style(stdout, false));
  }
  return kDone;
}

int run(const MergeCommand& command) {
  const auto code = merge(command);
  return code ? *code : report_error(code.error());
}

}  // namespace scantune::cli
