#include "cli/command_line.h"

#include <CLI/CLI.hpp>

#include "cli/suggest.h"
#include "core/version.h"

namespace scantune::cli {
namespace {

constexpr const char* kHead =
    "scantune {}: finds the fastest reverse cumulative sum for a shape, on a GPU or a CPU.\n"
    "\n"
    "Usage: scantune --shape AxBx... [options]\n"
    "       scantune list devices|kernels|variants|metrics|dtypes [options]   (scantune list --help)\n"
    "       scantune journal show|stats|compact|merge|verify [options]        (scantune journal --help)\n"
    "\n"
    "Examples:\n"
    "  scantune --shape 32768x32768                    tune for the GPU here, or else the CPU\n"
    "  scantune --shape 1x2^28 --kernels row_carry --set tile=4096,8192 --budget 60s\n"
    "  scantune --suite configs/suites/standard.json --format json > run.json\n";

constexpr const char* kTail =
    "\n"
    "Ctrl-C keeps what is known; the same command again goes on from there.\n"
    "Exit codes: 0 done, 1 no variant worked or device lost, 2 bad input or environment, 130 interrupted.\n";

constexpr const char* kListHead =
    "scantune list: shows what there is to tune with.\n"
    "\n"
    "Usage: scantune list devices|kernels|variants|metrics|dtypes [options]\n"
    "\n"
    "  devices    the GPUs and the CPU of this machine\n"
    "  kernels    the kernel families, their parameters and the values each takes\n"
    "  variants   every variant that would be tried, one a line, as --kernels and --set accept them\n"
    "  metrics    hardware counters and their passes; with --chip also of GPUs that are not here\n"
    "  dtypes     element types\n"
    "\n"
    "Examples:\n"
    "  scantune list kernels\n"
    "  scantune list variants --shape 4096x4096 --device cpu\n"
    "  scantune list metrics --chip GH100\n";

constexpr const char* kListTail = "\nExit codes: 0 done, 2 bad input or environment.\n";

constexpr const char* kJournalHead =
    "scantune journal: looks into a journal of measurements, checks it and cleans it up.\n"
    "\n"
    "Usage: scantune journal show|stats|compact|verify [FILE] [options]   (default results/journal.jsonl)\n"
    "       scantune journal merge FILE FILE... --out FILE\n"
    "\n"
    "  show       its events, one a line, in the order they happened\n"
    "  stats      how much of what it holds, and of which workloads, chips and protocols\n"
    "  compact    drops what no longer counts: what came before --fresh, damaged lines, repetitions\n"
    "  merge      puts journals together in a new one; identical events are written once\n"
    "  verify     checks every line; exit code 1 where one is damaged\n"
    "\n"
    "Examples:\n"
    "  scantune journal show --tail 20\n"
    "  scantune journal show --kind failed --variant row_carry --format json\n"
    "  scantune journal merge node1.jsonl node2.jsonl --out results/journal.jsonl\n";

constexpr const char* kJournalTail = "\nExit codes: 0 done, 1 verify found damage, 2 bad input or environment.\n";

constexpr const char* kWhich = "Which events";
constexpr const char* kWhat = "What to tune";
constexpr const char* kWhere = "Where";
constexpr const char* kEffort = "How long and how much";
constexpr const char* kOutput = "Output";

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

// The last of several takes effect, so that a default in an alias or a script can be overridden.
CLI::Option* add_text(CLI::App& app, const std::string& name, std::optional<std::string>& into, const char* value,
                      const char* group, const char* description) {
  return app
      .add_option_function<std::string>(
          name, [&into](const std::string& text) { into = text; }, description)
      ->type_name(value)
      ->group(group)
      ->multi_option_policy(CLI::MultiOptionPolicy::TakeLast);
}

CLI::Option* add_texts(CLI::App& app, const std::string& name, std::vector<std::string>& into, const char* value,
                       const char* group, const char* description) {
  return app.add_option(name, into, description)
      ->type_name(value)
      ->group(group)
      ->expected(1)
      ->multi_option_policy(CLI::MultiOptionPolicy::TakeAll)
      ->allow_extra_args(false);
}

void add_flag(CLI::App& app, const std::string& name, bool& into, const char* group, const char* description) {
  app.add_flag(name, into, description)->group(group)->disable_flag_override();
}

void add_tune_options(CLI::App& app, TuneCommand& tune) {
  Target& target = tune.target;
  add_texts(app, "--shape", target.shapes, "AxBx...", kWhat,
            "a tensor to tune for: integers, 2^28 or 64K, 1M, 1G (binary); repeatable");
  add_text(app, "--suite", tune.suite, "FILE", kWhat, "a JSON list of workloads, such as configs/suites/standard.json");
  add_text(app, "--dim", target.dim, "N", kWhat, "the scanned dimension, negative from the end (default -1)");
  add_text(app, "--dtype", target.dtype, "TYPE", kWhat, "element type (default f32); see scantune list dtypes");
  add_text(app, "--accumulate", target.accumulate, "TYPE", kWhat,
           "the type of sums: i64 for i32 (default f32 for halves, else dtype)");
  add_text(app, "--cache", target.cache, "cold|hot", kWhat, "whether inputs may lie in the L2 (default cold)");
  add_flag(app, "--deterministic", target.deterministic, kWhat, "results that are the same bits every run");
  add_text(app, "--kernels", target.kernels, "A,B", kWhat, "only these families; see scantune list kernels");
  add_texts(app, "--set", target.settings, "P=V,V", kWhat,
            "only these values of a parameter, e.g. tile=4096; repeatable");
  add_text(app, "--space", target.space, "FILE", kWhat, "a JSON space of your own, such as configs/spaces/quick.json");
  add_flag(app, "--no-prune", target.no_prune, kWhat, "try also what cannot be best: see docs/tune.md");
  add_text(app, "--device", target.device, "auto|cuda:N|cpu", kWhere, "default auto: the first GPU, else the CPU");
  add_flag(app, "--in-process", tune.in_process, kWhere, "no child processes: for debuggers, ncu and sanitizers");
  add_text(app, "--cache-dir", tune.cache_dir, "DIR", kWhere, "compiled kernels (default ~/.cache/scantune)");
  add_text(app, "--budget", tune.budget, "60s|5m|200", kEffort, "stop after a time or a number of variants a shape");
  add_text(app, "--metrics", tune.metrics, "A,B", kEffort,
           "counters: core (default), seed, none or names; see scantune list metrics");
  add_flag(app, "--fresh", tune.fresh, kEffort, "measure all anew: use neither the journal nor the stored winner");
  add_flag(app, "--retry-failed", tune.retry_failed, kEffort, "try variants again that failed in an earlier run");
  add_text(app, "--seed", tune.seed, "N", kEffort, "of the input and of random order (default 1)");
  add_text(app, "--out", tune.out, "FILE", kOutput,
           "the best are merged into it (default results/best.json); - for stdout");
  add_text(app, "--journal", tune.journal, "FILE|none", kOutput,
           "all that is measured, for resuming (default journal.jsonl beside --out)");
  add_text(app, "--format", tune.format, "text|json", kOutput,
           "what standard output gets; progress is on standard error");
  add_flag(app, "-q,--quiet", tune.quiet, kOutput, "results and errors only");
  add_flag(app, "-v,--verbose", tune.verbose, kOutput, "what happens to each variant, and where the time went");
  add_flag(app, "--no-progress", tune.no_progress, kOutput, "no progress on standard error");
}

void add_list_options(CLI::App& app, ListCommand& list) {
  Target& target = list.target;
  app.add_option("topic", list.topic)->group("");
  add_texts(app, "--shape", target.shapes, "AxBx...", kWhat, "kernels, variants: for this shape (default 32768x32768)");
  add_text(app, "--dim", target.dim, "N", kWhat, "kernels, variants: scanned dimension (default -1)");
  add_text(app, "--dtype", target.dtype, "TYPE", kWhat, "kernels, variants: element type (default f32)");
  add_text(app, "--accumulate", target.accumulate, "TYPE", kWhat, "kernels, variants: the type of sums (i64 for i32)");
  add_text(app, "--kernels", target.kernels, "A,B", kWhat, "variants: only these families");
  add_texts(app, "--set", target.settings, "P=V,V", kWhat, "variants: only these values of a parameter; repeatable");
  add_text(app, "--space", target.space, "FILE", kWhat, "variants: of a JSON space of your own (docs/tune.md)");
  add_flag(app, "--no-prune", target.no_prune, kWhat, "variants: also what cannot be best (docs/tune.md)");
  add_text(app, "--device", target.device, "auto|cuda:N|cpu", kWhere, "kernels, variants, metrics: for this device");
  add_text(app, "--chip", list.chip, "NAME", kWhere,
           "for a GPU that is not here, by code name, such as GH100 or GB202");
  add_flag(app, "--all", list.all, kOutput, "metrics: all of the chip's; variants: those ruled out, too");
  add_text(app, "--format", list.format, "text|json", kOutput, "what standard output gets");
}

void add_journal_options(CLI::App& app, JournalCommand& journal) {
  app.add_option("verb", journal.verb)->group("");
  app.add_option("files", journal.files)->group("");
  add_text(app, "--context", journal.context, "PREFIX", kWhich, "show: of this context, by the start of its digest");
  add_text(app, "--kind", journal.kind, "KIND", kWhich,
           "show: run_began, compiled, verified, round, profiled, failed, run_ended");
  add_text(app, "--variant", journal.variant, "TEXT", kWhich, "show: of variants whose spelling has TEXT in it");
  add_text(app, "--tail", journal.tail, "N", kWhich, "show: only the last N of those");
  add_text(app, "--out", journal.out, "FILE", kOutput, "merge: the journal to write; it must not exist");
  add_text(app, "--format", journal.format, "text|json", kOutput, "show, stats, verify: what standard output gets");
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
std::optional<Error> option_before(const CLI::App& root, std::string_view subcommand, const std::string& topic) {
  for (const CLI::Option* option : root.get_options()) {
    if (option->count() > 0) {
      return Error{ErrorKind::bad_input,
                   fmt::format("{}: give options of {} after it, as in scantune {} {} {}", option->get_name(),
                               subcommand, subcommand, topic, option->get_name())};
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
  TuneCommand tune;
  ListCommand list;
  JournalCommand journal;
  bool help = false;
  bool list_help = false;
  bool journal_help = false;
  bool version_wanted = false;

  CLI::App root("scantune", "scantune");
  root.set_help_flag();
  add_tune_options(root, tune);
  add_flag(root, "--version", version_wanted, kOutput, "the version");
  add_flag(root, "-h,--help", help, kOutput, "this");

  CLI::App* list_app = root.add_subcommand("list", "list");
  list_app->set_help_flag();
  add_list_options(*list_app, list);
  add_flag(*list_app, "-h,--help", list_help, kOutput, "this");

  CLI::App* journal_app = root.add_subcommand("journal", "journal");
  journal_app->set_help_flag();
  add_journal_options(*journal_app, journal);
  add_flag(*journal_app, "-h,--help", journal_help, kOutput, "this");

  CLI::App* server = root.add_subcommand("compile-server", "")->group("");
  server->set_help_flag();
  WorkerCommand worker;
  CLI::App* worker_app = root.add_subcommand("worker", "")->group("");
  worker_app->set_help_flag();
  worker_app->add_option("--device", worker.device);
  worker_app->add_option("--cache-dir", worker.cache_dir);

  const auto root_help = [&] { return help_text(root, fmt::format(kHead, version()), kTail); };
  try {
    root.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    // Who asks for help with a wrong option beside it is helped all the same.
    if (list_app->get_option("--help")->count() > 0) {
      return SayCommand{help_text(*list_app, kListHead, kListTail)};
    }
    if (journal_app->get_option("--help")->count() > 0) {
      return SayCommand{help_text(*journal_app, kJournalHead, kJournalTail)};
    }
    if (root.get_option("--help")->count() > 0) {
      return SayCommand{root_help()};
    }
    return tl::unexpected(describe(root, error));
  }
  if (list_help) {
    return SayCommand{help_text(*list_app, kListHead, kListTail)};
  }
  if (journal_help) {
    return SayCommand{help_text(*journal_app, kJournalHead, kJournalTail)};
  }
  if (help) {
    return SayCommand{root_help()};
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
  if (list_app->parsed()) {
    auto misplaced = option_before(root, "list", list.topic.empty() ? "TOPIC" : list.topic);
    return misplaced ? Expected<Command>(tl::unexpected(*std::move(misplaced))) : list;
  }
  if (journal_app->parsed()) {
    auto misplaced = option_before(root, "journal", journal.verb.empty() ? "VERB" : journal.verb);
    return misplaced ? Expected<Command>(tl::unexpected(*std::move(misplaced))) : journal;
  }
  return tune;
}

}  // namespace scantune::cli
