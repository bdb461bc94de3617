// What a regression check finds, as values: whether stored winners are as fast as they were, how surely that is known,
// and what changed where they are not. docs/ci.md says how it is decided.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/interval.h"
#include "core/outcome.h"
#include "core/record.h"

namespace scantune {

enum class CheckVerdict { pass, regression, inconclusive };

std::string_view name(CheckVerdict verdict);

// By what it is decided. Its confidence is that of all looks together.
struct CheckRule {
  double threshold = 0.02;                         // relative: the slowdown that is found; less is allowed
  double confidence = 0.99;                        // of the interval, at whichever look the sampling ends
  std::vector<int> looks = {10, 20, 40, 80, 160};  // rounds after which it is decided whether to go on

  bool operator==(const CheckRule&) const = default;
};

// The noise of a machine for one workload, from an A/A run: the same variant measured in several sessions.
struct Noise {
  std::string key;  // of the entry (wire::best_key)
  std::string variant;
  int sessions = 0;
  int rounds = 0;                 // of a session
  double round_sd = 0;            // relative: of the ratio to the copy between rounds of a session
  double session_sd = 0;          // relative: of the ratio's level between sessions, beyond what the rounds explain
  int rounds_needed = 0;          // to decide at the rule's threshold; 0: more than the last look has
  double smallest_threshold = 0;  // relative: that the last look decides
  double flagged = 0;             // share of resampled A/A checks that were called a regression
  double found = 0;               // share of them that were, with a slowdown of the threshold planted
  double inconclusive = 0;        // share of resampled A/A checks that were
  int draws = 0;                  // resampled checks

  bool operator==(const Noise&) const = default;
};

// Something that is not as it was when the baseline was measured.
struct Change {
  std::string what;  // "kernel source", "registers a thread", "dram__bytes_read.sum of row_carry"
  std::string then;
  std::string now;
  std::string text;   // the change in one line, with what it means
  double weight = 0;  // how much of a slowdown it can explain, 0 .. 1; the order of a list of changes

  bool operator==(const Change&) const = default;
};

// A change of level in the history of an entry.
struct LevelChange {
  int runs = 0;        // of the history
  int at = 0;          // the first run after it, counted from 0
  std::string time;    // of that run
  std::string commit;  // of that run; empty where it is not known
  double before = 0;   // median ratio to the copy
  double after = 0;
  double p = 1;  // of such a change by chance

  bool operator==(const LevelChange&) const = default;
};

// A faster variant than the stored one, from --retune.
struct Better {
  Variant variant;
  Interval ratio_to_copy;
  double speedup = 1;  // over the stored variant, measured in the same rounds

  bool operator==(const Better&) const = default;
};

// What a slowdown is relative to.
enum class CheckedAgainst { baseline, bundle };

std::string_view name(CheckedAgainst against);

// A kernel made slower on purpose, measured in the same rounds: shows that the gate would notice.
struct PlantedCheck {
  double extra_traffic = 0;  // relative to the bytes a scan must move
  Interval slowdown;         // against the baseline
  Interval slowdown_paired;  // against the same kernel without it, in the same rounds: the truth
  CheckVerdict verdict = CheckVerdict::inconclusive;

  bool operator==(const PlantedCheck&) const = default;
};

// One entry of the baseline, checked.
struct EntryCheck {
  std::string key;
  Workload workload;
  Variant variant;
  CheckVerdict verdict = CheckVerdict::inconclusive;
  std::string why;  // one line

  CheckedAgainst against = CheckedAgainst::baseline;
  Interval slowdown;  // relative: 0.02 is 2% slower, negative is faster; all zero where nothing was measured
  int rounds_then = 0;
  int rounds_now = 0;
  int discarded_rounds = 0;  // disturbed, and not among `rounds`
  std::string disturbance;   // why the last of those was
  std::string other_work;    // who else computed on the device; empty where nobody did or nobody tells
  std::vector<int> looks;    // after how many rounds it was to be decided; empty where nothing was measured
  double session_sd = 0;     // that the interval allows for
  bool session_sd_measured = false;
  double seconds = 0;

  Interval ratio_then;
  Interval ratio_now;
  Interval time_then_ns;
  Interval time_now_ns;
  Interval copy_then_ns;
  Interval copy_now_ns;
  Provenance then;
  std::string source;           // digest of the kernel sources now
  std::vector<Change> changes;  // largest weight first; found where it is a regression
  std::string counters_reason;  // why there are no counters to compare
  std::vector<EntryResources> resources;
  std::optional<Profile> profile;
  std::optional<Better> better;
  std::optional<PlantedCheck> planted;
  std::optional<LevelChange> level_change;
  std::vector<std::string> subjects;  // of the samples, after the copy: "now", "then", "planted"
  std::vector<Round> rounds;          // raw samples
};

// A whole check.
struct Check {
  std::string baseline;  // the file
  std::string bundle;    // the bundle compared with; empty where there is none
  DeviceInfo device;
  Provenance now;
  std::string commit;  // that is checked; empty where it is not known
  CheckRule rule;
  CheckVerdict verdict = CheckVerdict::pass;
  std::vector<EntryCheck> entries;
  std::vector<Noise> noise;        // of an A/A run, which has no entries
  std::vector<std::string> notes;  // what was left out, and why
  double seconds = 0;
};

// The verdict of all: a regression where one is; else inconclusive where one is; else pass.
CheckVerdict overall(const std::vector<EntryCheck>& entries);

// One thing that a stored configuration rests on: whether it still holds.
enum class AspectState { holds, stale, unknown };

std::string_view name(AspectState state);

struct Aspect {
  std::string what;  // "kernel source", "build options", "chip", "driver", "NVRTC", "protocol"
  AspectState state = AspectState::unknown;
  std::string then;
  std::string now;
  std::string text;  // why it is stale, or could not be checked; empty where it holds

  bool operator==(const Aspect&) const = default;
};

// Whether a stored configuration still holds.
struct Staleness {
  std::string key;
  Workload workload;
  std::string chip;
  Variant variant;
  std::string time;  // when it was measured
  std::vector<Aspect> aspects;

  [[nodiscard]] bool stale() const;
  bool operator==(const Staleness&) const = default;
};

// A line of a history file.
struct HistoryLine {
  std::string time;  // UTC, ISO 8601
  std::string commit;
  std::string key;
  std::string variant;
  std::string tool_version;
  std::string host;
  std::string driver;
  std::string compiler;
  std::string source;  // digest of the kernel sources
  std::string protocol;
  std::optional<Noise> noise;  // of an A/A run; then what follows is empty
  CheckVerdict verdict = CheckVerdict::inconclusive;
  CheckedAgainst against = CheckedAgainst::baseline;
  double threshold = 0;
  double confidence = 0;
  Interval slowdown;
  Interval ratio_to_copy;
  Interval time_ns;
  Interval copy_time_ns;
  int rounds = 0;

  bool operator==(const HistoryLine&) const = default;
};

// The lines that a check adds to a history: one for each entry that was measured, or each estimate of noise.
std::vector<HistoryLine> history_lines(const Check& check);

}  // namespace scantune
