#include "gate/check.h"

#include <algorithm>
#include <chrono>
#include <utility>

#include "catalog/catalog.h"
#include "gate/changes.h"
#include "gate/measure.h"
#include "gate/planted.h"
#include "stats/stats.h"

namespace scantune::gate {
namespace {

constexpr int kNow = 0;
constexpr int kThen = 1;
constexpr double kNoisyCopies = 0.03;  // relative: from here on, what differs between a round's copies is worth saying

std::string percent(double fraction) { return fmt::format("{:.1f}%", 100 * fraction); }
std::string signed_percent(double fraction) { return fmt::format("{:+.1f}%", 100 * fraction); }

// By how much the copies of one round differ, at most, relative.
double copy_disagreement(const std::vector<Round>& rounds) {
  double most = 0;
  for (const Round& round : rounds) {
    const std::vector<double> copies = stats::copies_ns(round);
    if (copies.size() > 1) {
      const auto [fastest, slowest] = std::ranges::minmax(copies);
      most = std::max(most, (slowest - fastest) / slowest);
    }
  }
  return most;
}

// One entry on its way to a verdict.
class EntryRun {
 public:
  EntryRun(Device& device, Compiler& compiler, const BestEntry& entry, const std::optional<Old>& old,
           const CheckOptions& options, const std::stop_token& stop)
      : device_(device),
        compiler_(compiler),
        entry_(entry),
        old_(old),
        options_(options),
        stop_(stop),
        rule_(options.rule),
        result_(inconclusive(entry, "")),
        taker_(entry.workload, device.info().chip.backend, entry.protocol, options.seed) {
    result_.against = old ? CheckedAgainst::bundle : CheckedAgainst::baseline;
    result_.subjects = {"now"};
    const std::vector<double> then = ratios_of_winner(entry);
    if (options.noise && !old && !then.empty()) {
      rule_ = rule_for({options.noise->round_sd, allowance().session_sd}, rule_, static_cast<int>(then.size()));
    }
    confidence_ = look_confidence(rule_);
  }

  EntryCheck run() {
    const auto begin = Clock::now();
    if (std::string why = not_comparable(entry_, device_.info(), options_.rule); !why.empty() && !old_) {
      undecided(std::move(why));
    } else if (old_ && !old_->artifact) {
      undecided(old_->missing);
    } else {
      if (prepare()) {
        measure();
        sum_up();
      }
      explain();
      (void)other_work();
    }
    result_.seconds = seconds_since(begin);
    return std::move(result_);
  }

 private:
  using Clock = std::chrono::steady_clock;
  static double seconds_since(Clock::time_point then) {
    return std::chrono::duration<double>(Clock::now() - then).count();
  }

  // Who else uses the device; asked once.
  const std::string& other_work() {
    if (!asked_) {
      asked_ = true;
      result_.other_work = options_.other_work();
    }
    return result_.other_work;
  }
  // What the machine lacks may be what another process has.
  void undecided_by_machine(std::string why) {
    if (stop_.stop_requested()) {
      undecided("interrupted");
    } else {
      undecided(std::move(why) + (other_work().empty() ? "" : "; " + other_work()));
    }
  }
  void undecided(std::string why) {
    result_.verdict = CheckVerdict::inconclusive;
    result_.why = std::move(why);
  }
  // The variant is at fault, unless it is the device that is gone.
  void failed(const std::string& doing, const Failure& failure) {
    if (is_fault_of_machine(failure)) {
      undecided_by_machine(fmt::format("{}: {}", doing, failure.what));
      return;
    }
    result_.verdict = CheckVerdict::regression;
    result_.why = fmt::format("{}: {}: {}", doing, name(failure.kind), failure.what);
  }

  [[nodiscard]] bool other_gpu() const {
    const std::string& then = entry_.provenance.uuid;
    return !then.empty() && !device_.info().uuid.empty() && then != device_.info().uuid;
  }
  // Of sessions: as measured, or assumed; of the choice of the winner among those that cannot be told apart from it.
  [[nodiscard]] Allowance allowance() const {
    const bool cpu = entry_.chip.backend == Backend::cpu;
    const double assumed = cpu ? kAssumedCpuSd : other_gpu() ? kAssumedOtherGpuSd : kAssumedSessionSd;
    const std::vector<double> then = ratios_of_winner(entry_);
    // What was measured on this GPU says nothing of how another one differs from it.
    const double sessions =
        std::max(options_.noise ? options_.noise->session_sd : assumed, other_gpu() ? kAssumedOtherGpuSd : 0.0);
    return {sessions, selection_of(1 + static_cast<int>(entry_.equivalents.size()), static_cast<int>(then.size()),
                                   spread_of({then}).round_sd)};
  }

  bool prepare();
  bool add(int subject, const Artifact& artifact, const std::string& which);
  bool add_planted(const Kernel& kernel);
  void measure();
  [[nodiscard]] std::optional<Slowdown> slowdown_of(int subject) const;
  bool look(bool last);
  void sum_up();
  void say_why(bool last_look);
  void explain();

  Device& device_;
  Compiler& compiler_;
  const BestEntry& entry_;
  const std::optional<Old>& old_;
  const CheckOptions& options_;
  const std::stop_token& stop_;
  CheckRule rule_;         // with the looks that the noise leaves
  double confidence_ = 0;  // of every look
  bool asked_ = false;     // who else uses the device
  EntryCheck result_;
  RoundTaker taker_;
  std::unique_ptr<Session> session_;
  std::vector<Loaded> subjects_;
  Artifact artifact_;
  Slowdown slowdown_;
  int planted_ = -1;          // its subject
  bool ended_early_ = false;  // by the time limit
  bool decided_ = false;
};

bool EntryRun::prepare() {
  const Contender& winner = entry_.contenders.front();
  options_.progress("compiling");
  auto compiled = compile_stored(compiler_, entry_.workload, winner.variant, device_.info().chip);
  if (!compiled) {
    undecided(compiled.error().message);
    return false;
  }
  result_.source = compiled->source_digest;
  if (!compiled->artifact) {
    failed("it does not compile any more", compiled->artifact.error());
    return false;
  }
  artifact_ = *compiled->artifact;
  options_.progress("generating the input");
  auto session = open_session(device_, entry_.workload, options_.seed);
  if (!session) {
    undecided_by_machine(session.error().message);
    return false;
  }
  session_ = *std::move(session);
  if (const RoundsEnd end = taker_.warm_up(*session_, stop_); end.kind == RoundsEnd::Kind::device_lost) {
    failed("the copy failed", Failure{FailureKind::device, end.failure.what});
    return false;
  }
  options_.progress("verifying");
  if (!add(kNow, artifact_, "it")) {
    return false;
  }
  if (old_) {
    result_.subjects.emplace_back("then");
    if (!add(kThen, *old_->artifact, "the bundle's kernel")) {
      result_.verdict = CheckVerdict::inconclusive;  // the old one at fault is no regression of the new one
      return false;
    }
  }
  return options_.planted <= 0 || add_planted(*compiled->kernel);
}

bool EntryRun::add(int subject, const Artifact& artifact, const std::string& which) {
  const auto handle = session_->load(artifact);
  if (!handle) {
    failed(which + " cannot be loaded", handle.error());
    return false;
  }
  if (const auto verified = session_->verify(*handle); !verified) {
    failed(which + " does not verify any more", verified.error());
    return false;
  }
  subjects_.push_back({subject, *handle});
  return true;
}

bool EntryRun::add_planted(const Kernel& kernel) {
  const auto artifact =
      compiler_.compile(planted_kernel(kernel), entry_.workload,
                        planted_variant(entry_.contenders.front().variant, options_.planted), device_.info().chip);
  if (!artifact) {
    undecided("the planted kernel does not compile: " + artifact.error().what);
    return false;
  }
  planted_ = static_cast<int>(result_.subjects.size());
  if (!add(planted_, *artifact, "the planted kernel")) {
    result_.verdict = CheckVerdict::inconclusive;
    return false;
  }
  result_.subjects.emplace_back("planted");
  result_.planted = PlantedCheck{.extra_traffic = options_.planted, .slowdown = {}, .slowdown_paired = {}};
  return true;
}

std::optional<Slowdown> EntryRun::slowdown_of(int subject) const {
  if (old_) {
    const std::vector<double> factors = stats::paired_speedup(result_.rounds, Phase::final, kThen, subject);
    return factors.empty() ? std::nullopt : std::optional(slowdown_paired(factors, confidence_));
  }
  const std::vector<double> now = stats::pairs_of(result_.rounds, Phase::final, subject).ratio;
  return now.empty() ? std::nullopt
                     : std::optional(slowdown_between(ratios_of_winner(entry_), now, confidence_, allowance()));
}

// Whether all that is looked for is decided.
bool EntryRun::look(bool last) {
  const auto slowdown = slowdown_of(kNow);
  if (!slowdown) {
    return false;
  }
  slowdown_ = *slowdown;
  const auto verdict = decide(slowdown_, rule_, last);
  if (verdict) {
    result_.verdict = *verdict;
  }
  bool all = verdict.has_value();
  if (result_.planted) {
    const Slowdown planted = slowdown_of(planted_).value_or(Slowdown{});
    result_.planted->slowdown = planted.relative;
    const auto of_planted = decide(planted, rule_, last);
    result_.planted->verdict = of_planted.value_or(CheckVerdict::inconclusive);
    all = all && of_planted;
  }
  decided_ = all;
  options_.progress(fmt::format("{} rounds, {} ± {}", result_.rounds.size(), signed_percent(slowdown_.relative.median),
                                percent((slowdown_.relative.high - slowdown_.relative.low) / 2)));
  return all;
}

void EntryRun::measure() {
  const auto begin = Clock::now();
  while (result_.rounds.size() < static_cast<size_t>(rule_.looks.back())) {
    RoundsEnd end = taker_.take(*session_, Phase::final, subjects_, stop_);
    switch (end.kind) {
      case RoundsEnd::Kind::complete:
        result_.rounds.push_back(std::move(end.round));
        break;
      case RoundsEnd::Kind::discarded:
        ++result_.discarded_rounds;
        result_.disturbance = std::move(end.reason);
        break;
      case RoundsEnd::Kind::stopped:
        undecided("interrupted");
        return;
      case RoundsEnd::Kind::variant_failed:
        failed("it failed while it was timed", end.failure);
        if (end.record != kNow) {
          result_.verdict = CheckVerdict::inconclusive;
        }
        return;
      case RoundsEnd::Kind::device_lost:
        failed("the device was lost", Failure{FailureKind::device, end.failure.what});
        return;
    }
    const size_t rounds = result_.rounds.size();
    ended_early_ = seconds_since(begin) >= options_.time_s && rounds > 0;
    const bool last = ended_early_ || std::cmp_greater_equal(rounds, rule_.looks.back());
    const bool complete = end.kind == RoundsEnd::Kind::complete;
    if (((complete && is_look(rule_, rounds)) || last) && look(last)) {
      say_why(last);
      return;
    }
    if (last) {
      say_why(true);
      return;
    }
  }
}

// One line for the verdict that a look has come to.
void EntryRun::say_why(bool last_look) {
  const Interval& by = slowdown_.relative;
  const std::string rounds = fmt::format("after {} rounds", result_.rounds.size());
  const double half = (by.high - by.low) / 2;
  if (result_.verdict == CheckVerdict::pass) {
    result_.why = fmt::format("a slowdown of {} is ruled out", percent(rule_.threshold));
  } else if (result_.verdict == CheckVerdict::regression) {
    result_.why = by.low > rule_.threshold
                      ? fmt::format("slower than the {} allowed", percent(rule_.threshold))
                      : fmt::format("slower, and {} of it cannot be ruled out {}", percent(rule_.threshold), rounds);
  } else if (!slowdown_.reached) {
    undecided_by_machine(fmt::format("too few rounds to say: {} now and {} in the baseline{}", result_.rounds.size(),
                                     ratios_of_winner(entry_).size(), ended_early_ ? "; the time limit was hit" : ""));
  } else if (last_look) {
    std::string why = fmt::format("too noisy: known to ± {} {}, and ± {} is needed", percent(half), rounds,
                                  percent(rule_.threshold / 2));
    if (ended_early_) {
      why += "; the time limit was hit";
    }
    if (!old_ && !options_.noise && entry_.chip.backend == Backend::cpu) {
      why += "; the noise of this machine is assumed: measure it with --aa and --history";
    }
    if (!old_ && other_gpu()) {
      why += "; the baseline is of another GPU of this kind: record one here, or compare with --against";
    }
    if (const double copies = copy_disagreement(result_.rounds); copies >= kNoisyCopies) {
      why += fmt::format("; copies within a round differ by up to {}{}", percent(copies),
                         other_work().empty() ? ": is the device in use?" : "");
    }
    undecided_by_machine(std::move(why));
  }
}

// The figures of the rounds taken, whatever the verdict.
void EntryRun::sum_up() {
  result_.rounds_now = static_cast<int>(result_.rounds.size());
  result_.looks = rule_.looks;
  if (result_.rounds.empty()) {
    return;
  }
  const stats::Pairs pairs = stats::pairs_of(result_.rounds, Phase::final, kNow);
  result_.slowdown = slowdown_.relative;
  result_.ratio_now = stats::median_interval(pairs.ratio, confidence_);
  result_.time_now_ns = stats::median_interval(pairs.time_ns, confidence_);
  result_.copy_now_ns = stats::median_interval(pairs.copy_ns, confidence_);
  result_.resources = session_->resources(subjects_.front().handle);
  if (result_.resources.empty()) {
    result_.resources = artifact_.resources;
  }
  if (old_) {
    const stats::Pairs then = stats::pairs_of(result_.rounds, Phase::final, kThen);
    result_.ratio_then = stats::median_interval(then.ratio, confidence_);
    result_.time_then_ns = stats::median_interval(then.time_ns, confidence_);
    result_.copy_then_ns = result_.copy_now_ns;
    result_.rounds_then = result_.rounds_now;
  } else {
    result_.session_sd = allowance().session_sd;
    result_.session_sd_measured = options_.noise.has_value() && !other_gpu();
  }
  if (result_.planted) {
    const std::vector<double> factors = stats::paired_speedup(result_.rounds, Phase::final, kNow, planted_);
    result_.planted->slowdown_paired = slowdown_paired(factors, confidence_).relative;
  }
}

// Of a regression: what changed. Of a variant that does not compile or run any more there is nothing to compare but
// what it is built and run by.
void EntryRun::explain() {
  if (result_.verdict != CheckVerdict::regression) {
    return;
  }
  const DeviceInfo& info = device_.info();
  Provenance provenance;
  provenance.device = info.id;
  provenance.uuid = info.uuid;
  provenance.driver = info.driver;
  provenance.compiler = info.compiler;
  provenance.source = result_.source;
  if (result_.rounds.empty()) {
    result_.changes = causes_since(entry_, entry_.contenders.front(), provenance);
    return;
  }
  Contender then = entry_.contenders.front();
  const std::vector<std::string> metrics = metrics_of(then.profile);
  if (options_.counters && !metrics.empty() && decided_) {
    options_.progress("reading counters");
    auto profile = session_->profile(subjects_.front().handle, metrics);
    if (profile) {
      result_.profile = *std::move(profile);
    } else {
      result_.counters_reason = "counters were not read: " + profile.error().what;
    }
    // The old kernel under the same driver and clocks says more than what was read of it then.
    if (old_) {
      if (auto of_old = session_->profile(subjects_.at(1).handle, metrics)) {
        then.profile = *std::move(of_old);
      }
    }
  }
  BestEntry before = entry_;
  if (old_) {
    then.time_ns = result_.time_then_ns;
    then.ratio_to_copy = result_.ratio_then;
    before.copy_time_ns = result_.copy_now_ns;
    if (auto resources = session_->resources(subjects_.at(1).handle); !resources.empty()) {
      then.resources = std::move(resources);
    }
  }
  if (result_.counters_reason.empty() && options_.counters) {
    result_.counters_reason = counters_missing(then.profile, result_.profile);
  }
  const Present now{
      .provenance = std::move(provenance),
      .resources = result_.resources,
      .bytes_in_flight_per_sm = bytes_in_flight_per_sm(then.variant, entry_.workload, info.chip, result_.resources),
      .profile = result_.profile,
      .time_ns = result_.time_now_ns,
      .ratio_to_copy = result_.ratio_now,
      .copy_time_ns = result_.copy_now_ns};
  result_.changes = changes_since(before, then, now);
}

}  // namespace

EntryCheck inconclusive(const BestEntry& entry, std::string why) {
  const Contender& winner = entry.contenders.front();
  EntryCheck check;
  check.key = key_of(entry);
  check.workload = entry.workload;
  check.variant = winner.variant;
  check.why = std::move(why);
  check.rounds_then = static_cast<int>(ratios_of_winner(entry).size());
  check.ratio_then = winner.ratio_to_copy;
  check.time_then_ns = winner.time_ns;
  check.copy_then_ns = entry.copy_time_ns;
  check.then = entry.provenance;
  return check;
}

EntryCheck check_entry(Device& device, Compiler& compiler, const BestEntry& entry, const std::optional<Old>& old,
                       const CheckOptions& options, const std::stop_token& stop) {
  return EntryRun(device, compiler, entry, old, options, stop).run();
}

}  // namespace scantune::gate
