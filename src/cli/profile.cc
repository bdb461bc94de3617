// scantune profile: one variant, all there is to say of it.
#include <csignal>
#include <cstdio>

#include "cli/chosen.h"
#include "cli/commands.h"
#include "cli/exit_code.h"
#include "cli/measuring.h"
#include "cli/options.h"
#include "cli/table.h"
#include "core/version.h"
#include "profile/sheet.h"
#include "report/profile_text.h"
#include "wire/list_json.h"
#include "wire/profile_json.h"

namespace scantune::cli {
namespace {

constexpr int kRounds = 12;

enum class SheetFormat { text, json, csv };

Expected<SheetFormat> parse_sheet_format(const std::optional<std::string>& text) {
  if (text == "csv") {
    return SheetFormat::csv;
  }
  const auto format = parse_format(text);
  if (!format) {
    return bad_input("--format {}: unknown format; known: text, json, csv", *text);
  }
  return *format == Format::json ? SheetFormat::json : SheetFormat::text;
}

// --- What a set costs --------------------------------------------------------------------------------

Expected<std::string> chip_for_passes(const ProfileCommand& command) {
  if (command.chip) {
    return chip_with_counters(*command.chip);
  }
  const auto request = parse_device(command.target.device);
  if (!request) {
    return tl::unexpected(request.error());
  }
  const auto found = find_device(*request);
  if (!found) {
    return tl::unexpected(found.error());
  }
  if (found->info.chip.backend == Backend::cpu) {
    return bad_input("--passes: the CPU counts everything in one run; name a GPU with --chip, such as --chip GH100");
  }
  return found->info.chip.code_name;
}

Expected<void> show_passes(const ProfileCommand& command, SheetFormat format) {
  const auto chip = chip_for_passes(command);
  if (!chip) {
    return tl::unexpected(chip.error());
  }
  const std::string metrics = command.measure.metrics.value_or("full");
  if (metrics == "none") {
    return bad_input("--metrics none: it takes no pass; ask for core, seed, stalls, memory, full or names");
  }
  const auto counts = cuda::count_passes_of(metrics, *chip);
  if (!counts) {
    const bool of_chip = command.chip && !cuda::list_metrics(*chip, false);
    return of_chip ? at_option("--chip", *command.chip, counts.error())
                   : at_option("--metrics", metrics, counts.error());
  }
  std::vector<wire::PassListing> items;
  for (const cuda::PassCount& item : counts->items) {
    items.push_back({item.asked, item.metrics, item.passes, item.missing});
  }
  const cuda::PassCount& all = counts->together;
  const wire::PassListing together{all.asked, all.metrics, all.passes, all.missing};
  if (format == SheetFormat::json) {
    print_json(stdout, wire::passes_json(*chip, items, together));
    return {};
  }
  if (format == SheetFormat::csv) {
    std::string text = "asked,metrics,passes\n";
    for (const wire::PassListing& item : items) {
      text += fmt::format("{},{},{}\n", item.asked, item.metrics, item.passes);
    }
    text += fmt::format("together,{},{}\n", together.metrics, together.passes);
    std::fputs(text.c_str(), stdout);
    return {};
  }
  Table table{{"on " + *chip, "metrics", "passes"}, {}};
  for (const wire::PassListing& item : items) {
    table.rows.push_back({item.asked, fmt::format("{}", item.metrics), fmt::format("{}", item.passes)});
  }
  if (items.size() > 1) {
    table.rows.push_back({"together", fmt::format("{}", together.metrics), fmt::format("{}", together.passes)});
  }
  std::string text = to_text(table);
  for (const std::string& missing : together.missing) {
    text += fmt::format("{} does not have {}\n", *chip, missing);
  }
  print(stdout, text, text_style(stdout, false));
  return {};
}

// --- The profile -------------------------------------------------------------------------------------

Expected<void> check_options(const ProfileCommand& command) {
  const int chosen = (command.variant ? 1 : 0) + (command.kernel ? 1 : 0) + (command.best ? 1 : 0);
  if (command.passes) {
    for (const auto& [given, option] :
         {std::pair{!command.target.shapes.empty(), "--shape"}, std::pair{command.variant.has_value(), "--variant"},
          std::pair{command.kernel.has_value(), "--kernel"}, std::pair{command.best.has_value(), "--best"},
          std::pair{command.timeline, "--timeline"}}) {
      if (given) {
        return bad_input("{}: --passes counts passes of --metrics on a chip and measures nothing; leave it out",
                         option);
      }
    }
    if (command.chip && command.target.device) {
      return bad_input("--chip {}: it cannot go with --device; give one of them", *command.chip);
    }
    return {};
  }
  if (command.chip) {
    return bad_input("--chip {}: it goes with --passes; what is measured runs on --device", *command.chip);
  }
  if (chosen > 1) {
    return bad_input("{}: it cannot go with {}; give one of --variant, --kernel and --best",
                     command.kernel ? "--kernel" : "--variant",
                     command.best && command.kernel ? "--best"
                     : command.best                 ? "--best"
                                                    : "--kernel");
  }
  if (chosen == 0) {
    return bad_input("no variant to profile; give --best, --kernel K or --variant 'K NAME=VALUE ...'");
  }
  if (!command.target.settings.empty() && !command.kernel) {
    return bad_input("--set {}: it goes with --kernel", command.target.settings.front());
  }
  return {};
}

Expected<Choice> choose(const ProfileCommand& command, const Workload& workload, const Chip& chip) {
  if (command.variant) {
    auto candidate = spelled_variant(*command.variant, workload, chip);
    return candidate ? Expected<Choice>(Choice{*std::move(candidate), {}})
                     : at_option("--variant", "'" + *command.variant + "'", candidate.error());
  }
  if (command.kernel) {
    const auto selection = parse_selection(command.target);
    if (!selection) {
      return tl::unexpected(selection.error());
    }
    auto choice = family_variant(*command.kernel, selection->settings, kDefaultOut, workload, chip);
    return choice ? choice : at_option("--kernel", *command.kernel, choice.error());
  }
  const std::string file = command.best->empty() ? std::string(kDefaultOut) : *command.best;
  std::error_code ignored;
  if (!std::filesystem::exists(file, ignored)) {
    return bad_input("--best {}: there is no such file; tune first with scantune --shape {}, or give --variant", file,
                     to_string(workload.shape));
  }
  auto choice = best_variant(file, workload, chip);
  return choice ? choice : at_option("--best", "", choice.error());
}

Expected<int> profile_one(const ProfileCommand& command, SheetFormat format) {
  const auto workload = one_workload(command.target);
  if (!workload) {
    return tl::unexpected(workload.error());
  }
  auto plan = plan_measure(command.target, command.measure, kRounds);
  if (!plan) {
    return tl::unexpected(plan.error());
  }
  plan->options.timeline = command.timeline;
  const int warm_runs = plan->options.warm_runs;
  MeasuringDevice device("profile", *std::move(plan));
  if (const auto opened = device.open(); !opened) {
    return tl::unexpected(opened.error());
  }
  const Chip& chip = device.info().chip;
  auto choice = supported(*workload, chip).and_then([&] { return choose(command, *workload, chip); });
  if (!choice) {
    return tl::unexpected(choice.error());
  }
  if (!choice->candidate.broken.empty()) {
    return bad_input("'{}' breaks a constraint: {}", to_string(choice->candidate.variant), choice->candidate.broken);
  }
  if (!choice->why.empty()) {
    device.note(fmt::format("{}: {}", to_string(choice->candidate.variant), choice->why));
  }
  const auto measured = device.measure(*workload, {choice->candidate});
  if (!measured) {
    return tl::unexpected(measured.error());
  }
  const Outcome& outcome = measured->outcome;
  const ProfileSheet sheet = profile::sheet_of(*measured, 0);
  switch (format) {
    case SheetFormat::json:
      print_json(stdout, wire::profile_json(outcome, sheet, warm_runs));
      break;
    case SheetFormat::csv:
      print_json(stdout, wire::profile_csv(outcome, sheet));
      break;
    case SheetFormat::text: {
      const report::TextStyle style = text_style(stdout, false);
      print(stdout,
            report::device_line(outcome.device, std::string(version())) + "\n" + report::workload_line(*workload) +
                "\n\n" + report::profile_text(outcome, sheet, style),
            style);
      break;
    }
  }
  if (outcome.stopped != StopReason::complete) {
    report_error({ErrorKind::failed, outcome.stopped == StopReason::interrupted
                                         ? std::string("interrupted: what is shown is what was known by then")
                                         : "the device was lost: " + outcome.stop_detail});
  } else if (outcome.records.front().failure && format != SheetFormat::text) {
    report_error({ErrorKind::failed, fmt::format("{}: {}", to_string(outcome.records.front().variant),
                                                 outcome.records.front().failure->what)});
  }
  return exit_code_of(outcome);
}

}  // namespace

int run(const ProfileCommand& command) {
  std::signal(SIGPIPE, SIG_IGN);
  const auto format = parse_sheet_format(command.measure.format);
  if (!format) {
    return report_error(format.error());
  }
  const auto code = check_options(command).and_then([&]() -> Expected<int> {
    if (!command.passes) {
      return profile_one(command, *format);
    }
    const auto shown = show_passes(command, *format);
    return shown ? Expected<int>(kDone) : tl::unexpected(shown.error());
  });
  return code ? *code : report_error(code.error());
}

}  // namespace scantune::cli
