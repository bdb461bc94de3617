// scantune check: the regression gate. The decision is src/gate's; here are the entries to check, the clock and the
// reports.
#include "gate/check.h"

#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <csignal>
#include <cstdio>

#include "cli/check_plan.h"
#include "cli/commands.h"
#include "cli/exit_code.h"
#include "cli/provenance.h"
#include "cli/signals.h"
#include "cli/terminal.h"
#include "doctor/other_work.h"
#include "gate/retune.h"
#include "gate/trend.h"
#include "report/check_report.h"
#include "store/file.h"
#include "store/history.h"
#include "wire/best_json.h"
#include "wire/check_json.h"

namespace scantune::cli {
namespace {

constexpr double kDefaultSeconds = 60;  // a workload
constexpr double kRetuneShare = 0.75;   // of a workload's time
constexpr double kLeastSeconds = 1;     // for an entry that is reached at all

double seconds_since(std::chrono::steady_clock::time_point then) {
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - then).count();
}

// What is under way, on one line that comes and goes; nothing where standard error is no terminal.
class StatusLine {
 public:
  explicit StatusLine(bool wanted) : on_(wanted && progress_style(stderr) == report::ProgressStyle::live) {}
  StatusLine(const StatusLine&) = delete;
  StatusLine& operator=(const StatusLine&) = delete;
  ~StatusLine() { clear(); }

  void show(const std::string& text) {
    if (on_) {
      print(stderr, "\r\x1b[K" + text, text_style(stderr, false));
      std::fflush(stderr);
      shown_ = true;
    }
  }
  void clear() {
    if (std::exchange(shown_, false)) {
      std::fputs("\r\x1b[K", stderr);
      std::fflush(stderr);
    }
  }

 private:
  bool on_;
  bool shown_ = false;
};

// The old kernel of an entry, from a bundle.
gate::Old old_of(const store::LoadedBundle& bundle, const std::string& key) {
  const auto& kernels = bundle.bundle.kernels;
  const auto kernel = std::ranges::find(kernels, key, &wire::BundleKernel::key);
  if (kernel == kernels.end()) {
    return {{}, "the bundle has no kernel for it; export one from a best file that has it"};
  }
  Artifact artifact;
  artifact.variant = kernel->promised.variant;
  for (const wire::BundleLaunch& launch : kernel->launches) {
    artifact.launches.push_back(launch.launch);
    artifact.functions.push_back(launch.function);
    artifact.resources.push_back(launch.resources);
  }
  artifact.workspace_bytes = kernel->workspace_bytes;
  artifact.image = bundle.cubins.at(static_cast<size_t>(kernel - kernels.begin()));
  return {std::move(artifact), {}};
}

class CheckRun {
 public:
  explicit CheckRun(CheckPlan plan)
      : plan_(std::move(plan)),
        status_(!plan_.quiet),
        interrupts_([] {}),
        session_(session_range("check", plan_.entries.size())) {}

  Expected<void> prepare();
  int run();

 private:
  using Clock = std::chrono::steady_clock;

  void note(const std::string& text) {
    status_.clear();
    if (!plan_.quiet) {
      print(stderr, "scantune: " + text + "\n", text_style(stderr, false));
    }
  }
  void choose_entries();
  [[nodiscard]] double time_for_one(size_t left) const;
  void check_one(const BestEntry& entry, size_t left);
  void retune(const BestEntry& entry, double seconds, EntryCheck& check);
  void measure_noise();
  // Who else uses the device; empty where nobody does or nobody tells, as of a CPU.
  [[nodiscard]] std::string other_work() const {
    const std::string& uuid = check_.device.uuid;
    return uuid.empty() || is_replay(check_.device) ? std::string() : doctor::other_work_on(uuid);
  }
  void keep_history();
  int exit_code_of() const;
  Expected<void> write_reports(int code);
  [[nodiscard]] std::string report_in(ReportFormat format, int code, const report::TextStyle& style) const;
  std::function<void(const std::string&)> progress_of(const BestEntry& entry) {
    return [this, name = to_string(entry.workload)](const std::string& text) { status_.show(name + ": " + text); };
  }

  CheckPlan plan_;
  StatusLine status_;
  Interrupts interrupts_;  // before the device and tools that listen: their threads inherit the blocked signals
  Range session_;
  OpenDevice open_;
  Clock::time_point begin_ = Clock::now();
  store::CheckHistory history_;
  std::vector<const BestEntry*> chosen_;
  Check check_;
};

Expected<void> CheckRun::prepare() {
  auto open = open_device(plan_.device, plan_.compiler, interrupts_.token());
  if (!open) {
    return tl::unexpected(open.error());
  }
  open_ = *std::move(open);
  const DeviceInfo& info = open_.device->info();
  if (plan_.planted > 0 && info.chip.backend != Backend::cuda) {
    return bad_input("--plant: it needs a GPU, for the kernels of the CPU are built into this program; leave it out");
  }
  if (!open_.note.empty()) {
    note(open_.note);
  }
  if (!plan_.history.empty()) {
    auto history = store::read_history(plan_.history);
    if (!history) {
      return tl::unexpected(history.error());
    }
    history_ = *std::move(history);
    for (const std::string& skipped : history_.skipped) {
      note(skipped);
    }
  }
  check_.baseline = plan_.baseline;
  check_.bundle = plan_.against;
  check_.device = info;
  check_.now = provenance_now();
  check_.now.device = info.id;
  check_.now.uuid = info.uuid;
  check_.now.driver = info.driver;
  check_.now.compiler = info.compiler;
  check_.now.protocol = digest(Protocol{});
  check_.commit = plan_.commit;
  check_.rule = plan_.rule;
  choose_entries();
  return {};
}

// What was asked for, or else all that the baseline holds for this chip.
void CheckRun::choose_entries() {
  const Chip& chip = check_.device.chip;
  const std::string why_cpu = open_.note.empty() ? "" : "; " + open_.note;
  const auto find = [&](const Workload& workload, const std::string& chip_name) {
    Chip of = chip;
    of.name = chip_name;
    const std::string key = wire::best_key(workload, of);
    return std::ranges::find_if(plan_.entries,
                                [&](const BestEntry& e) { return wire::best_key(e.workload, e.chip) == key; });
  };
  if (!plan_.workloads.empty()) {
    for (const Workload& workload : plan_.workloads) {
      if (const auto entry = find(workload, chip.name); entry != plan_.entries.end()) {
        chosen_.push_back(&*entry);
        continue;
      }
      EntryCheck missing;
      missing.key = wire::best_key(workload, chip);
      missing.workload = workload;
      missing.why =
          fmt::format("{} has no record of it on {}; tune it there first{}", plan_.baseline, chip.name, why_cpu);
      const auto elsewhere = std::ranges::find_if(
          plan_.entries, [&](const BestEntry& e) { return find(workload, e.chip.name) != plan_.entries.end(); });
      if (elsewhere != plan_.entries.end()) {
        missing.why = fmt::format("the baseline has it for another chip only: {}, and this is {}{}",
                                  elsewhere->chip.name, chip.name, why_cpu);
      }
      check_.entries.push_back(std::move(missing));
    }
    return;
  }
  for (const BestEntry& entry : plan_.entries) {
    if (entry.chip.name == chip.name) {
      chosen_.push_back(&entry);
    }
  }
  if (chosen_.empty()) {
    for (const BestEntry& entry : plan_.entries) {
      check_.entries.push_back(gate::inconclusive(
          entry,
          fmt::format("the baseline is of another chip: {}, and this is {}{}", entry.chip.name, chip.name, why_cpu)));
    }
  } else if (chosen_.size() < plan_.entries.size()) {
    check_.notes.push_back(fmt::format("{} of {} entries are of other chips and were left out",
                                       plan_.entries.size() - chosen_.size(), plan_.entries.size()));
  }
}

// What is left of the time, in equal parts for those that are left.
double CheckRun::time_for_one(size_t left) const {
  return plan_.max_time_s ? (*plan_.max_time_s - seconds_since(begin_)) / static_cast<double>(left) : kDefaultSeconds;
}

void CheckRun::check_one(const BestEntry& entry, size_t left) {
  const double seconds = time_for_one(left);
  if (interrupts_.token().stop_requested() || seconds <= 0) {
    check_.entries.push_back(gate::inconclusive(
        entry, interrupts_.token().stop_requested()
                   ? "interrupted before it was measured"
                   : fmt::format("the time limit of {:g} s was hit before it was measured", *plan_.max_time_s)));
    return;
  }
  gate::CheckOptions options;
  options.rule = plan_.rule;
  options.time_s = std::max(kLeastSeconds, plan_.retune ? seconds * (1 - kRetuneShare) : seconds);
  if (plan_.max_time_s) {
    options.time_s = std::min(options.time_s, *plan_.max_time_s);
  }
  options.seed = plan_.seed;
  options.planted = plan_.planted;
  options.progress = progress_of(entry);
  options.other_work = [this] { return other_work(); };
  const std::string key = wire::best_key(entry.workload, entry.chip);
  if (const auto noise = gate::noise_in(history_.lines, key)) {
    options.noise = gate::Spread{.round_sd = noise->round_sd, .session_sd = noise->session_sd};
  }
  const auto old = plan_.bundle ? std::optional(old_of(*plan_.bundle, key)) : std::nullopt;
  EntryCheck check = gate::check_entry(*open_.device, *open_.compiler, entry, old, options, interrupts_.token());
  if (plan_.retune && check.rounds_now > 0 && !interrupts_.token().stop_requested()) {
    retune(entry, seconds * kRetuneShare, check);
  }
  if (check.rounds_now > 0) {
    std::vector<HistoryLine> lines = history_.lines;
    std::ranges::move(history_lines({.baseline = {},
                                     .bundle = {},
                                     .device = {},
                                     .now = check_.now,
                                     .commit = check_.commit,
                                     .rule = {},
                                     .entries = {check},
                                     .noise = {},
                                     .notes = {}}),
                      std::back_inserter(lines));
    check.level_change = gate::level_change_in(lines, key);
  }
  check_.entries.push_back(std::move(check));
}

void CheckRun::retune(const BestEntry& entry, double seconds, EntryCheck& check) {
  status_.show(to_string(entry.workload) + ": looking for a faster variant");
  Observer silent;
  auto better =
      gate::find_better(*open_.device, *open_.compiler, entry, seconds, plan_.seed, silent, interrupts_.token());
  if (better) {
    check.better = *std::move(better);
  } else {
    check_.notes.push_back(fmt::format("{}: not tuned again: {}", to_string(entry.workload), better.error().message));
  }
}

void CheckRun::measure_noise() {
  size_t left = chosen_.size();
  for (const BestEntry* entry : chosen_) {
    const double seconds = time_for_one(left--);
    if (interrupts_.token().stop_requested() || seconds <= 0) {
      check_.entries.push_back(gate::inconclusive(*entry, interrupts_.token().stop_requested()
                                                              ? "interrupted"
                                                              : "the time limit was hit before it was measured"));
      continue;
    }
    gate::AaOptions options;
    options.rule = plan_.rule;
    options.sessions = plan_.sessions;
    options.time_s = seconds;
    options.seed = plan_.seed;
    options.progress = progress_of(*entry);
    const auto run = gate::measure_noise(*open_.device, *open_.compiler, *entry, options, interrupts_.token());
    const std::string others = other_work();
    if (!run) {
      check_.entries.push_back(gate::inconclusive(*entry, run.error().message + (others.empty() ? "" : "; " + others)));
      continue;
    }
    check_.noise.push_back(run->noise);
    if (!others.empty()) {
      check_.notes.push_back(
          fmt::format("{}: its noise is that of a busy GPU: {}", to_string(entry->workload), others));
    }
  }
}

void CheckRun::keep_history() {
  if (plan_.history.empty()) {
    return;
  }
  if (const auto kept = store::append_history(plan_.history, history_lines(check_)); !kept) {
    check_.notes.push_back("the history was not written: " + kept.error().message);
  }
}

int CheckRun::exit_code_of() const {
  if (interrupts_.token().stop_requested()) {
    return kInterrupted;
  }
  switch (check_.verdict) {
    case CheckVerdict::pass:
      return kDone;
    case CheckVerdict::regression:
      return kFailed;
    case CheckVerdict::inconclusive:
      break;
  }
  return kInconclusive;
}

std::string CheckRun::report_in(ReportFormat format, int code, const report::TextStyle& style) const {
  switch (format) {
    case ReportFormat::json:
      return wire::check_json(check_, code);
    case ReportFormat::junit:
      return report::check_junit(check_);
    case ReportFormat::markdown:
      return report::check_markdown(check_);
    case ReportFormat::github:
      return report::check_github(check_);
    case ReportFormat::text:
      break;
  }
  return report::check_text(check_, style);
}

Expected<void> CheckRun::write_reports(int code) {
  Expected<void> all;
  for (const ReportTo& to : plan_.reports) {
    if (to.file.empty()) {
      const report::TextStyle style = text_style(stdout, plan_.verbose);
      if (to.format == ReportFormat::text) {
        print(stdout, report_in(to.format, code, style), style);
      } else {
        print_json(stdout, report_in(to.format, code, style));  // UTF-8 in every locale
      }
      continue;
    }
    report::TextStyle plain;
    plain.verbose = plan_.verbose;
    if (auto written = store::write_atomically(to.file, report_in(to.format, code, plain)); !written) {
      all = std::move(written);
    }
  }
  return all;
}

int CheckRun::run() {
  if (plan_.aa) {
    measure_noise();
    const bool told = std::ranges::all_of(check_.noise, [](const Noise& noise) { return noise.rounds_needed > 0; });
    check_.verdict =
        check_.entries.empty() && !check_.noise.empty() && told ? CheckVerdict::pass : CheckVerdict::inconclusive;
  } else {
    size_t left = chosen_.size();
    for (const BestEntry* entry : chosen_) {
      check_one(*entry, left--);
    }
    check_.verdict = overall(check_.entries);
    const bool missed = std::ranges::any_of(check_.entries, [](const EntryCheck& entry) {
      return entry.planted && entry.planted->verdict != CheckVerdict::regression;
    });
    if (missed) {
      check_.notes.emplace_back("a planted slowdown was not found: this gate would have missed it");
      check_.verdict = check_.verdict == CheckVerdict::pass ? CheckVerdict::inconclusive : check_.verdict;
    }
  }
  status_.clear();
  check_.seconds = seconds_since(begin_);
  keep_history();
  const int code = exit_code_of();
  if (const auto written = write_reports(code); !written) {
    const int failed = report_error({ErrorKind::environment, written.error().message});
    return code == kDone ? failed : code;
  }
  return code;
}

}  // namespace

int run(const CheckCommand& command) {
  std::signal(SIGPIPE, SIG_IGN);  // a reader that goes away must not cost the verdict
  auto plan = make_check_plan(command);
  if (!plan) {
    return report_error(plan.error());
  }
  CheckRun check(*std::move(plan));
  if (const auto ready = check.prepare(); !ready) {
    // Nothing was checked: that is bad input, whatever kind of error it was; 1 would say "regression".
    report_error(ready.error());
    return kBadInput;
  }
  return check.run();
}

}  // namespace scantune::cli
