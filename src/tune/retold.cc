#include "tune/retold.h"

#include <algorithm>
#include <map>
#include <string>
#include <utility>

#include "catalog/catalog.h"
#include "tune/conclude.h"
#include "tune/history.h"

namespace scantune {
namespace {

// What a journal says of its runs and trials as a whole.
class Told {
 public:
  void operator()(const RunBegan& began) {
    last_run = &began;
    ended = nullptr;
  }
  void operator()(const RunEnded& end) { ended = &end; }
  void operator()(const SearchStepped& /*stepped*/) {}  // told by the history's fold
  void operator()(const RoundTaken& taken) {
    for (const Trial& trial : taken.trials) {
      add(trial);
    }
    if (!taken.discarded.empty()) {
      ++discarded;
      disturbance = taken.discarded;
    } else if (taken.round.phase == Phase::final) {
      final_seen = true;
    }
  }
  template <class Event>
  void operator()(const Event& event) {
    add(event.trial);
  }

  const RunBegan* last_run = nullptr;
  const RunEnded* ended = nullptr;  // the last run's end; null where it was cut short
  std::vector<Trial> trials;        // a variant once, as last built
  int discarded = 0;
  std::string disturbance;
  bool final_seen = false;

 private:
  void add(const Trial& trial) {
    const auto [it, fresh] = index_.try_emplace(to_string(trial.variant), trials.size());
    if (fresh) {
      trials.push_back(trial);
    } else {
      trials[it->second].build = trial.build;
    }
  }

  std::map<std::string, size_t> index_;
};

bool is_baseline(const Variant& variant, Backend backend) {
  const auto kernel = find_kernel(variant.kernel, backend);
  return kernel && (*kernel)->baseline;
}

}  // namespace

std::optional<Outcome> retold(std::vector<JournalEvent> events) {
  Told told;
  for (const JournalEvent& event : events) {
    std::visit(told, event.what);
  }
  if (told.last_run == nullptr) {
    return std::nullopt;
  }
  const RunBegan& run = *told.last_run;
  Outcome outcome;
  outcome.workload = run.context.workload;
  outcome.protocol = run.context.protocol;
  outcome.provenance = run.provenance;
  outcome.seed = run.seed;
  outcome.device.chip = run.context.chip;
  outcome.device.id = run.provenance.device;
  outcome.device.uuid = run.provenance.uuid;
  outcome.device.driver = run.context.driver;
  outcome.device.compiler = run.provenance.compiler;
  outcome.discarded_rounds = told.discarded;
  outcome.disturbance = told.disturbance;
  // A run that has not said how it ended was interrupted, if only by a kill.
  outcome.stopped = told.ended != nullptr ? told.ended->reason : StopReason::interrupted;
  Judging judging{
      .final_held =
          told.final_seen && (outcome.stopped == StopReason::complete || outcome.stopped == StopReason::budget),
      .is_baseline =
          [&](int record) {
            return is_baseline(outcome.records[static_cast<size_t>(record)].variant, outcome.device.chip.backend);
          },
      .incumbent = std::nullopt};
  if (told.ended != nullptr) {
    outcome.spent = told.ended->spent;
    if (const auto winner = parse_variant(told.ended->winner)) {
      judging.incumbent = *winner;  // what the run itself settled on
    }
  }
  for (const Trial& trial : told.trials) {
    outcome.records.emplace_back().variant = trial.variant;
  }
  const std::vector<Trial> trials = std::move(told.trials);
  const History history{std::move(events)};
  (void)history.fold(trials, outcome);
  outcome.resumed = false;
  conclude(outcome, judging);
  outcome.incumbent_stayed = false;  // whether it was stored before is not told
  return outcome;
}

}  // namespace scantune
