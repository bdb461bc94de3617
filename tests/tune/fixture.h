// A run of the tuning loop on the fake device, for tests.
#pragma once

#include <gtest/gtest.h>

#include <algorithm>

#include "fake_device.h"
#include "tune/tune.h"

namespace scantune {

inline Kernel family(std::string name, bool baseline) {
  Kernel kernel;
  kernel.name = std::move(name);
  kernel.baseline = baseline;
  return kernel;
}

// A run of the loop over `fast tile=0..` and `base tile=500..` on the fake device.
class TuneTest : public testing::Test {
 protected:
  void add(const Kernel& kernel, int64_t tile, std::string broken = {}) {
    candidates.push_back({&kernel, Variant{kernel.name, {{"tile", tile}}}, std::move(broken)});
  }

  Expected<Outcome> run() {
    std::vector<Variant> admitted;
    for (const Candidate& candidate : candidates) {
      if (candidate.broken.empty()) {
        admitted.push_back(candidate.variant);
      }
    }
    const auto strategy = exhaustive(admitted);
    FakeCompiler compiler(plan);
    FakeDevice device(plan, log);
    if (!options.keep) {
      options.keep = [this](const JournalEvent& event) -> Expected<void> {
        journal.push_back(event);
        return {};
      };
    }
    return tune(device, compiler, workload, candidates, *strategy, options, provenance, observer,
                plan.stop.get_token());
  }

  static const Record& record_of(const Outcome& outcome, const std::string& variant) {
    return *std::ranges::find_if(outcome.records, [&](const Record& r) { return to_string(r.variant) == variant; });
  }
  static std::string winner_of(const Outcome& outcome) {
    return to_string(outcome.records.at(static_cast<size_t>(outcome.winner.value())).variant);
  }

  struct Listener final : Observer {
    void event(const Event& event) override { events.push_back(event); }
    void progress(const Progress& progress) override { stages.push_back(progress.stage); }
    std::vector<Event> events;
    std::vector<Progress::Stage> stages;
  };

  Kernel fast = family("fast", false);
  Kernel base = family("base", true);
  Workload workload{.shape = Shape{{64, 64}, 1}};
  std::vector<Candidate> candidates;
  TuneOptions options;
  Provenance provenance;
  FakePlan plan;
  FakeLog log;
  std::vector<JournalEvent> journal;  // what the run kept
  Listener observer;
};

}  // namespace scantune
