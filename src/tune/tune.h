// The tuning loop: strategy -> session -> outcome. Knows no device; tested with a mock.
//
// Variants are compiled ahead on the compiler's threads while the session verifies those that are
// ready; verified variants are measured in rounds interleaved with the copy; the best meet in a
// final of fixed size; the best of that are profiled. docs/measuring.md gives the reasons.
#pragma once

#include <functional>
#include <optional>
#include <stop_token>
#include <string>
#include <vector>

#include "catalog/catalog.h"
#include "core/event.h"
#include "core/journal.h"
#include "core/outcome.h"
#include "device/device.h"
#include "strategy/strategy.h"
#include "tune/history.h"

namespace scantune {

// The end of a search by effort. Both unset: the strategy decides.
struct Budget {
  std::optional<double> seconds;
  std::optional<int> trials;  // variants measured
};

struct TuneOptions {
  Protocol protocol;
  Budget budget;
  std::vector<std::string> metrics;  // requested counters; empty: none are read
  int profiled = 5;                  // best variants profiled, besides the baseline's best
  bool search_only = false;          // neither the final nor counters: others search, too (tune/together.h)
  uint64_t seed = 1;

  History history;                   // what earlier runs of the same context have left
  bool fresh = false;                // written to the journal: what came before this run is not to be used again
  std::optional<Variant> incumbent;  // the stored winner: it stays unless another is faster by more than noise

  // Keeps an event before the next thing is done. An error ends the run: what cannot be kept is not
  // worth measuring. Empty: nothing is kept.
  std::function<Expected<void>(const JournalEvent&)> keep;
};

// How far a run is. Counts are of variants.
struct Progress {
  enum class Stage { compile, measure, final, profile };

  struct Family {
    std::string kernel;
    int total = 0;  // admitted variants
    int done = 0;   // measured in the screen, or failed
    int failed = 0;
    std::optional<double> best_time_ns;
    std::optional<double> best_ratio;
  };

  Stage stage = Stage::compile;
  std::vector<Family> families;
  std::optional<double> eta_s;  // to the end of the run
};

class Observer {
 public:
  virtual ~Observer() = default;

  virtual void event(const Event& /*event*/) {}
  virtual void progress(const Progress& /*progress*/) {}
  virtual void step(const SearchStep& /*step*/) {}
};

// Tunes one workload. Candidates that break a constraint become failed records and are not
// compiled. The outcome is complete as far as it goes when the run is interrupted, runs out of
// budget, loses its device or can no longer keep its events (Outcome::stopped says which); an error
// means that nothing could be started. `provenance` needs tool_version, host and time filled in; the rest is added
// here.
Expected<Outcome> tune(Device& device, Compiler& compiler, const Workload& workload,
                       const std::vector<Candidate>& candidates, Strategy& strategy, const TuneOptions& options,
                       Provenance provenance, Observer& observer, std::stop_token stop);

}  // namespace scantune
