// The journal's values: everything that happened to trials, in the order it happened. A journal is
// a list of these; an Outcome is the fold of those of one context.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "core/outcome.h"
#include "core/record.h"

namespace scantune {

// A variant as built from what: results are those of the same spelling only where `build` is equal too.
struct Trial {
  Variant variant;
  std::string build;  // digest of all that its artifact is made from: sources, options, entries, compiler

  bool operator==(const Trial&) const = default;
};

// Everything but the trial that a result depends on: workload (as outer x n x inner), chip, driver,
// protocol. Two runs of one context continue each other.
struct Context {
  Workload workload;
  Chip chip;
  std::string driver;
  Protocol protocol;
};

// The key of a context in a journal: 32 hexadecimal digits. Shapes of the same geometry have the same.
std::string digest(const Context& context);

// A run began. With `fresh`, what the journal holds of the context before this is history: it is
// kept, but no longer used.
struct RunBegan {
  Context context;
  Provenance provenance;
  uint64_t seed = 0;
  bool fresh = false;
};

struct TrialCompiled {
  Trial trial;
  double seconds = 0;
  bool from_cache = false;
};

// Verified on the device in every element; `resources` as the device has them.
struct TrialVerified {
  Trial trial;
  std::vector<EntryResources> resources;
  int64_t bytes_in_flight_per_sm = 0;
};

// A round as taken. Subjects of the samples are indices into `trials`, or kCopy.
struct RoundTaken {
  Round round;
  std::vector<Trial> trials;
  std::string discarded;  // why the round does not count; empty where it does
};

// Why the sampling of a variant in the screen ended.
enum class Verdict { slower, tight, enough };

std::string_view name(Verdict verdict);

struct TrialScreened {
  Trial trial;
  Verdict verdict = Verdict::enough;
};

struct TrialProfiled {
  Trial trial;
  Profile profile;
};

struct TrialFailed {
  Trial trial;
  Failure failure;
};

// A run ended. `winner` is the spelled variant, empty where there is none.
struct RunEnded {
  StopReason reason = StopReason::complete;
  std::string winner;
  TimeSpent spent;
};

using JournalWhat = std::variant<RunBegan, TrialCompiled, TrialVerified, RoundTaken, TrialScreened, TrialProfiled,
                                 TrialFailed, RunEnded>;

struct JournalEvent {
  std::string context;  // digest(Context)
  JournalWhat what;
};

}  // namespace scantune
