#include "tune/history.h"

#include <algorithm>
#include <map>
#include <utility>

namespace scantune {
namespace {

// Failures that say more of that moment than of the variant.
bool transient(FailureKind kind) {
  return kind == FailureKind::device || kind == FailureKind::out_of_memory || kind == FailureKind::compile_timeout ||
         kind == FailureKind::not_recorded;
}

std::string key(const Trial& trial) { return to_string(trial.variant) + "\n" + trial.build; }

class Fold {
 public:
  Fold(const std::vector<Trial>& trials, bool retry_failed, Outcome& outcome, History::Folded& folded)
      : retry_failed_(retry_failed), outcome_(outcome), folded_(folded) {
    for (size_t i = 0; i < trials.size(); ++i) {
      if (!trials[i].build.empty()) {
        record_of_[key(trials[i])] = static_cast<int>(i);
      }
    }
  }

  void operator()(const RunBegan& began) { began_ = began.provenance; }
  void operator()(const RunEnded& /*ended*/) {}
  void operator()(const SearchStepped& stepped) { outcome_.steps.push_back(stepped.step); }

  void operator()(const TrialCompiled& compiled) {
    if (Record* record = find(compiled.trial)) {
      record->compiled = true;
      record->compile_s = compiled.seconds;
      record->from_cache = true;
    }
  }
  void operator()(const TrialVerified& verified) {
    if (Record* record = find(verified.trial)) {
      record->verified = true;
      record->failure.reset();
      record->resources = verified.resources;
      record->bytes_in_flight_per_sm = verified.bytes_in_flight_per_sm;
    }
  }
  void operator()(const TrialScreened& screened) {
    if (const auto it = record_of_.find(key(screened.trial)); it != record_of_.end()) {
      folded_.screened.insert(it->second);
      settle(it->second);
    }
  }
  void operator()(const TrialProfiled& profiled) {
    if (Record* record = find(profiled.trial)) {
      record->profile = profiled.profile;
    }
  }
  void operator()(const TrialFailed& failed) {
    Record* record = find(failed.trial);
    if (record != nullptr && !transient(failed.failure.kind) && !retry_failed_) {
      record->failure = failed.failure;
      settle(record_of_.at(key(failed.trial)));
    }
  }
  void operator()(const RoundTaken& taken) {
    if (!taken.discarded.empty()) {
      return;
    }
    Round round{taken.round.phase, {}, taken.round.runs, taken.round.resampled};
    bool any = false;
    for (const Sample& sample : taken.round.samples) {
      int subject = kCopy;
      if (sample.subject != kCopy) {
        const auto it = record_of_.find(key(taken.trials.at(static_cast<size_t>(sample.subject))));
        if (it == record_of_.end()) {
          continue;
        }
        subject = it->second;
        any = true;
      }
      round.samples.push_back({subject, sample.time_ns});
    }
    if (any) {
      outcome_.rounds.push_back(std::move(round));
      outcome_.resumed = true;
      folded_.provenance = began_;
    }
  }

 private:
  void settle(int record) {
    if (std::ranges::find(folded_.settled, record) == folded_.settled.end()) {
      folded_.settled.push_back(record);
    }
  }

  Record* find(const Trial& trial) {
    const auto it = record_of_.find(key(trial));
    return it == record_of_.end() ? nullptr : &outcome_.records[static_cast<size_t>(it->second)];
  }

  bool retry_failed_;
  Outcome& outcome_;
  History::Folded& folded_;
  std::map<std::string, int> record_of_;
  std::optional<Provenance> began_;
};

}  // namespace

History::Folded History::fold(const std::vector<Trial>& trials, Outcome& outcome) const {
  Folded folded;
  Fold fold(trials, retry_failed, outcome, folded);
  for (const JournalEvent& event : events) {
    std::visit(fold, event.what);
  }
  return folded;
}

}  // namespace scantune
