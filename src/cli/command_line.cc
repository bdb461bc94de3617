#include "cli/command_line.h"

#include "cli/arguments.h"
#include "cli/suggest.h"
#include "core/version.h"

namespace scantune::cli {
namespace {

std::string spaced_names(const CLI::Option& option) {
  std::string names = option.get_name(false, true);  // "-q,--quiet"
  const size_t comma = names.find(',');
  if (comma != std::string::npos) {
    names.insert(comma + 1, " ");
  }
  return option.get_expected_min() == 0 ? names : names + " " + option.get_type_name();
}

// The options as registered, by group, one a line, between head and tail.
std::string help_text(const CLI::App& app, const std::string& head, const std::string& tail) {
  constexpr size_t kColumn = 25;
  std::string text = head;
  for (const char* group : {kWhich, kWhat, kWhere, kEffort, kOutput}) {
    const auto options = app.get_options([&](const CLI::Option* o) { return o->get_group() == group; });
    if (options.empty()) {
      continue;
    }
    text += fmt::format("\n{}:\n", group);
    for (const CLI::Option* option : options) {
      text += fmt::format("  {:<{}} {}\n", spaced_names(*option), kColumn, option->get_description());
    }
  }
  return text + tail;
}

std::vector<std::string> known_words(const CLI::App& app) {
  std::vector<std::string> words;
  for (const CLI::Option* option : app.get_options()) {
    for (const std::string& name : option->get_lnames()) {
      words.push_back("--" + name);
    }
  }
  for (const CLI::App* sub : app.get_subcommands([](const CLI::App*) { return true; })) {
    if (!sub->get_group().empty()) {
      words.push_back(sub->get_name());
    }
  }
  return words;
}

std::string joined_names(const std::vector<Subcommand>& subcommands) {
  std::vector<std::string> names;
  names.reserve(subcommands.size());
  for (const Subcommand& subcommand : subcommands) {
    names.push_back(subcommand.app->get_name());
  }
  return fmt::format("{}", fmt::join(names, "|"));
}

std::string seen_by(const CLI::App& app) {
  return app.get_parent() == nullptr ? "scantune" : "scantune " + app.get_name();
}

// One line for an argument that nothing takes.
Error unexpected_argument(const CLI::App& app, const std::string& argument) {
  const std::string word = argument.substr(0, argument.find('='));
  const bool option = word.size() > 1 && word[0] == '-';
  std::string hint = closest(word, known_words(app));
  if (hint.empty() && !option && word.find_first_of("0123456789") != std::string::npos && app.get_parent() == nullptr) {
    hint = "--shape " + argument;
  }
  return {
      ErrorKind::bad_input,
      fmt::format("{}: {}; {} --help lists what there is", argument,
                  hint.empty() ? std::string(option ? "unknown option" : "unexpected argument")
                               : fmt::format("{}, did you mean {}?", option ? "unknown option" : "unexpected", hint),
                  seen_by(app))};
}

// An option's name in the place of a value: the value was forgotten.
std::optional<Error> swallowed_option(const CLI::App& app) {
  for (const CLI::Option* option : app.get_options()) {
    for (const std::string& value : option->results()) {
      if (value.starts_with("--") && app.get_option_no_throw(value) != nullptr) {
        return Error{ErrorKind::bad_input,
                     fmt::format("{}: a value is missing before {}; write {} {}", option->get_name(), value,
                                 option->get_name(), option->get_type_name())};
      }
    }
  }
  return std::nullopt;
}

// The subcommand that was given, else the root.
const CLI::App& app_in_use(const CLI::App& root) {
  const auto parsed = root.get_subcommands([](const CLI::App* sub) { return sub->parsed(); });
  return parsed.empty() ? root : *parsed.front();
}

// An option of the root that was given before a subcommand, which would not heed it.
std::optional<Error> option_before(const CLI::App& root, const Subcommand& subcommand) {
  for (const CLI::Option* option : root.get_options()) {
    if (option->count() > 0) {
      const std::string name = subcommand.app->get_name();
      const std::string argument = subcommand.first_argument();
      return Error{ErrorKind::bad_input,
                   fmt::format("{}: give options of {} after it, as in scantune {} {}{}", option->get_name(), name,
                               name, argument.empty() ? "" : argument + " ", option->get_name())};
    }
  }
  return std::nullopt;
}

Error describe(const CLI::App& root, const CLI::ParseError& error) {
  const CLI::App& app = app_in_use(root);
  if (auto swallowed = swallowed_option(app)) {
    return *std::move(swallowed);
  }
  if (dynamic_cast<const CLI::ExtrasError*>(&error) != nullptr) {
    const auto extras = root.remaining(true);
    return unexpected_argument(app, extras.empty() ? "an argument" : extras.front());
  }
  // CLI11 writes "--shape: 1 required AxBx... missing" and "quiet was given a disallowed flag override".
  const std::string what = error.what();
  const std::string name = what.substr(0, what.find_first_of(": "));
  const CLI::Option* option = app.get_option_no_throw(name.starts_with("-") ? name : "--" + name);
  if (option == nullptr) {
    return {ErrorKind::bad_input, what};
  }
  const std::string shown = option->get_name();
  if (option->get_expected_min() == 0) {
    return {ErrorKind::bad_input, fmt::format("{}: it takes no value; leave the value out", shown)};
  }
  return {ErrorKind::bad_input,
          fmt::format("{}: a value is missing; write {} {}", shown, shown, option->get_type_name())};
}

}  // namespace

Expected<Command> parse_command_line(int argc, const char* const* argv) {
  CLI::App root("scantune", "scantune");
  root.set_help_flag();
  root.require_subcommand(0, 1);  // what follows it is its own: "journal show" is not the show of best files
  TuneCommand tune;
  bool version_wanted = false;
  bool help = false;
  add_tune_arguments(root, tune);
  add_flag(root, "--version", version_wanted, kOutput, "the version");
  add_flag(root, "-h,--help", help, kOutput, "this");

  const std::vector<Subcommand> subcommands = {profile_arguments(root), compare_arguments(root), report_arguments(root),
                                               check_arguments(root),   export_arguments(root),  verify_arguments(root),
                                               show_arguments(root),    merge_arguments(root),   list_arguments(root),
                                               journal_arguments(root), doctor_arguments(root)};
  for (const Subcommand& subcommand : subcommands) {
    subcommand.app->set_help_flag();
    add_flag(*subcommand.app, "-h,--help", help, kOutput, "this");
  }

  CLI::App* server = root.add_subcommand("compile-server", "")->group("");
  server->set_help_flag();
  WorkerCommand worker;
  CLI::App* worker_app = root.add_subcommand("worker", "")->group("");
  worker_app->set_help_flag();
  worker_app->add_option("--device", worker.device);
  worker_app->add_option("--cache-dir", worker.cache_dir);

  std::optional<Error> wrong;
  try {
    root.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    wrong = describe(root, error);
  }
  // Who asks for help with a wrong option beside it is helped all the same.
  for (const Subcommand& subcommand : subcommands) {
    if (subcommand.app->get_option("--help")->count() > 0) {
      return SayCommand{help_text(*subcommand.app, subcommand.head, subcommand.tail)};
    }
  }
  if (root.get_option("--help")->count() > 0) {
    return SayCommand{
        help_text(root, fmt::format(fmt::runtime(kTuneHead), version(), joined_names(subcommands)), kTuneTail)};
  }
  if (wrong) {
    return tl::unexpected(*std::move(wrong));
  }
  if (version_wanted) {
    return SayCommand{fmt::format("scantune {}\n", version())};
  }
  if (auto error = swallowed_option(app_in_use(root))) {
    return tl::unexpected(*std::move(error));
  }
  if (server->parsed()) {
    return CompileServerCommand{};
  }
  if (worker_app->parsed()) {
    return worker;
  }
  for (const Subcommand& subcommand : subcommands) {
    if (subcommand.app->parsed()) {
      auto misplaced = option_before(root, subcommand);
      return misplaced ? Expected<Command>(tl::unexpected(*std::move(misplaced))) : subcommand.command();
    }
  }
  return tune;
}

}  // namespace scantune::cli
