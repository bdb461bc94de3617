// What a subcommand takes, as CLI11 is told of it. Each has a file of its own, arguments_NAME.cc; command_line.cc has
// a line for each. Nothing else includes this: CLI11 is heavy.
#pragma once

#include <CLI/CLI.hpp>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "cli/command_line.h"

namespace scantune::cli {

// The groups of options in a help text, in their order.
inline constexpr const char* kWhich = "Which events";
inline constexpr const char* kWhat = "What to tune";
inline constexpr const char* kWhere = "Where";
inline constexpr const char* kEffort = "How long and how much";
inline constexpr const char* kOutput = "Output";

// An option that takes a text. The last of several takes effect, so that a default in an alias or a script can be
// overridden.
CLI::Option* add_text(CLI::App& app, const std::string& name, std::optional<std::string>& into, const char* value,
                      const char* group, const char* description);

// An option that is given once for each of its values.
CLI::Option* add_texts(CLI::App& app, const std::string& name, std::vector<std::string>& into, const char* value,
                       const char* group, const char* description);

void add_flag(CLI::App& app, const std::string& name, bool& into, const char* group, const char* description);

// A subcommand, registered with the root. What it was given is in `command` after parsing.
struct Subcommand {
  CLI::App* app = nullptr;
  const char* head = "";  // of its help text: what it does, usage, examples
  const char* tail = "";  // exit codes
  std::function<Command()> command;
  std::function<std::string()> first_argument = [] {
    return std::string();
  };  // the topic or verb, or what stands for it
};

// The root's own options.
extern const char* const kTuneHead;  // with places for the version and the names of the subcommands
extern const char* const kTuneTail;
void add_tune_arguments(CLI::App& app, TuneCommand& tune);

Subcommand list_arguments(CLI::App& root);     // arguments_list.cc
Subcommand journal_arguments(CLI::App& root);  // arguments_journal.cc
Subcommand check_arguments(CLI::App& root);    // arguments_check.cc
Subcommand verify_arguments(CLI::App& root);   // arguments_best.cc
Subcommand show_arguments(CLI::App& root);     // arguments_best.cc
Subcommand merge_arguments(CLI::App& root);    // arguments_best.cc
Subcommand export_arguments(CLI::App& root);   // arguments_export.cc
Subcommand profile_arguments(CLI::App& root);  // arguments_profile.cc
Subcommand compare_arguments(CLI::App& root);  // arguments_compare.cc
Subcommand report_arguments(CLI::App& root);   // arguments_report.cc
Subcommand doctor_arguments(CLI::App& root);   // arguments_doctor.cc

// --shape, --dim, --dtype, --accumulate, --cache and --deterministic: one workload (arguments_profile.cc).
void add_workload_arguments(CLI::App& app, Target& target);
// The options of MeasureArguments but for --format, in their groups (arguments_profile.cc).
void add_measure_arguments(CLI::App& app, MeasureArguments& measure, const char* metrics_help);

}  // namespace scantune::cli
