#include "cli/plan.h"

#include <algorithm>
#include <utility>

#include "store/file.h"
#include "wire/suite_json.h"

namespace scantune::cli {
namespace {

Expected<std::vector<Job>> read_suite(const std::string& path) {
  const auto text = store::read_file(path);
  if (!text) {
    Error error = text.error();
    error.kind = ErrorKind::bad_input;
    return at_option("--suite", "", std::move(error));
  }
  auto suite = wire::parse_suite(*text);
  if (!suite) {
    return at_option("--suite", path, suite.error());
  }
  if (suite->workloads.empty()) {
    return bad_input("--suite {}: the suite has no workloads", path);
  }
  std::vector<Job> jobs;
  for (Workload& workload : suite->workloads) {
    jobs.push_back({std::move(workload), true, {}});
  }
  return jobs;
}

Expected<std::vector<Job>> read_jobs(const TuneCommand& command) {
  auto workloads = parse_shapes(command.target);
  if (!workloads) {
    return tl::unexpected(workloads.error());
  }
  std::vector<Job> jobs;
  for (Workload& workload : *workloads) {
    jobs.push_back({std::move(workload), false, {}});
  }
  if (command.suite) {
    for (const auto& [given, option] :
         {std::pair{command.target.dim.has_value(), "--dim"}, std::pair{command.target.dtype.has_value(), "--dtype"},
          std::pair{command.target.accumulate.has_value(), "--accumulate"},
          std::pair{command.target.cache.has_value(), "--cache"},
          std::pair{command.target.deterministic, "--deterministic"}}) {
      if (given && jobs.empty()) {
        return bad_input("{}: it goes with --shape; each workload of a suite has its own", option);
      }
    }
    auto suite = read_suite(*command.suite);
    if (!suite) {
      return suite;
    }
    std::ranges::move(*suite, std::back_inserter(jobs));
  }
  if (jobs.empty()) {
    return bad_input("no shape to tune for; give one, such as --shape 32768x32768, or a --suite");
  }
  return jobs;
}

Expected<std::vector<Candidate>> look_up(const Job& job, const Chip& chip, const Selection& selection) {
  auto all = candidates(job.workload, chip, selection);
  if (!all) {
    return all;
  }
  const auto admitted = std::ranges::find_if(*all, [](const Candidate& c) { return c.broken.empty(); });
  if (admitted == all->end()) {
    return bad_input("{}: nothing is left to try on {}{}", to_string(job.workload), chip.name,
                     all->empty() ? std::string("; widen --set or --kernels")
                                  : fmt::format(": {} breaks a constraint: {}", to_string(all->front().variant),
                                                all->front().broken));
  }
  return all;
}

// candidates() checks families and parameters together; asked for one at a time, it says which
// option is at fault.
Expected<void> check_selection(const Job& job, const Chip& chip, const Selection& selection) {
  if (!selection.space.empty()) {
    const auto checked = candidates(job.workload, chip, {.kernels = {}, .settings = {}, .space = selection.space});
    if (!checked) {
      return at_option("--space", "", checked.error());
    }
  }
  for (const std::string& name : selection.kernels) {
    const auto checked = candidates(job.workload, chip, {.kernels = {name}, .settings = {}, .space = selection.space});
    if (!checked) {
      return at_option("--kernels", name, checked.error());
    }
  }
  for (const auto& setting : selection.settings) {
    const auto checked =
        candidates(job.workload, chip, {.kernels = selection.kernels, .settings = {setting}, .space = selection.space});
    if (!checked) {
      return at_option("--set", "", checked.error());
    }
  }
  return {};
}

// How long and how much: --budget, --strategy, --seed and --profiled.
Expected<void> read_effort(const TuneCommand& command, Plan& plan) {
  if (command.budget) {
    const auto budget = parse_budget(*command.budget);
    if (!budget) {
      return at_option("--budget", "", budget.error());
    }
    plan.budget = *budget;
  }
  if (command.strategy) {
    const auto strategy = parse_strategy(*command.strategy);
    if (!strategy) {
      return at_option("--strategy", *command.strategy, strategy.error());
    }
    plan.strategy = *strategy;
  }
  if (command.seed) {
    const auto seed = parse_seed(*command.seed);
    if (!seed) {
      return at_option("--seed", "", seed.error());
    }
    plan.seed = *seed;
  }
  if (command.profiled) {
    const auto profiled = parse_profiled(*command.profiled);
    if (!profiled) {
      return at_option("--profiled", "", profiled.error());
    }
    if (command.metrics == "none") {
      return bad_input("--profiled {}: --metrics none reads no counters; leave one of them out", *command.profiled);
    }
    plan.profiled = *profiled;
  }
  return {};
}

}  // namespace

Expected<Plan> make_plan(const TuneCommand& command) {
  Plan plan;
  auto jobs = read_jobs(command);
  if (!jobs) {
    return tl::unexpected(jobs.error());
  }
  plan.jobs = *std::move(jobs);
  const auto device = parse_device(command.target.device);
  if (!device) {
    return tl::unexpected(device.error());
  }
  plan.device = *device;
  auto selection = parse_selection(command.target);
  if (!selection) {
    return tl::unexpected(selection.error());
  }
  plan.selection = *std::move(selection);
  if (auto read = read_effort(command, plan); !read) {
    return tl::unexpected(read.error());
  }
  const auto format = parse_format(command.format);
  if (!format) {
    return tl::unexpected(format.error());
  }
  plan.format = *format;
  plan.metrics = command.metrics.value_or(plan.metrics);
  const std::string out = command.out.value_or(std::string(plan.device.is_replay() ? kDefaultReplayOut : kDefaultOut));
  if (out.empty()) {
    return bad_input("--out: the file's name is empty; write a path, such as {}, or - for standard output",
                     kDefaultOut);
  }
  if (out == "-" && plan.format == Format::json) {
    return bad_input("--out -: --format json writes to standard output already; give one of them a file");
  }
  plan.out = out == "-" ? "" : out;
  if (command.journal && command.journal->empty()) {
    return bad_input("--journal: the file's name is empty; write a path, such as results/journal.jsonl, or none");
  }
  if (command.journal == "-") {
    return bad_input(
        "--journal -: the next run reads the journal back from a file; write a path, such as results/journal.jsonl, or "
        "none");
  }
  // Who wants the best on standard output wants no files, unless asked for.
  plan.journal = command.journal.value_or(
      out == "-"
          ? "none"
          : (std::filesystem::path(out).parent_path() / std::filesystem::path(kDefaultJournal).filename()).string());
  if (plan.journal == "none") {
    plan.journal.clear();
  }
  if (!plan.journal.empty() && plan.journal == plan.out) {
    return bad_input("--journal {}: --out writes to that file; give one of them another name", plan.out.string());
  }
  if (plan.device.is_replay() && !plan.journal.empty() && plan.journal == plan.device.recording) {
    return bad_input("--journal {}: --device replays that file; give the journal of the replay another name",
                     plan.journal.string());
  }
  if (command.retry_failed && (command.fresh || plan.journal.empty())) {
    return bad_input("--retry-failed: without a journal nothing is known of earlier failures; leave {} out",
                     command.fresh ? "--fresh" : "--journal none");
  }
  plan.fresh = command.fresh;
  plan.retry_failed = command.retry_failed;
  if (command.quiet && command.verbose) {
    return bad_input("-q: it cannot go with -v; give one of them");
  }
  plan.quiet = command.quiet;
  plan.verbose = command.verbose;
  plan.progress = !command.quiet && !command.no_progress;
  plan.compiler.in_process = command.in_process;
  plan.compiler.cache_dir = command.cache_dir ? std::filesystem::path(*command.cache_dir) : default_cache_dir();
  std::error_code ignored;
  if (command.cache_dir &&
      (command.cache_dir->empty() || (std::filesystem::exists(*command.cache_dir, ignored) &&
                                      !std::filesystem::is_directory(*command.cache_dir, ignored)))) {
    return bad_input("--cache-dir '{}': not a folder; write the path of a folder, which is created where it is missing",
                     *command.cache_dir);
  }
  return plan;
}

Expected<void> admit(Plan& plan, const Chip& chip, std::vector<std::string>& skipped) {
  std::vector<Job> admitted;
  for (Job& job : plan.jobs) {
    Expected<std::vector<Candidate>> found = supported(job.workload, chip)
                                                 .and_then([&] { return check_selection(job, chip, plan.selection); })
                                                 .and_then([&] { return look_up(job, chip, plan.selection); });
    if (found) {
      job.candidates = *std::move(found);
      admitted.push_back(std::move(job));
    } else if (job.from_suite && plan.jobs.size() > 1) {
      skipped.push_back(found.error().message);
    } else {
      return tl::unexpected(found.error());
    }
  }
  if (admitted.empty()) {
    return bad_input("no workload of the suite can be tuned on {}: {}", chip.name, skipped.front());
  }
  plan.jobs = std::move(admitted);
  return {};
}

}  // namespace scantune::cli
