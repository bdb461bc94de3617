#include "cli/check_plan.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cstdlib>
#include <utility>

#include "cli/options.h"
#include "cli/suggest.h"
#include "store/best_file.h"
#include "store/file.h"
#include "store/history.h"
#include "wire/suite_json.h"

namespace scantune::cli {
namespace {

constexpr std::array<std::pair<std::string_view, ReportFormat>, 5> kFormats = {{{"text", ReportFormat::text},
                                                                                {"json", ReportFormat::json},
                                                                                {"junit", ReportFormat::junit},
                                                                                {"markdown", ReportFormat::markdown},
                                                                                {"github", ReportFormat::github}}};

// "2%", "0.5%", "99%": a share between 0 and 1, both excluded. "0.02" is none: it might be meant as 0.02%.
Expected<double> parse_percent(std::string_view option, const std::string& text, std::string_view example) {
  const auto bad = [&] {
    return bad_input("{} {}: not a percentage; write a number between 0 and 100 with its sign, such as {}", option,
                     text, example);
  };
  double number = 0;
  const char* const end = text.data() + text.size();
  const auto [stop, error] = std::from_chars(text.data(), end, number);
  if (error != std::errc() || std::string_view(stop, static_cast<size_t>(end - stop)) != "%" || !(number > 0) ||
      !(number < 100)) {
    return bad();
  }
  return number / 100;
}

Expected<void> read_rule(const CheckCommand& command, CheckPlan& plan) {
  if (command.threshold) {
    const auto threshold = parse_percent("--threshold", *command.threshold, "2%");
    if (!threshold) {
      return tl::unexpected(threshold.error());
    }
    plan.rule.threshold = *threshold;
  }
  if (command.confidence) {
    const auto confidence = parse_percent("--confidence", *command.confidence, "99%");
    if (!confidence) {
      return tl::unexpected(confidence.error());
    }
    if (*confidence < 0.5 || *confidence > 0.9999) {
      return bad_input("--confidence {}: out of range; write 50% to 99.99%, such as 99%", *command.confidence);
    }
    plan.rule.confidence = *confidence;
  }
  if (command.plant) {
    const auto planted = parse_percent("--plant", *command.plant, "2%");
    if (!planted) {
      return tl::unexpected(planted.error());
    }
    if (*planted < 0.001 || *planted > 0.5) {
      return bad_input("--plant {}: out of range; write 0.1% to 50%, such as 2%", *command.plant);
    }
    plan.planted = *planted;
  }
  if (command.max_time) {
    const auto budget = parse_budget(*command.max_time);
    if (!budget || !budget->seconds) {
      return bad_input("--max-time {}: not a time; write seconds, minutes or hours, such as 60s", *command.max_time);
    }
    plan.max_time_s = *budget->seconds;
  }
  if (command.sessions) {
    int sessions = 0;
    const char* const end = command.sessions->data() + command.sessions->size();
    const auto [stop, error] = std::from_chars(command.sessions->data(), end, sessions);
    if (error != std::errc() || stop != end || sessions < 2 || sessions > 1000) {
      return bad_input("--sessions {}: write an integer from 2 to 1000", *command.sessions);
    }
    if (!command.aa) {
      return bad_input("--sessions {}: it goes with --aa", *command.sessions);
    }
    plan.sessions = sessions;
  }
  return {};
}

Expected<void> read_workloads(const CheckCommand& command, CheckPlan& plan) {
  const Target& target = command.target;
  if (target.shapes.empty()) {
    for (const auto& [given, option] :
         {std::pair{target.dim.has_value(), "--dim"}, std::pair{target.dtype.has_value(), "--dtype"},
          std::pair{target.accumulate.has_value(), "--accumulate"}, std::pair{target.cache.has_value(), "--cache"},
          std::pair{target.deterministic, "--deterministic"}}) {
      if (given) {
        return bad_input("{}: it goes with --shape; without one every workload of the baseline is checked", option);
      }
    }
  } else {
    auto workloads = parse_shapes(target);
    if (!workloads) {
      return tl::unexpected(workloads.error());
    }
    plan.workloads = *std::move(workloads);
  }
  if (command.suite) {
    const auto text = store::read_file(*command.suite);
    if (!text) {
      return at_option("--suite", "", {ErrorKind::bad_input, text.error().message});
    }
    auto suite = wire::parse_suite(*text);
    if (!suite) {
      return at_option("--suite", *command.suite, suite.error());
    }
    std::ranges::move(suite->workloads, std::back_inserter(plan.workloads));
  }
  return {};
}

Expected<void> read_reports(const CheckCommand& command, CheckPlan& plan) {
  std::vector<std::string> known;
  known.reserve(std::size(kFormats));
  for (const auto& [name, format] : kFormats) {
    known.emplace_back(name);
  }
  for (const std::string& text : command.formats) {
    const auto* const format = std::ranges::find(kFormats, text, &std::pair<std::string_view, ReportFormat>::first);
    if (format == kFormats.end()) {
      const std::string hint = closest(text, known);
      return bad_input("--format {}: unknown format{}; write text, json, junit, markdown or github", text,
                       hint.empty() ? "" : ", did you mean " + hint + "?");
    }
    plan.reports.push_back({format->second, {}});
  }
  if (plan.reports.empty()) {
    plan.reports.push_back({});
  }
  std::vector<bool> given(plan.reports.size());
  for (size_t i = 0; i < command.outs.size(); ++i) {
    const std::string& out = command.outs[i];
    if (out.empty()) {
      return bad_input("--out: the file's name is empty; write a path, or - for standard output");
    }
    // With one report it does not matter which comes first.
    const auto report = static_cast<size_t>(plan.reports.size() == 1 ? 0 : std::max(0, command.out_formats.at(i)));
    if (given[report] || (plan.reports.size() > 1 && command.out_formats[i] < 0)) {
      return bad_input("--out {}: there is no --format for it; give one before each --out", out);
    }
    given[report] = true;
    plan.reports[report].file = out == "-" ? "" : out;
  }
  const auto to_stdout = std::ranges::count_if(plan.reports, [](const ReportTo& to) { return to.file.empty(); });
  if (to_stdout > 1) {
    return bad_input(
        "--format: two reports on standard output cannot be told apart; give all but one a file with --out");
  }
  if (to_stdout == 0 && !command.quiet) {
    plan.reports.push_back({});  // and the text for whoever reads the log
  }
  for (const ReportTo& to : plan.reports) {
    if (to.file.empty()) {
      continue;
    }
    if (const auto writable = store::check_writable(to.file); !writable) {
      return at_option("--out", "", {ErrorKind::bad_input, writable.error().message});
    }
  }
  return {};
}

// What CI servers call the commit they build.
std::string commit_of_ci() {
  for (const char* name : {"GITHUB_SHA", "CI_COMMIT_SHA", "GIT_COMMIT"}) {
    if (const char* value = std::getenv(name); value != nullptr && *value != '\0') {
      return value;
    }
  }
  return {};
}

}  // namespace

Expected<CheckPlan> make_check_plan(const CheckCommand& command) {
  CheckPlan plan;
  if (!command.baseline) {
    return bad_input(
        "check: --baseline is missing; name the best file to hold against, as in scantune check --baseline {}",
        kDefaultOut);
  }
  plan.baseline = *command.baseline;
  const auto device = parse_device(command.target.device);
  if (!device) {
    return tl::unexpected(device.error());
  }
  if (device->all) {
    return bad_input("--device cuda:all: a check is of one GPU; write cuda:N, such as cuda:0");
  }
  plan.device = *device;
  if (auto read = read_rule(command, plan); !read) {
    return tl::unexpected(read.error());
  }
  if (auto read = read_workloads(command, plan); !read) {
    return tl::unexpected(read.error());
  }
  if (command.seed) {
    const auto seed = parse_seed(*command.seed);
    if (!seed) {
      return at_option("--seed", "", seed.error());
    }
    plan.seed = *seed;
  }
  for (const auto& [given, option] :
       {std::pair{command.retune, "--retune"}, std::pair{command.plant.has_value(), "--plant"},
        std::pair{command.against.has_value(), "--against"}}) {
    if (given && command.aa) {
      return bad_input("--aa: it cannot go with {}; it measures the noise, and checks nothing", option);
    }
  }
  if (command.against && command.against->empty()) {
    return bad_input("--against: the bundle's name is empty; write the path of a bundle that scantune export made");
  }
  auto entries = store::read_best_file(plan.baseline);
  if (!entries) {
    return at_option("--baseline", "", {ErrorKind::bad_input, entries.error().message});
  }
  plan.entries = *std::move(entries);
  if (plan.entries.empty()) {
    return bad_input("--baseline {}: it holds no entry; tune first: scantune --shape AxB --out {}", plan.baseline,
                     plan.baseline);
  }
  if (command.history) {
    plan.history = *command.history;
    const auto history = store::read_history(plan.history);
    if (!history) {
      return at_option("--history", "", {ErrorKind::bad_input, history.error().message});
    }
    const auto target = store::prepare_file(plan.history, "results/history.jsonl").and_then([](const auto& file) {
      return store::check_writable(file);
    });
    if (!target) {
      return at_option("--history", "", {ErrorKind::bad_input, target.error().message});
    }
  }
  if (auto read = read_reports(command, plan); !read) {
    return tl::unexpected(read.error());
  }
  if (command.against) {
    auto bundle = store::read_bundle(*command.against);
    if (!bundle) {
      return at_option("--against", "", {ErrorKind::bad_input, bundle.error().message});
    }
    plan.bundle = *std::move(bundle);
    plan.against = *command.against;
  }
  plan.retune = command.retune;
  plan.aa = command.aa;
  plan.commit = command.commit.value_or(commit_of_ci());
  if (command.quiet && command.verbose) {
    return bad_input("-q: it cannot go with -v; give one of them");
  }
  plan.quiet = command.quiet;
  plan.verbose = command.verbose;
  plan.compiler.in_process = command.in_process;
  plan.compiler.cache_dir = command.cache_dir ? std::filesystem::path(*command.cache_dir) : default_cache_dir();
  return plan;
}

}  // namespace scantune::cli
