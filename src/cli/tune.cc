// The root command: tunes each workload, shows it, and merges its best into a file.
#include "tune/tune.h"

#include <algorithm>
#include <csignal>
#include <cstdio>
#include <future>
#include <mutex>

#include "cli/commands.h"
#include "cli/exit_code.h"
#include "cli/plan.h"
#include "cli/provenance.h"
#include "cli/signals.h"
#include "cli/terminal.h"
#include "core/version.h"
#include "store/best_file.h"
#include "store/journal.h"
#include "tune/together.h"
#include "wire/best_json.h"
#include "wire/outcome_json.h"

namespace scantune::cli {
namespace {

bool nothing_asked(const TuneCommand& command) {
  const Target& t = command.target;
  return t.shapes.empty() && !command.suite && !t.dim && !t.dtype && !t.accumulate && !t.cache && !t.deterministic &&
         !t.device && !t.kernels && t.settings.empty() && !t.space && !t.no_prune && !command.metrics &&
         !command.profiled && !command.budget && !command.strategy && !command.seed && !command.out &&
         !command.cache_dir && !command.journal && !command.fresh && !command.retry_failed && !command.format &&
         !command.in_process && !command.quiet && !command.verbose && !command.no_progress;
}

// What there is nothing to build from, in a replay, cannot be searched.
std::unique_ptr<Strategy> strategy_for(const Plan& plan, const Job& job, const Chip& chip, const Compiler& compiler) {
  SearchSpace space{job.workload, chip, {}};
  std::ranges::copy_if(job.candidates, std::back_inserter(space.candidates), [&](const Candidate& candidate) {
    return candidate.broken.empty() &&
           !compiler.build_digest(*candidate.kernel, job.workload, candidate.variant, chip).empty();
  });
  // A search that may end early should have seen a bit of every family, and not the first one only.
  const bool may_end_early = plan.budget.seconds || plan.budget.trials;
  const bool shuffled = may_end_early && plan.strategy == StrategyKind::exhaustive;
  return make_strategy(shuffled ? StrategyKind::random : plan.strategy, space, plan.seed);
}

// One run of the root command. Everything is checked by prepare() before anything is tuned.
class TuneRun {
 public:
  explicit TuneRun(Plan plan)
      : plan_(std::move(plan)),
        screen_(plan_.out.empty() ? stderr : stdout),
        screen_style_(text_style(screen_, plan_.verbose)),
        stderr_style_(text_style(stderr, plan_.verbose)),
        printer_(report::progress_printer(stderr, plan_.progress ? progress_style(stderr) : report::ProgressStyle::none,
                                          stderr_style_)),
        interrupts_([this] { note("stopping after this round; Ctrl-C again ends at once"); }),
        session_(session_range("tune", plan_.jobs.size())) {}

  Expected<void> prepare();
  int tune_all();

 private:
  void note(const std::string& text) {
    if (!plan_.quiet) {
      printer_->note("scantune: " + text);
    }
  }
  void worsen(int code) {
    // The most telling code wins: an interrupt, then a run that failed, then input that was refused.
    const auto rank = [](int c) { return c == kInterrupted ? 3 : c == kFailed ? 2 : c == kBadInput ? 1 : 0; };
    code_ = rank(code) > rank(code_) ? code : code_;
  }
  Expected<void> fits_in_memory();
  Expected<void> open_journal();
  Expected<void> open_all();
  bool tune_one(const Job& job);
  Expected<Outcome> tune_together_or_alone(const Job& job, Strategy& strategy, const TuneOptions& options);
  size_t tune_side_by_side();
  void tune_some(OpenDevice& open, size_t& next, bool& over);
  bool conclude(const Job& job, Expected<Outcome> outcome);
  Expected<TuneOptions> options_for(const Job& job);
  void keep(const Outcome& outcome);
  void say_how_it_ended(size_t done);

  Plan plan_;
  std::FILE* screen_;
  report::TextStyle screen_style_;
  report::TextStyle stderr_style_;
  std::unique_ptr<report::ProgressPrinter> printer_;
  Interrupts interrupts_;  // before the device and tools that listen: their threads inherit the blocked signals
  Range session_;
  OpenDevice open_;
  std::vector<OpenDevice> others_;  // of the same model, with cuda:all
  std::mutex mutex_;  // what workloads that are tuned side by side share: all that is below, and the screen
  std::optional<store::Journal> journal_;
  std::vector<std::string> metrics_;
  std::vector<Outcome> outcomes_;
  std::vector<BestEntry> entries_;
  int code_ = kDone;
};

Expected<void> TuneRun::prepare() {
  // Opening CUPTI takes as long as opening a GPU, which is done by another process.
  std::future<void> preload;
  const bool maybe_gpu = plan_.device.automatic || plan_.device.backend == Backend::cuda;
  if (maybe_gpu && !plan_.compiler.in_process && plan_.metrics != "none" && cuda::find_driver()) {
    preload = std::async(std::launch::async, cuda::preload_counters);
  }
  if (auto opened = open_all(); !opened) {
    return opened;
  }
  const DeviceInfo& info = open_.device->info();
  std::vector<std::string> skipped;
  if (auto admitted = admit(plan_, info.chip, skipped); !admitted) {
    return admitted;
  }
  std::string warning;
  auto metrics = choose_metrics(plan_.metrics, info, warning);
  if (!metrics) {
    return tl::unexpected(metrics.error());
  }
  metrics_ = *std::move(metrics);
  if (auto fits = fits_in_memory(); !fits) {
    return fits;
  }
  // Last, as it may create the file's folder.
  if (!plan_.out.empty()) {
    if (auto writable = store::check_best_file(plan_.out, is_replay(info)); !writable) {
      Error error = writable.error();
      error.kind = ErrorKind::bad_input;
      return at_option("--out", "", std::move(error));
    }
  }
  if (auto opened = open_journal(); !opened) {
    return opened;
  }
  if (!open_.note.empty()) {
    note(open_.note);
  }
  for (const std::string& line : open_.notes) {
    note(line);
  }
  if (!warning.empty()) {
    note(warning);
  }
  for (const std::string& line : skipped) {
    note("skipped: " + line);
    worsen(kBadInput);
  }
  return {};
}

// The first GPU and, with cuda:all, the others. Workers live as long as the thread that started them: this one.
Expected<void> TuneRun::open_all() {
  auto open = open_device(plan_.device, plan_.compiler, interrupts_.token());
  if (!open) {
    return tl::unexpected(open.error());
  }
  open_ = *std::move(open);
  for (size_t i = 1; i < plan_.gpus.size(); ++i) {
    DeviceRequest request = plan_.device;
    request.ordinal = plan_.gpus[i];
    auto other = open_device(request, plan_.compiler, interrupts_.token());
    if (!other) {
      return tl::unexpected(other.error());
    }
    others_.push_back(*std::move(other));
  }
  return {};
}

Expected<void> TuneRun::open_journal() {
  if (plan_.journal.empty()) {
    return {};
  }
  auto journal = store::Journal::open(plan_.journal);
  if (!journal) {
    Error error = journal.error();
    error.kind = ErrorKind::bad_input;
    return at_option("--journal", "", std::move(error));
  }
  journal_.emplace(*std::move(journal));
  for (const std::string& line : store::notes(plan_.journal, journal_->damaged(), journal_->newer())) {
    note(line);
  }
  return {};
}

Expected<void> TuneRun::fits_in_memory() {
  std::vector<Job> fitting;
  for (Job& job : plan_.jobs) {
    auto fits = open_.device->check(job.workload).and_then([&] { return check_memory(*open_.device, job.workload); });
    if (!fits && (!job.from_suite || plan_.jobs.size() == 1)) {
      return fits;
    }
    if (!fits) {
      note("skipped: " + fits.error().message);
      worsen(kBadInput);
      continue;
    }
    fitting.push_back(std::move(job));
  }
  if (fitting.empty()) {
    return fail(ErrorKind::environment, "no workload of the suite can be done on {}", open_.device->info().id);
  }
  plan_.jobs = std::move(fitting);
  return {};
}

// Merges an outcome's best as soon as it is known.
void TuneRun::keep(const Outcome& outcome) {
  if (!outcome.winner) {
    return;
  }
  BestEntry entry = best_entry(outcome);
  if (plan_.out.empty()) {
    entries_.push_back(std::move(entry));
    return;
  }
  // A run that did not get to the stored winner, or was not to, says nothing against it.
  if (const auto stored = store::stored_winner(plan_.out, outcome.workload, outcome.device.chip); stored && *stored) {
    const auto& ours = entry.contenders.front();
    const bool measured =
        std::ranges::find(entry.contenders, (*stored)->variant, &Contender::variant) != entry.contenders.end();
    if (!measured && (*stored)->ratio_to_copy.median > ours.ratio_to_copy.median * (1 + outcome.protocol.equivalence)) {
      note(
          fmt::format("{} keeps its winner, which this run did not measure and which is faster: {}, {:.3f} of the copy",
                      plan_.out.string(), to_string((*stored)->variant), (*stored)->ratio_to_copy.median));
      return;
    }
  }
  entries_.push_back(std::move(entry));
  if (const auto merged = store::merge_into_best_file(plan_.out, {entries_.back()}); !merged) {
    entries_.pop_back();
    worsen(report_error({ErrorKind::environment, merged.error().message}));
    return;
  }
  if (plan_.format == Format::text) {
    const std::string journal = journal_ ? " · journal " + plan_.journal.string() : "";
    print(screen_, report::labelled_line("Wrote", plan_.out.string() + journal, screen_style_), screen_style_);
  }
}

Expected<TuneOptions> TuneRun::options_for(const Job& job) {
  TuneOptions options;
  options.budget = plan_.budget;
  options.metrics = metrics_;
  options.profiled = plan_.profiled;
  options.seed = plan_.seed;
  options.fresh = plan_.fresh;
  options.history.retry_failed = plan_.retry_failed;
  const DeviceInfo& info = open_.device->info();
  if (journal_) {
    options.keep = [this](const JournalEvent& event) { return journal_->append(event); };
    if (!plan_.fresh) {
      auto events = journal_->events(digest(Context{job.workload, info.chip, info.driver, options.protocol}));
      if (!events) {
        return tl::unexpected(events.error());
      }
      options.history.events = *std::move(events);
    }
  }
  if (!plan_.fresh && !plan_.out.empty()) {
    // One that cannot be read was refused before; one that went since then stays no longer.
    if (const auto stored = store::stored_winner(plan_.out, job.workload, info.chip); stored && *stored) {
      options.incumbent = (*stored)->variant;
    }
  }
  return options;
}

Expected<Outcome> TuneRun::tune_together_or_alone(const Job& job, Strategy& strategy, const TuneOptions& options) {
  std::vector<Device*> devices = {open_.device.get()};
  for (const OpenDevice& other : others_) {
    devices.push_back(other.device.get());
  }
  return tune_together(devices, *open_.compiler, job.workload, job.candidates, strategy, options, provenance_now(),
                       *printer_, interrupts_.token());
}

// False where the run is over: interrupted, or without its device.
bool TuneRun::tune_one(const Job& job) {
  if (plan_.format == Format::text) {
    print(screen_, report::workload_line(job.workload) + "\n", screen_style_);
  }
  const auto strategy = strategy_for(plan_, job, open_.device->info().chip, *open_.compiler);
  const auto options = options_for(job);
  if (!options) {
    worsen(report_error(options.error()));
    return false;
  }
  auto outcome = tune_together_or_alone(job, *strategy, *options);
  printer_->finish();
  return conclude(job, std::move(outcome));
}

// Shows and keeps what came of a workload. False where the run is over.
bool TuneRun::conclude(const Job& job, Expected<Outcome> outcome) {
  if (!outcome) {
    worsen(
        report_error({outcome.error().kind, fmt::format("{}: {}", to_string(job.workload), outcome.error().message)}));
    return outcome.error().kind != ErrorKind::device_lost;
  }
  if (plan_.format == Format::text) {
    print(screen_, report::outcome_text(*outcome, screen_style_), screen_style_);
  }
  keep(*outcome);
  if (outcome->stopped == StopReason::interrupted) {
    worsen(kInterrupted);
  } else if (outcome->stopped == StopReason::not_kept) {
    worsen(kBadInput);
  } else if (outcome->stopped == StopReason::device_lost || !outcome->winner) {
    worsen(kFailed);
  }
  outcomes_.push_back(*std::move(outcome));
  const StopReason stopped = outcomes_.back().stopped;
  return stopped == StopReason::complete || stopped == StopReason::budget;
}

// One GPU's share of the workloads: the next one that nobody has, until there are none.
void TuneRun::tune_some(OpenDevice& open, size_t& next, bool& over) {
  Observer silent;
  for (;;) {
    std::unique_lock lock(mutex_);
    if (over || next == plan_.jobs.size() || interrupts_.token().stop_requested()) {
      return;
    }
    const Job& job = plan_.jobs[next++];
    note(fmt::format("{}: {} ({} of {})", open.device->info().id, to_string(job.workload), next, plan_.jobs.size()));
    auto options = options_for(job);
    if (!options) {
      worsen(report_error(options.error()));
      over = true;
      return;
    }
    if (options->keep) {
      options->keep = [this](const JournalEvent& event) {
        const std::scoped_lock one(mutex_);
        return journal_->append(event);
      };
    }
    lock.unlock();
    const auto strategy = strategy_for(plan_, job, open.device->info().chip, *open_.compiler);
    auto outcome = tune(*open.device, *open_.compiler, job.workload, job.candidates, *strategy, *options,
                        provenance_now(), silent, interrupts_.token());
    lock.lock();
    if (plan_.format == Format::text) {
      print(screen_, (outcomes_.empty() ? "" : "\n") + report::workload_line(job.workload) + "\n", screen_style_);
    }
    // A GPU that is lost ends its own share only.
    if (!conclude(job, std::move(outcome))) {
      return;
    }
  }
}

// Workloads on all GPUs at a time, one each; returns how many were begun.
size_t TuneRun::tune_side_by_side() {
  size_t next = 0;
  bool over = false;
  {
    std::vector<std::jthread> threads;
    threads.emplace_back([&] { tune_some(open_, next, over); });
    for (OpenDevice& other : others_) {
      threads.emplace_back([&] { tune_some(other, next, over); });
    }
  }
  if (interrupts_.token().stop_requested()) {
    worsen(kInterrupted);
  }
  return next;
}

void TuneRun::say_how_it_ended(size_t done) {
  const size_t left = plan_.jobs.size() - done;
  const std::string file = plan_.out.empty() ? "standard output" : plan_.out.string();
  std::string text;
  if (code_ == kInterrupted) {
    text = entries_.empty()
               ? fmt::format("interrupted before any variant was measured: nothing was written to {}", file)
               : fmt::format("interrupted: what is known was written to {}", file);
  } else if (!outcomes_.empty() && outcomes_.back().stopped == StopReason::device_lost) {
    text = fmt::format("the device was lost: {}{}",
                       outcomes_.back().stop_detail.empty() ? "" : outcomes_.back().stop_detail + "; ",
                       entries_.empty() ? "nothing is known" : "what is known was written to " + file);
  }
  if (!outcomes_.empty() && outcomes_.back().stopped == StopReason::not_kept) {
    text = outcomes_.back().stop_detail + "; the run ended there";
  }
  if (left > 0 && !text.empty()) {
    text += fmt::format("; {} of {} workloads were not tuned", left, plan_.jobs.size());
  }
  if (!text.empty()) {
    report_error({ErrorKind::failed, text});
  }
}

int TuneRun::tune_all() {
  if (plan_.format == Format::text) {
    print(screen_, report::device_line(open_.device->info(), std::string(version())) + "\n", screen_style_);
  }
  // Few workloads are shared out variant by variant, many as they are.
  const bool side_by_side = !others_.empty() && plan_.jobs.size() >= 2 * (1 + others_.size());
  size_t done = side_by_side ? tune_side_by_side() : 0;
  for (const Job& job : std::span(plan_.jobs).subspan(side_by_side ? plan_.jobs.size() : 0)) {
    if (interrupts_.token().stop_requested()) {
      worsen(kInterrupted);
      break;
    }
    if (done > 0 && plan_.format == Format::text) {
      print(screen_, "\n", screen_style_);
    }
    ++done;
    if (!tune_one(job)) {
      break;
    }
  }
  if (plan_.format == Format::json) {
    print_json(stdout, wire::run_json(outcomes_));
  } else if (plan_.out.empty() && !entries_.empty()) {
    if (const auto text = wire::merge_best("", entries_)) {
      print_json(stdout, *text);
    } else {
      worsen(report_error(text.error()));
    }
  }
  say_how_it_ended(done);
  return code_;
}

int tune_with(Plan plan) {
  TuneRun tuning(std::move(plan));
  if (const auto ready = tuning.prepare(); !ready) {
    return report_error(ready.error());
  }
  return tuning.tune_all();
}

}  // namespace

int run(const TuneCommand& command) {
  if (nothing_asked(command)) {
    return report_error({ErrorKind::bad_input,
                         "no shape to tune for; give one, as in scantune --shape 32768x32768; scantune --help lists "
                         "the options and the other commands"});
  }
  // A reader that goes away (| head) must not cost what was measured.
  std::signal(SIGPIPE, SIG_IGN);
  auto plan = make_plan(command);
  if (!plan) {
    return report_error(plan.error());
  }
  if (!plan->device.all) {
    return tune_with(*std::move(plan));
  }
  const auto models = gpus_by_model();
  if (!models) {
    return report_error(at_option("--device", "cuda:all", models.error()).value());
  }
  // GPUs of another model are another chip: with variants, results and figures of their own.
  if (models->size() > 1 && (plan->format == Format::json || plan->out.empty())) {
    return report_error({ErrorKind::bad_input,
                         fmt::format("--device cuda:all: the GPUs here are of {} models, which standard output cannot "
                                     "hold together; name a GPU, or give --out a file and leave --format json out",
                                     models->size())});
  }
  int code = kDone;
  for (const std::vector<int>& model : *models) {
    Plan of_model = *plan;
    of_model.device.ordinal = model.front();
    of_model.gpus = model;
    const int came = tune_with(std::move(of_model));
    code = code == kDone ? came : code;
    if (came == kInterrupted) {
      return came;
    }
  }
  return code;
}

}  // namespace scantune::cli
