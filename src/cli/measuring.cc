#include "cli/measuring.h"

#include <algorithm>
#include <charconv>
#include <future>

#include "cli/exit_code.h"
#include "cli/options.h"
#include "cli/provenance.h"

namespace scantune::cli {
namespace {

constexpr int kMostRounds = 1000;
constexpr int kMostRepeats = 1000;
constexpr int kMostWarmRuns = 100;

}  // namespace

Expected<int> parse_count(std::string_view option, const std::optional<std::string>& text, int otherwise, int least,
                          int most) {
  if (!text) {
    return otherwise;
  }
  int count = 0;
  const char* const end = text->data() + text->size();
  const auto [stop, error] = std::from_chars(text->data(), end, count);
  if (text->empty() || error != std::errc() || stop != end || count < least || count > most) {
    return bad_input("{} '{}': write an integer from {} to {}", option, *text, least, most);
  }
  return count;
}

Expected<std::filesystem::path> cache_dir_of(const std::optional<std::string>& text) {
  if (!text) {
    return default_cache_dir();
  }
  std::error_code ignored;
  if (text->empty() || (std::filesystem::exists(*text, ignored) && !std::filesystem::is_directory(*text, ignored))) {
    return bad_input("--cache-dir '{}': not a folder; write the path of a folder, which is created where it is missing",
                     *text);
  }
  return std::filesystem::path(*text);
}

Expected<Workload> one_workload(const Target& target) {
  if (target.shapes.size() > 1) {
    return bad_input("--shape {}: one shape is measured at a time; give --shape once", target.shapes.back());
  }
  auto workloads = parse_shapes(target);
  if (!workloads) {
    return tl::unexpected(workloads.error());
  }
  if (workloads->empty()) {
    return bad_input("no shape to measure; give one, such as --shape 32768x32768");
  }
  return workloads->front();
}

Expected<MeasurePlan> plan_measure(const Target& target, const MeasureArguments& arguments, int default_rounds) {
  MeasurePlan plan;
  const auto device = parse_device(target.device);
  if (!device) {
    return tl::unexpected(device.error());
  }
  plan.device = *device;
  const auto rounds = parse_count("--rounds", arguments.rounds, default_rounds, 1, kMostRounds);
  if (!rounds) {
    return tl::unexpected(rounds.error());
  }
  plan.options.rounds = *rounds;
  const auto repeats = parse_count("--repeats", arguments.repeats, 1, 1, kMostRepeats);
  if (!repeats) {
    return tl::unexpected(repeats.error());
  }
  plan.options.repeats = *repeats;
  const auto warm_runs = parse_count("--warm-runs", arguments.warm_runs, 0, 0, kMostWarmRuns);
  if (!warm_runs) {
    return tl::unexpected(warm_runs.error());
  }
  plan.options.warm_runs = *warm_runs;
  if (arguments.seed) {
    const auto seed = parse_seed(*arguments.seed);
    if (!seed) {
      return at_option("--seed", "", seed.error());
    }
    plan.options.seed = *seed;
  }
  auto cache_dir = cache_dir_of(arguments.cache_dir);
  if (!cache_dir) {
    return tl::unexpected(cache_dir.error());
  }
  plan.compiler.cache_dir = *std::move(cache_dir);
  plan.compiler.in_process = arguments.in_process;
  plan.metrics = arguments.metrics.value_or("full");
  plan.quiet = arguments.quiet;
  return plan;
}

MeasuringDevice::MeasuringDevice(std::string_view command, MeasurePlan plan)
    : plan_(std::move(plan)),
      style_(text_style(stderr, false)),
      interrupts_(std::make_unique<Interrupts>([this] { note("stopping; Ctrl-C again ends at once"); })),
      session_(session_range(command, 1)) {}

Expected<void> MeasuringDevice::open() {
  // Opening CUPTI takes as long as opening a GPU, which is done by another process.
  std::future<void> preload;
  const bool maybe_gpu = plan_.device.automatic || plan_.device.backend == Backend::cuda;
  if (maybe_gpu && !plan_.compiler.in_process && plan_.metrics != "none" && cuda::find_driver()) {
    preload = std::async(std::launch::async, cuda::preload_counters);
  }
  auto opened = open_device(plan_.device, plan_.compiler, interrupts_->token());
  if (!opened) {
    return tl::unexpected(opened.error());
  }
  open_ = *std::move(opened);
  std::string warning;
  auto metrics = choose_metrics(plan_.metrics, info(), warning);
  if (!metrics) {
    return tl::unexpected(metrics.error());
  }
  plan_.options.metrics = *std::move(metrics);
  if (!open_.note.empty()) {
    note(open_.note);
  }
  if (!warning.empty()) {
    note(warning);
  }
  return {};
}

Expected<profile::Measurement> MeasuringDevice::measure(const Workload& workload,
                                                        const std::vector<Candidate>& candidates) {
  profile::MeasureOptions options = plan_.options;
  if (!plan_.quiet && progress_style(stderr) == report::ProgressStyle::live) {
    options.progress = [this](const std::string& text) { note(text); };
  }
  return profile::measure(*open_.device, *open_.compiler, workload, candidates, options, provenance_now(),
                          interrupts_->token());
}

void MeasuringDevice::note(const std::string& text) const {
  if (!plan_.quiet) {
    print(stderr, "scantune: " + text + "\n", style_);
  }
}

int exit_code_of(const Outcome& outcome) {
  if (outcome.stopped == StopReason::interrupted) {
    return kInterrupted;
  }
  const bool failed = outcome.stopped == StopReason::device_lost ||
                      std::ranges::any_of(outcome.records, [](const Record& r) { return r.failure.has_value(); });
  return failed || outcome.ranking.empty() ? kFailed : kDone;
}

}  // namespace scantune::cli
