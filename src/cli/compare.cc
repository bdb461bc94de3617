// scantune compare: two variants measured side by side, or two results.
#include "profile/compare.h"

#include <csignal>
#include <cstdio>
#include <filesystem>

#include "cli/chosen.h"
#include "cli/commands.h"
#include "cli/exit_code.h"
#include "cli/measuring.h"
#include "cli/options.h"
#include "core/version.h"
#include "report/compare_text.h"
#include "report/profile_text.h"
#include "store/file.h"
#include "wire/best_json.h"
#include "wire/compare_json.h"
#include "wire/outcome_json.h"

namespace scantune::cli {
namespace {

constexpr int kRounds = 30;

// A file's name rather than a variant's spelling.
bool is_file(const std::string& side) {
  std::error_code ignored;
  return std::filesystem::exists(side, ignored) || side.ends_with(".json") ||
         (side.find('/') != std::string::npos && side.find('=') == std::string::npos);
}

// --- Variants ------------------------------------------------------------------------------------------

Expected<int> compare_variants(const CompareCommand& command, Format format) {
  const auto workload = one_workload(command.target);
  if (!workload) {
    return tl::unexpected(workload.error());
  }
  auto plan = plan_measure(command.target, command.measure, kRounds);
  if (!plan) {
    return tl::unexpected(plan.error());
  }
  MeasuringDevice device("compare", *std::move(plan));
  if (const auto opened = device.open(); !opened) {
    return tl::unexpected(opened.error());
  }
  const Chip& chip = device.info().chip;
  std::vector<Candidate> candidates;
  for (const std::string& side : command.sides) {
    auto candidate = spelled_variant(side, *workload, chip);
    if (!candidate) {
      return at_option("compare", "'" + side + "'", candidate.error());
    }
    if (!candidate->broken.empty()) {
      return bad_input("compare '{}': it breaks a constraint: {}", side, candidate->broken);
    }
    candidates.push_back(*std::move(candidate));
  }
  if (candidates[0].variant == candidates[1].variant) {
    return bad_input("compare '{}': A and B are the same variant; give two", command.sides[1]);
  }
  const auto measured = device.measure(*workload, candidates);
  if (!measured) {
    return tl::unexpected(measured.error());
  }
  const Outcome& outcome = measured->outcome;
  const bool both = outcome.ranking.size() == 2;
  std::vector<SideBySide> comparisons;
  if (both) {
    comparisons.push_back(profile::compare(outcome, 0, 1));
  }
  if (format == Format::json) {
    print_json(stdout, wire::compare_json(comparisons, &outcome));
  } else {
    const report::TextStyle style = text_style(stdout, false);
    print(stdout,
          report::device_line(outcome.device, std::string(version())) + "\n" + report::workload_line(*workload) + "\n",
          style);
    if (both) {
      print(stdout, "\n" + report::compare_text(comparisons.front(), style) + report::replay_text(outcome, style),
            style);
    }
  }
  for (const Record& record : outcome.records) {
    if (record.failure) {
      report_error({ErrorKind::failed, fmt::format("{}: {}: {}", to_string(record.variant), name(record.failure->kind),
                                                   record.failure->what)});
    }
  }
  if (outcome.stopped != StopReason::complete) {
    report_error({ErrorKind::failed, outcome.stopped == StopReason::interrupted
                                         ? std::string("interrupted")
                                         : "the device was lost: " + outcome.stop_detail});
  }
  return exit_code_of(outcome);
}

// --- Results -------------------------------------------------------------------------------------------

// The entries of a best file, or of the outcomes of a run that have a winner.
Expected<std::vector<BestEntry>> read_results(const std::string& path) {
  const auto text = store::read_file(path);
  if (!text) {
    Error error = text.error();
    error.kind = ErrorKind::bad_input;
    return tl::unexpected(std::move(error));
  }
  auto entries = wire::parse_best(*text);
  if (entries) {
    return entries;
  }
  const auto outcomes = wire::parse_run(*text);
  if (!outcomes) {
    // A file of either kind is told what is wrong with it; anything else, what was expected.
    const bool run = text->find("\"scantune-run\"") != std::string::npos;
    return bad_input("{}: neither a best file nor what scantune --format json prints: {}", path,
                     run ? outcomes.error().message : entries.error().message);
  }
  std::vector<BestEntry> of_run;
  for (const Outcome& outcome : *outcomes) {
    if (outcome.winner) {
      of_run.push_back(best_entry(outcome));
    }
  }
  return of_run;
}

Expected<int> compare_results(const CompareCommand& command, Format format) {
  const MeasureArguments& m = command.measure;
  for (const auto& [given, option] :
       {std::pair{command.target.device.has_value(), "--device"}, std::pair{m.metrics.has_value(), "--metrics"},
        std::pair{m.rounds.has_value(), "--rounds"}, std::pair{m.repeats.has_value(), "--repeats"},
        std::pair{m.warm_runs.has_value(), "--warm-runs"}, std::pair{m.seed.has_value(), "--seed"},
        std::pair{m.cache_dir.has_value(), "--cache-dir"}, std::pair{m.in_process, "--in-process"}}) {
    if (given) {
      return bad_input("{}: it is for measuring variants; results of files are taken as they are", option);
    }
  }
  std::optional<Workload> only;
  if (!command.target.shapes.empty()) {
    const auto workload = one_workload(command.target);
    if (!workload) {
      return tl::unexpected(workload.error());
    }
    only = *workload;
  }
  const auto a = read_results(command.sides[0]);
  if (!a) {
    return tl::unexpected(a.error());
  }
  const auto b = read_results(command.sides[1]);
  if (!b) {
    return tl::unexpected(b.error());
  }
  std::vector<SideBySide> comparisons;
  for (const profile::Match& match : profile::matches(*a, *b)) {
    const auto key = [](const Workload& workload) { return wire::best_key(workload, Chip{}); };
    if (!only || key(*only) == key(match.a->workload)) {
      comparisons.push_back(profile::compare(*match.a, command.sides[0], *match.b, command.sides[1]));
    }
  }
  if (comparisons.empty()) {
    return bad_input("{} and {} have no result of the same workload{}", command.sides[0], command.sides[1],
                     only ? ", " + to_string(*only) : "");
  }
  if (format == Format::json) {
    print_json(stdout, wire::compare_json(comparisons, nullptr));
    return kDone;
  }
  const report::TextStyle style = text_style(stdout, false);
  std::string text;
  for (const SideBySide& comparison : comparisons) {
    text += (text.empty() ? "" : "\n") + report::workload_line(comparison.workload) + "\n\n" +
            report::compare_text(comparison, style);
  }
  print(stdout, text, style);
  return kDone;
}

}  // namespace

int run(const CompareCommand& command) {
  std::signal(SIGPIPE, SIG_IGN);
  if (command.sides.size() != 2) {
    return report_error({ErrorKind::bad_input,
                         fmt::format("compare: it takes two variants or two files, not {}; quote a variant, as in "
                                     "'row_carry tile=8192 warps=16 stages=2 storage=registers'",
                                     command.sides.size())});
  }
  const auto format = parse_format(command.measure.format);
  if (!format) {
    return report_error(format.error());
  }
  const bool a = is_file(command.sides[0]);
  const bool b = is_file(command.sides[1]);
  if (a != b) {
    return report_error(
        {ErrorKind::bad_input,
         fmt::format("compare '{}' '{}': one is a file, the other is not; give two files or two variants",
                     command.sides[0], command.sides[1])});
  }
  const auto code = a ? compare_results(command, *format) : compare_variants(command, *format);
  return code ? *code : report_error(code.error());
}

}  // namespace scantune::cli
