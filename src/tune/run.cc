#include "tune/run.h"

#include <algorithm>
#include <utility>

#include "stats/stats.h"

namespace scantune {
namespace {

// Compile jobs kept in flight beyond the compiler's threads, so that none of them waits for us.
constexpr int kJobsAhead = 8;
// How long to wait for a compile before looking at the stop token again.
constexpr std::chrono::milliseconds kPatience{50};

class Stopwatch {
 public:
  explicit Stopwatch(double& total_s) : total_s_(total_s) {}
  ~Stopwatch() { total_s_ += std::chrono::duration<double>(std::chrono::steady_clock::now() - started_).count(); }
  Stopwatch(const Stopwatch&) = delete;
  Stopwatch& operator=(const Stopwatch&) = delete;

 private:
  double& total_s_;
  std::chrono::steady_clock::time_point started_ = std::chrono::steady_clock::now();
};

int64_t in_flight_per_sm(const Candidate& candidate, const Workload& workload, const Chip& chip,
                         const std::vector<EntryResources>& resources) {
  if (candidate.kernel->estimate == nullptr || resources.empty()) {
    return 0;
  }
  int blocks = resources.front().blocks_per_sm;
  for (const EntryResources& entry : resources) {
    blocks = std::min(blocks, entry.blocks_per_sm);
  }
  return blocks * candidate.kernel->estimate(candidate.variant, workload, chip).bytes_in_flight_per_block;
}

}  // namespace

Run::Run(Session& session, Compiler& compiler, const std::vector<Candidate>& candidates, Strategy& strategy,
         const TuneOptions& options, Outcome& outcome, Observer& observer, std::stop_token stop)
    : session_(session),
      candidates_(candidates),
      strategy_(strategy),
      options_(options),
      outcome_(outcome),
      observer_(observer),
      stop_(std::move(stop)),
      rounds_(session, outcome.workload, options.protocol, options.seed),
      compiles_(compiler, outcome.workload, outcome.device.chip) {
  for (const Candidate& candidate : candidates) {
    Record record;
    record.variant = candidate.variant;
    if (!candidate.broken.empty()) {
      record.failure = Failure{FailureKind::constraint, candidate.broken};
    } else {
      const std::string& kernel = candidate.variant.kernel;
      const auto [family, added] = family_of_.emplace(kernel, progress_.families.size());
      if (added) {
        progress_.families.push_back({kernel, 0, 0, 0, {}, {}});
      }
      ++progress_.families[family->second].total;
      record_of_[to_string(candidate.variant)] = static_cast<int>(outcome.records.size());
    }
    outcome.records.push_back(std::move(record));
  }
}

double Run::elapsed_s() const { return std::chrono::duration<double>(Clock::now() - started_).count(); }

bool Run::stopping() {
  if (stop_.stop_requested() && outcome_.stopped == StopReason::complete) {
    outcome_.stopped = StopReason::interrupted;
    outcome_.stop_detail = "interrupted";
  }
  return outcome_.stopped == StopReason::interrupted || lost();
}

bool Run::out_of_budget() const {
  const Budget& budget = options_.budget;
  return (budget.seconds && elapsed_s() + final_estimate_s() >= *budget.seconds) ||
         (budget.trials && measured_ >= *budget.trials);
}

bool Run::all_done() const {
  return std::ranges::all_of(progress_.families, [](const Progress::Family& f) { return f.done == f.total; });
}

// What the final will take, from the screen's times of those that would be in it.
double Run::final_estimate_s() const {
  double round_s = 0;
  for (const Loaded& finalist : finalists()) {
    if (const auto s = standing(outcome_.rounds, Phase::screen, finalist.record, options_.protocol.confidence)) {
      round_s += s->time_ns.median * 1e-9;
    }
  }
  const Protocol& p = options_.protocol;
  return round_s * affordable_rounds(p.final_rounds, p.final_min_rounds, p.final_time_s, round_s);
}

void Run::search() {
  if (rounds_.warm_up(stop_).kind == RoundsEnd::Kind::device_lost) {
    lose("the copy failed before the first variant was measured");
    return;
  }
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
    if (strategy_done_) {
      break;
    }
    const bool full = static_cast<int>(ready_.size()) >= options_.protocol.round_variants;
    if (full || (compiles_.pending() == 0 && !ready_.empty())) {
      screen_batch();
    } else if (auto done = compiles_.next(kPatience)) {
      accept(*std::move(done));
    }
  }
}

void Run::ask_for_more() {
  int room = compiles_.concurrency() + kJobsAhead - compiles_.pending();
  if (options_.budget.trials) {
    room = std::min(room, *options_.budget.trials - measured_ - compiles_.pending() - static_cast<int>(ready_.size()));
  }
  if (room <= 0) {
    return;
  }
  const std::vector<Request> requests = strategy_.ask(static_cast<size_t>(room));
  if (requests.empty() && compiles_.pending() == 0 && ready_.empty()) {
    strategy_done_ = true;  // nothing is under way that it could be waiting for
  }
  for (const Request& request : requests) {
    const auto it = record_of_.find(to_string(request.variant));
    if (it == record_of_.end()) {
      continue;  // not an admitted candidate of this run
    }
    compiles_.submit({it->second, candidates_[static_cast<size_t>(it->second)].kernel, request.variant});
  }
}

void Run::accept(CompileAhead::Done done) {
  Record& record = outcome_.records[static_cast<size_t>(done.record)];
  if (!done.artifact) {
    fail(done.record, done.artifact.error());
    return;
  }
  const Artifact& artifact = *done.artifact;
  record.compiled = true;
  record.from_cache = artifact.from_cache;
  record.compile_s = artifact.compile_s;
  record.resources = artifact.resources;
  record.source_digest = artifact.source_digest;
  outcome_.spent.compile_s += artifact.compile_s;
  tell(done.record, Compiled{artifact.compile_s, artifact.from_cache});

  const Stopwatch watch(outcome_.spent.verify_s);
  const auto handle = session_.load(artifact);
  if (!handle) {
    fail(done.record, handle.error());
    return;
  }
  if (const auto resources = session_.resources(*handle); !resources.empty()) {
    record.resources = resources;
  }
  record.bytes_in_flight_per_sm = in_flight_per_sm(candidates_[static_cast<size_t>(done.record)], outcome_.workload,
                                                   outcome_.device.chip, record.resources);
  if (const auto verified = session_.verify(*handle); !verified) {
    session_.unload(*handle);
    fail(done.record, verified.error());
    return;
  }
  record.verified = true;
  handles_[done.record] = *handle;
  ready_.push_back({done.record, *handle});
  tell(done.record, Verified{});
}

void Run::screen_batch() {
  std::vector<Loaded> batch = std::exchange(ready_, {});
  const Protocol& p = options_.protocol;
  take_rounds(Phase::screen, batch, p.screen_rounds, p.screen_min_rounds, p.screen_time_s);
  for (const Loaded& item : batch) {
    const auto s = standing(outcome_.rounds, Phase::screen, item.record, p.confidence);
    if (!s) {
      continue;
    }
    ++measured_;
    Progress::Family& family =
        progress_.families[family_of_.at(outcome_.records[static_cast<size_t>(item.record)].variant.kernel)];
    ++family.done;
    if (!family.best_ratio || s->ratio_to_copy.median > *family.best_ratio) {
      family.best_ratio = s->ratio_to_copy.median;
      family.best_time_ns = s->time_ns.median;
    }
    tell_measured(item.record, Phase::screen);
  }
  report(Progress::Stage::measure);
}

// Takes rounds of a batch; a variant that fails leaves it and the round is taken again. The number
// of rounds follows from the time of the first. False when the run must end.
bool Run::take_rounds(Phase phase, std::vector<Loaded>& batch, int wanted, int minimum, double time_s) {
  const Stopwatch watch(outcome_.spent.measure_s);
  int rounds = wanted;
  for (int taken = 0; taken < rounds && !batch.empty();) {
    const auto begin = Clock::now();
    const RoundsEnd end = rounds_.take(phase, batch, outcome_.rounds, stop_);
    switch (end.kind) {
      case RoundsEnd::Kind::complete:
        if (++taken == 1 && phase == Phase::screen) {
          const double round_s = std::chrono::duration<double>(Clock::now() - begin).count();
          rounds = affordable_rounds(wanted, minimum, time_s, round_s);
        }
        if (phase == Phase::final) {
          report(Progress::Stage::final);
        }
        break;
      case RoundsEnd::Kind::stopped:
        return !stopping();
      case RoundsEnd::Kind::variant_failed:
        fail(end.record, end.failure);
        std::erase_if(batch, [&](const Loaded& item) { return item.record == end.record; });
        break;
      case RoundsEnd::Kind::device_lost:
        if (end.record >= 0) {
          fail(end.record, end.failure);
          lose(to_string(outcome_.records[static_cast<size_t>(end.record)].variant) + ": " + end.failure.what);
        } else {
          lose(end.failure.what);
        }
        return false;
    }
  }
  return !stopping();
}

std::vector<Standing> Run::standings(Phase phase) const {
  std::vector<Standing> all;
  for (const auto& [record, handle] : handles_) {
    if (outcome_.records[static_cast<size_t>(record)].failure) {
      continue;
    }
    if (auto s = standing(outcome_.rounds, phase, record, options_.protocol.confidence)) {
      all.push_back(*s);
    }
  }
  rank(all, outcome_.records);
  return all;
}

bool Run::is_baseline(int record) const { return candidates_[static_cast<size_t>(record)].kernel->baseline; }

std::optional<int> Run::best_baseline(const std::vector<Standing>& standings) const {
  const auto it = std::ranges::find_if(standings, [&](const Standing& s) { return is_baseline(s.record); });
  return it == standings.end() ? std::nullopt : std::optional(it->record);
}

// The best of the screen, and the baseline's best beside them.
std::vector<Loaded> Run::finalists() const {
  const std::vector<Standing> screened = standings(Phase::screen);
  std::vector<Loaded> chosen;
  for (const Standing& s : screened) {
    if (static_cast<int>(chosen.size()) < options_.protocol.final_variants) {
      chosen.push_back({s.record, handles_.at(s.record)});
    }
  }
  if (const auto baseline = best_baseline(screened);
      baseline && std::ranges::find(chosen, *baseline, &Loaded::record) == chosen.end()) {
    chosen.push_back({*baseline, handles_.at(*baseline)});
  }
  return chosen;
}

void Run::final() {
  std::vector<Loaded> chosen = finalists();
  if (chosen.empty() || stopping()) {
    return;
  }
  // Its size is settled before the first of its rounds, from the screen's times.
  const Protocol& p = options_.protocol;
  double round_s = 0;
  for (const Loaded& item : chosen) {
    round_s += standing(outcome_.rounds, Phase::screen, item.record, p.confidence)->time_ns.median * 1e-9;
  }
  const int rounds = affordable_rounds(p.final_rounds, p.final_min_rounds, p.final_time_s, round_s);
  report(Progress::Stage::final);
  if (!take_rounds(Phase::final, chosen, rounds, rounds, p.final_time_s)) {
    return;  // cut short: not of the size settled on, so the screen decides
  }
  final_held_ = true;
  for (const Loaded& item : chosen) {
    tell_measured(item.record, Phase::final);
  }
}

void Run::conclude() {
  const std::vector<Standing> finals = final_held_ ? standings(Phase::final) : std::vector<Standing>{};
  const std::vector<Standing> screened = standings(Phase::screen);
  outcome_.ranking = finals;
  for (const Standing& s : screened) {
    if (std::ranges::find(finals, s.record, &Standing::record) == finals.end()) {
      outcome_.ranking.push_back(s);
    }
  }
  if (outcome_.ranking.empty()) {
    return;
  }
  const Standing& best = outcome_.ranking.front();
  outcome_.winner = best.record;
  outcome_.equivalents = equivalents_of(best.record, outcome_.ranking, outcome_.rounds, best.phase, options_.protocol);
  outcome_.baseline = best_baseline(outcome_.ranking);
  outcome_.copy_time_ns = standing(outcome_.rounds, best.phase, kCopy, options_.protocol.confidence)->time_ns;
}

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
  const Stopwatch watch(outcome_.spent.profile_s);
  for (const int record : chosen) {
    if (stopping()) {
      return;
    }
    auto profile = session_.profile(handles_.at(record), options_.metrics);
    if (!profile) {
      // What was timed stands; only a device that is gone ends the run.
      if (profile.error().kind == FailureKind::device) {
        lose(profile.error().what);
      }
      tell(record, profile.error());
      continue;
    }
    outcome_.records[static_cast<size_t>(record)].profile = *profile;
    tell(record, Profiled{*std::move(profile)});
  }
}

void Run::fail(int record, Failure failure) {
  Record& r = outcome_.records[static_cast<size_t>(record)];
  r.failure = failure;
  Progress::Family& family = progress_.families[family_of_.at(r.variant.kernel)];
  ++family.done;
  ++family.failed;
  if (failure.kind == FailureKind::device) {
    lose(to_string(r.variant) + ": " + failure.what);
  }
  tell(record, std::move(failure));
}

void Run::lose(const std::string& what) {
  outcome_.stopped = StopReason::device_lost;
  outcome_.stop_detail = what;
}

void Run::tell(int record, What what) {
  const Event event{outcome_.records[static_cast<size_t>(record)].variant, std::move(what)};
  strategy_.tell(event);
  observer_.event(event);
}

void Run::tell_measured(int record, Phase phase) {
  if (const auto s = standing(outcome_.rounds, phase, record, options_.protocol.confidence)) {
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
