// The journal's values: everything that happened to trials, in the order it happened. A journal is
// a list of these; an Outcome is the fold of those of one context.
#pragma once

#include <array>
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

  bool operator==(const Context&) const = default;
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

  bool operator==(const RunBegan&) const = default;
};

struct TrialCompiled {
  Trial trial;
  double seconds = 0;
  bool from_cache = false;

  bool operator==(const TrialCompiled&) const = default;
};

// Verified on the device in every element; `resources` as the device has them.
struct TrialVerified {
  Trial trial;
  std::vector<EntryResources> resources;
  int64_t bytes_in_flight_per_sm = 0;

  bool operator==(const TrialVerified&) const = default;
};

// A round as taken. Subjects of the samples are indices into `trials`, or kCopy.
struct RoundTaken {
  Round round;
  std::vector<Trial> trials;
  std::string discarded;  // why the round does not count; empty where it does
  std::string uuid = {};  // of the GPU that took it, where a run has several; else empty: the run's own

  bool operator==(const RoundTaken&) const = default;
};

// Why the sampling of a variant in the screen ended.
enum class Verdict { slower, tight, enough };

std::string_view name(Verdict verdict);

// The screen of a trial is over: it needs no more rounds.
struct TrialScreened {
  Trial trial;
  Verdict verdict = Verdict::enough;

  bool operator==(const TrialScreened&) const = default;
};

struct TrialProfiled {
  Trial trial;
  Profile profile;

  bool operator==(const TrialProfiled&) const = default;
};

struct TrialFailed {
  Trial trial;
  Failure failure;

  bool operator==(const TrialFailed&) const = default;
};

// A step of a search that says why (--strategy guided), with what came of it.
struct SearchStepped {
  SearchStep step;

  bool operator==(const SearchStepped&) const = default;
};

// A run ended. `winner` is the spelled variant, empty where there is none.
struct RunEnded {
  StopReason reason = StopReason::complete;
  std::string winner;
  TimeSpent spent;

  bool operator==(const RunEnded&) const = default;
};

using JournalWhat = std::variant<RunBegan, TrialCompiled, TrialVerified, RoundTaken, TrialScreened, TrialProfiled,
                                 TrialFailed, RunEnded, SearchStepped>;

// What happened, as a word in files and on the command line: the alternatives of JournalWhat, in order.
enum class EventKind : uint8_t { run_began, compiled, verified, round, screened, profiled, failed, run_ended, step };

inline constexpr std::array<EventKind, std::variant_size_v<JournalWhat>> kAllEventKinds = {
    EventKind::run_began, EventKind::compiled, EventKind::verified,  EventKind::round, EventKind::screened,
    EventKind::profiled,  EventKind::failed,   EventKind::run_ended, EventKind::step};

std::string_view name(EventKind kind);
EventKind kind_of(const JournalWhat& what);

struct JournalEvent {
  std::string context;  // digest(Context)
  JournalWhat what;

  bool operator==(const JournalEvent&) const = default;
};

// A line of a journal that cannot be used, and is skipped.
struct JournalDamage {
  size_t line = 0;  // counted from 1
  uint64_t offset = 0;
  uint64_t bytes = 0;  // without its newline
  std::string why;     // "torn: its end is missing"

  bool operator==(const JournalDamage&) const = default;
};

}  // namespace scantune
