#include "tune/run.h"

#include <algorithm>
#include <utility>

#include "catalog/occupancy.h"
#include "stats/sequential.h"
#include "stats/stats.h"
#include "tune/conclude.h"

namespace scantune {
namespace {

// Compile jobs kept in flight beyond the compiler's threads, so that none of them waits for us.
constexpr int kJobsAhead = 8;
// How long to wait for a compile before looking at the stop token again.
constexpr std::chrono::milliseconds kPatience{50};
// How long to wait for one more variant before a round is taken with fewer than would fit.
constexpr std::chrono::milliseconds kFillPatience{20};

double seconds_since(std::chrono::steady_clock::time_point then) {
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - then).count();
}

class Stopwatch {
 public:
  explicit Stopwatch(double& total_s) : total_s_(total_s) {}
  ~Stopwatch() { total_s_ += seconds_since(started_); }
  Stopwatch(const Stopwatch&) = delete;
  Stopwatch& operator=(const Stopwatch&) = delete;

 private:
  double& total_s_;
  std::chrono::steady_clock::time_point started_ = std::chrono::steady_clock::now();
};

// Whether every one of the metrics was asked for when the profile was taken.
bool answers(const std::optional<Profile>& profile, const std::vector<std::string>& metrics) {
  if (!profile || profile->launches.empty()) {
    return false;
  }
  const std::vector<MetricValue>& read = profile->launches.front().metrics;
  return std::ranges::all_of(metrics, [&](const std::string& metric) {
    return std::ranges::find(read, metric, &MetricValue::requested) != read.end();
  });
}

bool contains(const Round& round, int record) {
  return std::ranges::find(round.samples, record, &Sample::subject) != round.samples.end();
}

// What a round that took `took_s` spent beside the runs it timed, a sample.
double untimed_s(const Round& round, double took_s) {
  double timed_ns = 0;
  for (const Sample& sample : round.samples) {
    timed_ns += sample.time_ns * round.runs;
  }
  return std::max(0.0, took_s - timed_ns * 1e-9) / static_cast<double>(std::max<size_t>(1, round.samples.size()));
}

}  // namespace

Run::Run(Device& device, Compiler& compiler, const std::vector<Candidate>& candidates, Strategy& strategy,
         const TuneOptions& options, Outcome& outcome, Observer& observer, std::stop_token stop)
    : device_(device),
      compiler_(compiler),
      candidates_(candidates),
      strategy_(strategy),
      options_(options),
      outcome_(outcome),
      observer_(observer),
      stop_(std::move(stop)),
      rounds_(outcome.workload, outcome.device.chip.backend, options.protocol, options.seed),
      compiles_(compiler, outcome.workload, outcome.device.chip) {
  for (const Candidate& candidate : candidates) {
    Record record;
    record.variant = candidate.variant;
    Trial trial{candidate.variant, {}};
    if (!candidate.broken.empty()) {
      record.failure = Failure{FailureKind::constraint, candidate.broken};
    } else {
      record.source_digest = source_digest(*candidate.kernel);
      trial.build = compiler.build_digest(*candidate.kernel, outcome.workload, candidate.variant, outcome.device.chip);
      record.build = trial.build;
      if (trial.build.empty()) {
        record.failure = Failure{FailureKind::not_recorded, "the recording has nothing of it"};
      }
      const std::string& kernel = candidate.variant.kernel;
      const auto [family, added] = family_of_.emplace(kernel, progress_.families.size());
      if (added) {
        progress_.families.push_back({kernel, 0, 0, 0, {}, {}});
      }
      ++progress_.families[family->second].total;
      record_of_[to_string(candidate.variant)] = static_cast<int>(outcome.records.size());
    }
    outcome.records.push_back(std::move(record));
    trials_.push_back(std::move(trial));
  }
  context_ = digest(Context{outcome.workload, outcome.device.chip, outcome.device.driver, options.protocol});
  const History::Folded folded = options.history.fold(trials_, outcome);
  settled_before_ = folded.settled;
  for (const auto& [spelling, record] : record_of_) {
    if (record_at(record).failure && std::ranges::find(settled_before_, record) == settled_before_.end()) {
      settled_before_.push_back(record);  // what a recording has nothing of
    }
  }
  screened_ = folded.screened;
  earlier_ = folded.provenance;
}

double Run::elapsed_s() const { return seconds_since(started_); }

bool Run::broken_off() const {
  return error_ || outcome_.stopped == StopReason::interrupted || outcome_.stopped == StopReason::device_lost ||
         outcome_.stopped == StopReason::not_kept;
}

bool Run::stopping() {
  if (stop_.stop_requested() && outcome_.stopped == StopReason::complete) {
    outcome_.stopped = StopReason::interrupted;
    outcome_.stop_detail = "interrupted";
  }
  return broken_off();
}

bool Run::out_of_budget() const {
  const Budget& budget = options_.budget;
  return (budget.seconds && elapsed_s() + final_estimate_s() >= *budget.seconds) ||
         (budget.trials && measured_ >= *budget.trials);
}

bool Run::all_done() const {
  return std::ranges::all_of(progress_.families, [](const Progress::Family& f) { return f.done == f.total; });
}

Progress::Family& Run::family(int record) {
  return progress_.families[family_of_.at(outcome_.records[static_cast<size_t>(record)].variant.kernel)];
}

// --- The screen ---------------------------------------------------------------------------------------

bool Run::open_session() {
  if (session_ != nullptr || broken_off()) {
    return session_ != nullptr && !broken_off();
  }
  const Stopwatch watch(outcome_.spent.open_s);
  auto session =
      check_memory(device_, outcome_.workload).and_then([&] { return device_.open(outcome_.workload, options_.seed); });
  if (!session) {
    if (!stopping()) {
      error_ = session.error();
    }
    return false;
  }
  session_ = *std::move(session);
  if (const RoundsEnd end = rounds_.warm_up(*session_, stop_);
      end.kind == RoundsEnd::Kind::device_lost && !stopping()) {
    lose("the copy failed before the first variant was measured: " + end.failure.what);
    return false;
  }
  return true;
}

void Run::search() {
  recall();
  report(Progress::Stage::compile);
  while (!stopping()) {
    if (out_of_budget()) {
      if (!all_done()) {
        outcome_.stopped = StopReason::budget;
        outcome_.stop_detail = "the budget is spent";
      }
      break;
    }
    ask_for_more();
    take_steps();
    if (strategy_done_) {
      outcome_.search_ended = strategy_.why_done();
      break;
    }
    // Fuller rounds are better rounds; but a device that waits for the compiler measures nothing.
    if (static_cast<int>(pool_.size()) < options_.protocol.round_variants && compiles_.pending() > 0) {
      if (auto done = compiles_.next(pool_.empty() ? kPatience : kFillPatience)) {
        accept(*std::move(done));
        continue;
      }
    }
    if (!pool_.empty()) {
      screen_round();
      take_steps();
    }
  }
  take_steps();
  compiles_.end_guesses();
}

// Whether nothing needs to be done for a record: the journal says how it ended.
bool Run::settled(int record) const {
  return outcome_.records[static_cast<size_t>(record)].failure || screened_.contains(record);
}

// Tells the strategy what the journal knows, so that it need not ask for it, in the order in which it became known:
// what a search does next may depend on what was tried last. The stored winner is tried whatever the strategy is: it
// can only be held against others in the same rounds.
void Run::recall() {
  for (const int record : settled_before_) {
    if (const auto& failure = record_at(record).failure) {
      Progress::Family& of = family(record);
      ++of.done;
      ++of.failed;
      tell(record, *failure);
    } else if (settled(record)) {
      tell_verified(record);
      if (record_at(record).profile) {
        tell(record, Profiled{*record_at(record).profile});
      }
      leave_pool(record);
    }
  }
  if (options_.incumbent) {
    if (const auto it = record_of_.find(to_string(*options_.incumbent)); it != record_of_.end()) {
      try_out(it->second);
    }
  }
}

// Has a variant compiled and screened, unless that is done or under way.
void Run::try_out(int record) {
  if (!settled(record) && asked_.insert(record).second) {
    compiles_.submit(job(record));
  }
}

CompileAhead::Job Run::job(int record) const {
  const Candidate& candidate = candidates_[static_cast<size_t>(record)];
  return {record, candidate.kernel, candidate.variant};
}

void Run::ask_for_more() {
  int room = compiles_.concurrency() + kJobsAhead - compiles_.pending();
  if (options_.budget.trials) {
    room = std::min(room, *options_.budget.trials - measured_ - compiles_.pending() - static_cast<int>(pool_.size()));
  }
  if (room <= 0) {
    return;
  }
  const std::vector<Request> requests = strategy_.ask(static_cast<size_t>(room));
  if (requests.empty() && compiles_.pending() == 0 && pool_.empty()) {
    strategy_done_ = true;  // nothing is under way that it could be waiting for
    return;
  }
  for (const Request& request : requests) {
    const auto it = record_of_.find(to_string(request.variant));
    if (it == record_of_.end()) {
      continue;  // not an admitted candidate of this run
    }
    if (request.want == Request::Want::measure) {
      try_out(it->second);
    } else if (!read_counters(it->second)) {
      return;
    }
  }
  has_news_ = has_news_ || !requests.empty();
  guess();
  if (compiles_.pending() > 0) {
    open_session();  // while the first variants are being compiled
  }
}

// Has compilers that have nothing to do compile what the strategy is likely to ask for: it waits for results where
// these decide what is next, and would find the compilers at the beginning then. Nobody is told of a guess, and nothing
// of it is kept, unless it is asked for.
void Run::guess() {
  size_t most = compiles_.most_guesses();
  if (options_.budget.trials) {
    const int rest = *options_.budget.trials - measured_ - compiles_.pending() - static_cast<int>(pool_.size());
    most = std::min(most, static_cast<size_t>(std::max(0, rest)));
  }
  if (most == 0 || !std::exchange(has_news_, false)) {
    return;
  }
  std::vector<CompileAhead::Job> jobs;
  for (const Variant& variant : strategy_.likely(most)) {
    if (const auto it = record_of_.find(to_string(variant)); it != record_of_.end() && !settled(it->second)) {
      jobs.push_back(job(it->second));
    }
  }
  compiles_.guess(std::move(jobs));
}

void Run::accept(CompileAhead::Done done) {
  Record& record = record_at(done.record);
  if (!done.artifact) {
    fail(done.record, done.artifact.error());
    return;
  }
  const Artifact& artifact = *done.artifact;
  record.compiled = true;
  record.from_cache = artifact.from_cache;
  record.compile_s = artifact.compile_s;
  record.resources = artifact.resources;
  outcome_.spent.compile_s += artifact.compile_s;
  tell(done.record, Compiled{artifact.compile_s, artifact.from_cache});
  keep(TrialCompiled{trial(done.record), artifact.compile_s, artifact.from_cache});
  if (!open_session()) {
    return;
  }
  if (!ready_) {
    ready_ = Clock::now();
  }

  const Stopwatch watch(outcome_.spent.verify_s);
  const auto handle = session_->load(artifact);
  if (!handle) {
    fail(done.record, handle.error());
    return;
  }
  if (const auto resources = session_->resources(*handle); !resources.empty()) {
    record.resources = resources;
  }
  const Candidate& candidate = candidates_[static_cast<size_t>(done.record)];
  record.bytes_in_flight_per_sm = resident_bytes_in_flight(*candidate.kernel, candidate.variant, outcome_.workload,
                                                           outcome_.device.chip, record.resources);
  if (const auto verified = session_->verify(*handle); !verified) {
    session_->unload(*handle);
    fail(done.record, verified.error());
    return;
  }
  record.verified = true;
  handles_[done.record] = *handle;
  keep(TrialVerified{trial(done.record), record.resources, record.bytes_in_flight_per_sm});
  if (!screened_.contains(done.record)) {
    pool_.push_back({done.record, *handle});
  }
  tell_verified(done.record);
}

// A variant that the journal knows, for rounds or counters that it does not.
bool Run::load(int record) {
  if (!handles_.contains(record) && !record_at(record).failure) {
    const Candidate& candidate = candidates_[static_cast<size_t>(record)];
    accept({record, compiler_.compile(*candidate.kernel, outcome_.workload, candidate.variant, outcome_.device.chip)});
  }
  return handles_.contains(record) && !record_at(record).failure;
}

void Run::screen_round() {
  const size_t size = std::min(pool_.size(), static_cast<size_t>(options_.protocol.round_variants));
  std::vector<Loaded> subjects(pool_.begin(), pool_.begin() + static_cast<std::ptrdiff_t>(size));
  const size_t kept = outcome_.rounds.size();
  const auto begin = Clock::now();
  if (!take_round(Phase::screen, subjects) || outcome_.rounds.size() == kept) {
    return;
  }
  round_s_ = seconds_since(begin);
  for (const Loaded& item : subjects) {
    if (const auto s = standing(outcome_.rounds, Phase::screen, item.record, options_.protocol)) {
      screened_ratio_[item.record] = s->ratio_to_copy;
    }
  }
  const double race_margin = stats::racing_margin(outcome_.rounds, options_.protocol.race_margin);
  for (const Loaded& item : subjects) {
    if (const auto verdict = judge(item.record, race_margin)) {
      keep(TrialScreened{trial(item.record), *verdict});
      screened_.insert(item.record);
      std::erase_if(pool_, [&](const Loaded& in_pool) { return in_pool.record == item.record; });
      leave_pool(item.record);
    }
  }
  report(Progress::Stage::measure);
}

// Whether the sampling of a variant in the screen is over, and why.
std::optional<Verdict> Run::judge(int record, double race_margin) const {
  const Protocol& p = options_.protocol;
  const std::vector<double> ratios = stats::pairs_of(outcome_.rounds, Phase::screen, record).ratio;
  const int last = affordable_rounds(p.screen_looks.back(), p.screen_min_rounds, p.screen_time_s, round_s_);
  const auto leader = std::ranges::max_element(screened_ratio_, {}, [](const auto& of) { return of.second.median; });
  const stats::StoppingRule rule{.looks = {p.screen_looks},
                                 .confidence = p.confidence,
                                 .half_width = p.tight_half_width,
                                 .racing = {std::min(p.race_min_rounds, last), race_margin}};
  switch (stats::judge(ratios, rule, leader->first == record ? std::nullopt : std::optional(leader->second))) {
    case stats::Verdict::no_winner:
      return Verdict::slower;
    case stats::Verdict::tight:
      return Verdict::tight;
    case stats::Verdict::exhausted:
      return Verdict::enough;
    case stats::Verdict::go_on:
      break;
  }
  return std::cmp_greater_equal(ratios.size(), last) ? std::optional(Verdict::enough) : std::nullopt;
}

// A variant's screen is over: in this run, or in an earlier one.
void Run::leave_pool(int record) {
  const auto s = standing(outcome_.rounds, Phase::screen, record, options_.protocol);
  if (!s) {
    return;
  }
  screened_ratio_[record] = s->ratio_to_copy;
  ++measured_;
  Progress::Family& of = family(record);
  ++of.done;
  if (!of.best_ratio || s->ratio_to_copy.median > *of.best_ratio) {
    of.best_ratio = s->ratio_to_copy.median;
    of.best_time_ns = s->time_ns.median;
  }
  tell_measured(record, Phase::screen);
}

bool Run::take_round(Phase phase, std::vector<Loaded>& subjects) {
  const Stopwatch watch(outcome_.spent.measure_s);
  const auto begin = Clock::now();
  RoundsEnd end = rounds_.take(*session_, phase, subjects, stop_);
  if (!end.round.samples.empty()) {
    untimed_s_ = untimed_s(end.round, seconds_since(begin));
  }
  switch (end.kind) {
    case RoundsEnd::Kind::complete:
    case RoundsEnd::Kind::discarded: {
      RoundTaken taken{.round = end.round, .trials = {}, .discarded = end.reason};
      std::map<int, int> index_of;
      for (Sample& sample : taken.round.samples) {
        if (sample.subject != kCopy) {
          const auto [it, added] = index_of.emplace(sample.subject, static_cast<int>(taken.trials.size()));
          if (added) {
            taken.trials.push_back(trial(sample.subject));
          }
          sample.subject = it->second;
        }
      }
      keep(std::move(taken));
      if (end.kind == RoundsEnd::Kind::complete) {
        outcome_.rounds.push_back(std::move(end.round));
      } else {
        ++outcome_.discarded_rounds;
        outcome_.disturbance = std::move(end.reason);
      }
      return !stopping();
    }
    case RoundsEnd::Kind::stopped:
      return !stopping();
    case RoundsEnd::Kind::variant_failed:
      fail(end.record, end.failure);
      for (std::vector<Loaded>* in : {&subjects, &pool_}) {
        std::erase_if(*in, [&](const Loaded& item) { return item.record == end.record; });
      }
      return !stopping();
    case RoundsEnd::Kind::device_lost:
      if (stopping()) {
        return false;
      }
      if (end.record >= 0) {
        fail(end.record, end.failure);  // which names it as what the device was lost with
      } else {
        lose(end.failure.what);
      }
      return false;
  }
  return false;
}

// --- The final ----------------------------------------------------------------------------------------

std::vector<Standing> Run::standings(Phase phase) const { return scantune::standings(outcome_, phase); }

bool Run::is_baseline(int record) const { return candidates_[static_cast<size_t>(record)].kernel->baseline; }

std::optional<int> Run::best_baseline(const std::vector<Standing>& standings) const {
  const auto it = std::ranges::find_if(standings, [&](const Standing& s) { return is_baseline(s.record); });
  return it == standings.end() ? std::nullopt : std::optional(it->record);
}

// The best of the screen, and beside them the baseline's best and the stored winner.
std::vector<int> Run::finalists() const {
  const std::vector<Standing> screened = standings(Phase::screen);
  std::vector<int> chosen;
  const auto add = [&](std::optional<int> record) {
    if (record && std::ranges::find(chosen, *record) == chosen.end()) {
      chosen.push_back(*record);
    }
  };
  for (const Standing& s : screened) {
    if (static_cast<int>(chosen.size()) < options_.protocol.final_variants) {
      add(s.record);
    }
  }
  add(best_baseline(screened));
  if (options_.incumbent) {
    const auto it = std::ranges::find_if(screened, [&](const Standing& s) {
      return outcome_.records[static_cast<size_t>(s.record)].variant == *options_.incumbent;
    });
    add(it == screened.end() ? std::nullopt : std::optional(it->record));
  }
  return chosen;
}

// What a round of the final will take: from the screen's times of those that would be in it, those of the copies, and
// what it takes to prepare each sample.
double Run::final_round_s(const std::vector<int>& finalists) const {
  if (finalists.empty()) {
    return 0;
  }
  double runs_ns =
      outcome_.rounds.empty() ? 0 : options_.protocol.round_copies * stats::mean_copy_ns(outcome_.rounds.back());
  for (const int record : finalists) {
    runs_ns += standing(outcome_.rounds, Phase::screen, record, options_.protocol)->time_ns.median;
  }
  const double samples = static_cast<double>(finalists.size()) + options_.protocol.round_copies;
  return runs_ns * rounds_.runs() * 1e-9 + samples * untimed_s_;
}

double Run::final_estimate_s() const {
  const double round_s = final_round_s(finalists());
  return round_s * final_size(round_s);
}

// Its size is settled before the first of its rounds.
int Run::final_size(double round_s) const {
  const Protocol& p = options_.protocol;
  return affordable_rounds(p.final_rounds, p.final_min_rounds, p.final_time_s, round_s);
}

void Run::final() {
  std::vector<int> chosen = finalists();
  if (chosen.empty() || stopping()) {
    return;
  }
  const int size = final_size(final_round_s(chosen));
  const auto taken = [&] {
    return static_cast<int>(std::ranges::count_if(outcome_.rounds, [&](const Round& round) {
      return round.phase == Phase::final &&
             std::ranges::all_of(chosen, [&](int record) { return contains(round, record); });
    }));
  };
  report(Progress::Stage::final);
  std::vector<Loaded> subjects;
  if (taken() < size) {
    for (const int record : chosen) {
      if (load(record)) {
        subjects.push_back({record, handles_.at(record)});
      }
      if (stopping()) {
        return;
      }
    }
  }
  while (!chosen.empty() && taken() < size) {
    const auto failed = std::erase_if(chosen, [&](int record) { return record_at(record).failure.has_value(); });
    if (failed > 0) {
      continue;
    }
    if (!take_round(Phase::final, subjects)) {
      return;  // cut short: not of the size settled on, so the screen decides
    }
    report(Progress::Stage::final);
  }
  final_held_ = !chosen.empty();
  for (const int record : chosen) {
    tell_measured(record, Phase::final);
  }
}

void Run::conclude() {
  scantune::conclude(outcome_, {.final_held = final_held_,
                                .is_baseline = [this](int record) { return is_baseline(record); },
                                .incumbent = options_.incumbent});
}

// --- Counters -----------------------------------------------------------------------------------------

void Run::profile() {
  if (options_.metrics.empty() || !outcome_.winner || stopping()) {
    return;
  }
  std::vector<int> chosen;
  for (const Standing& s : outcome_.ranking) {
    if (static_cast<int>(chosen.size()) < options_.profiled) {
      chosen.push_back(s.record);
    }
  }
  if (outcome_.baseline && std::ranges::find(chosen, *outcome_.baseline) == chosen.end()) {
    chosen.push_back(*outcome_.baseline);
  }
  report(Progress::Stage::profile);
  for (const int record : chosen) {
    if (stopping()) {
      return;
    }
    if (!answers(record_at(record).profile, options_.metrics) && !read_counters(record)) {
      return;
    }
  }
}

// Where no counters are asked for, or can be read, whoever waits for them is told so.
bool Run::read_counters(int record) {
  if (answers(record_at(record).profile, options_.metrics) || options_.metrics.empty() || !load(record)) {
    tell(record, Profiled{record_at(record).profile.value_or(Profile{})});
    return !stopping();
  }
  const Stopwatch watch(outcome_.spent.profile_s);
  auto profile = session_->profile(handles_.at(record), options_.metrics);
  if (!profile) {
    // What was timed stands; only a device that is gone ends the run.
    if (profile.error().kind == FailureKind::device && stopping()) {
      return false;
    }
    if (profile.error().kind == FailureKind::device) {
      lose(profile.error().what);
    }
    tell(record, profile.error());
    return !stopping();
  }
  record_at(record).profile = *profile;
  keep(TrialProfiled{trial(record), *profile});
  tell(record, Profiled{*std::move(profile)});
  return true;
}

// --- What is kept and told ----------------------------------------------------------------------------

void Run::keep(JournalWhat what) {
  if (!options_.keep || outcome_.stopped == StopReason::not_kept) {
    return;
  }
  std::vector<JournalWhat> events;
  if (!began_) {
    began_ = true;
    events.emplace_back(
        RunBegan{.context = {outcome_.workload, outcome_.device.chip, outcome_.device.driver, options_.protocol},
                 .provenance = outcome_.provenance,
                 .seed = options_.seed,
                 .fresh = options_.fresh});
  }
  events.push_back(std::move(what));
  for (JournalWhat& event : events) {
    if (const auto kept = options_.keep({context_, std::move(event)}); !kept) {
      outcome_.stopped = StopReason::not_kept;
      outcome_.stop_detail = kept.error().message;
      return;
    }
  }
}

void Run::end() {
  TimeSpent& spent = outcome_.spent;
  spent.total_s = elapsed_s();
  spent.unasked_s = compiles_.unasked_s();
  spent.ready_s = ready_ ? seconds_since(*ready_) : 0;
  spent.idle_s = std::max(0.0, spent.total_s - spent.open_s - spent.verify_s - spent.measure_s - spent.profile_s);
  if (began_) {
    keep(RunEnded{.reason = outcome_.stopped,
                  .winner = outcome_.winner ? to_string(trial(*outcome_.winner).variant) : std::string(),
                  .spent = spent});
  } else if (earlier_) {
    outcome_.provenance = *earlier_;  // nothing was measured now
  }
}

void Run::fail(int record, Failure failure) {
  if (failure.kind == FailureKind::device && stopping()) {
    return;  // what was asked to stop has stopped: nobody's fault
  }
  Record& r = record_at(record);
  r.failure = failure;
  Progress::Family& of = family(record);
  ++of.done;
  ++of.failed;
  if (failure.kind == FailureKind::device) {
    lose(to_string(r.variant) + ": " + failure.what);
  }
  keep(TrialFailed{trial(record), failure});
  tell(record, std::move(failure));
}

void Run::lose(const std::string& what) {
  outcome_.stopped = StopReason::device_lost;
  outcome_.stop_detail = what;
}

void Run::tell(int record, What what) {
  const Event event{outcome_.records[static_cast<size_t>(record)].variant, std::move(what)};
  has_news_ = true;
  strategy_.tell(event);
  observer_.event(event);
}

void Run::tell_verified(int record) {
  const Record& r = record_at(record);
  tell(record, Verified{r.resources, r.bytes_in_flight_per_sm});
}

// What the strategy says of itself, where it says something.
void Run::take_steps() {
  for (SearchStep& step : strategy_.take_steps()) {
    step.number = static_cast<int>(outcome_.steps.size()) + 1;
    keep(SearchStepped{step});
    observer_.step(step);
    outcome_.steps.push_back(std::move(step));
  }
}

void Run::tell_measured(int record, Phase phase) {
  if (const auto s = standing(outcome_.rounds, phase, record, options_.protocol)) {
    tell(record, Measured{phase, s->time_ns, s->ratio_to_copy});
  }
}

void Run::report(Progress::Stage stage) {
  progress_.stage = stage;
  int total = 0;
  int done = 0;
  for (const Progress::Family& family : progress_.families) {
    total += family.total;
    done += family.done;
  }
  if (options_.budget.trials) {
    total = std::min(total, *options_.budget.trials);
  }
  progress_.eta_s.reset();
  if (stage == Progress::Stage::measure && done > 0) {
    double rest_s = elapsed_s() / done * std::max(0, total - done) + final_estimate_s();
    if (options_.budget.seconds) {
      rest_s = std::min(rest_s, std::max(0.0, *options_.budget.seconds - elapsed_s()));
    }
    progress_.eta_s = rest_s;
  }
  observer_.progress(progress_);
}

}  // namespace scantune
