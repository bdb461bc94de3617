// Recorded sweeps as subjects: what tests need of a journal of full sweeps with counters.
#pragma once

#include <algorithm>
#include <map>
#include <string>
#include <vector>

#include "catalog/catalog.h"
#include "core/journal.h"
#include "explain/subject.h"
#include "stats/stats.h"
#include "store/journal.h"

namespace scantune {

// Every measured variant of one workload, with counters, resources and ratio.
struct Sweep {
  Workload workload;
  Chip chip;
  std::vector<explain::Subject> variants;  // best first
  std::vector<Candidate> candidates;       // of each variant

  [[nodiscard]] double best() const { return *variants.front().ratio_to_copy; }

  [[nodiscard]] const explain::Subject& at(const std::string& variant) const {
    return *std::ranges::find_if(variants, [&](const explain::Subject& s) { return to_string(s.variant) == variant; });
  }
};

class SweepReader {
 public:
  void operator()(const RunBegan& began) {
    sweep_.workload = began.context.workload;
    sweep_.chip = began.context.chip;
  }
  void operator()(const TrialVerified& verified) {
    explain::Subject& subject = of(verified.trial);
    subject.resources = verified.resources;
    subject.bytes_in_flight_per_sm = verified.bytes_in_flight_per_sm;
  }
  void operator()(const TrialProfiled& profiled) { of(profiled.trial).profile = profiled.profile; }
  void operator()(const RoundTaken& taken) {
    if (!taken.discarded.empty()) {
      return;
    }
    double copies_ns = 0;
    double copies = 0;
    for (const Sample& sample : taken.round.samples) {
      if (sample.subject == kCopy) {
        copies_ns += sample.time_ns;
        ++copies;
      }
    }
    for (const Sample& sample : taken.round.samples) {
      if (sample.subject != kCopy) {
        Samples& samples = samples_[to_string(taken.trials.at(static_cast<size_t>(sample.subject)).variant)];
        if (taken.round.phase == Phase::final && !samples.final) {
          samples = {.final = true, .ratios = {}, .times_ns = {}};
        }
        if (samples.final == (taken.round.phase == Phase::final)) {
          samples.ratios.push_back(copies_ns / copies / sample.time_ns);
          samples.times_ns.push_back(sample.time_ns);
        }
      }
    }
  }
  template <class Other>
  void operator()(const Other& /*event*/) {}

  Sweep take() {
    for (auto& [text, subject] : subjects_) {
      const auto samples = samples_.find(text);
      if (samples == samples_.end() || !subject.profile) {
        continue;
      }
      // Recorded when the family had other parameters.
      const auto kernel = find_kernel(subject.variant.kernel, sweep_.chip.backend);
      if (!kernel || !foreign_parameters(**kernel, subject.variant, sweep_.workload, sweep_.chip).empty()) {
        continue;
      }
      subject.workload = sweep_.workload;
      subject.chip = sweep_.chip;
      subject.ratio_to_copy = stats::median(samples->second.ratios);
      subject.time_ns = stats::median(samples->second.times_ns);
      sweep_.variants.push_back(subject);
    }
    std::ranges::stable_sort(sweep_.variants, std::greater<>{},
                             [](const explain::Subject& s) { return s.ratio_to_copy.value(); });
    for (const explain::Subject& subject : sweep_.variants) {
      sweep_.candidates.push_back(
          {find_kernel(subject.variant.kernel, subject.chip.backend).value(), subject.variant, {}});
    }
    return std::move(sweep_);
  }

 private:
  struct Samples {
    bool final = false;
    std::vector<double> ratios;
    std::vector<double> times_ns;
  };

  explain::Subject& of(const Trial& trial) {
    explain::Subject& subject = subjects_[to_string(trial.variant)];
    subject.variant = trial.variant;
    return subject;
  }

  Sweep sweep_;
  std::map<std::string, explain::Subject> subjects_;
  std::map<std::string, Samples> samples_;
};

// The sweeps of a journal, in the order they began; empty where it cannot be read.
inline std::vector<Sweep> read_sweeps(const std::string& file) {
  auto journal = store::JournalReader::open(file);
  std::vector<Sweep> sweeps;
  if (!journal) {
    return sweeps;
  }
  for (const std::string& context : journal->index().contexts()) {
    SweepReader reader;
    const auto events = journal->events(context);
    for (const JournalEvent& event : *events) {
      std::visit(reader, event.what);
    }
    sweeps.push_back(reader.take());
  }
  return sweeps;
}

// The sweep of a workload, as to_string() writes it.
inline const Sweep& sweep_of(const std::vector<Sweep>& sweeps, const std::string& workload) {
  return *std::ranges::find_if(sweeps, [&](const Sweep& s) { return to_string(s.workload) == workload; });
}

}  // namespace scantune
