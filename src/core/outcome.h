// The outcome of tuning one workload on one device, and the best entry made from it.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "core/interval.h"
#include "core/record.h"
#include "core/search_step.h"

namespace scantune {

enum class StopReason { complete, budget, interrupted, device_lost, not_kept };

std::string_view name(StopReason reason);

// Where a run's wall time went. Compilation overlaps the rest; all else adds up to the total.
struct TimeSpent {
  double compile_s = 0;  // summed over compiler processes: of variants that were asked for
  double unasked_s = 0;  // as that: of variants that were compiled ahead, and that the search then did not ask for
  double open_s = 0;     // memory and inputs of the session
  double verify_s = 0;   // loading included
  double measure_s = 0;
  double profile_s = 0;
  double idle_s = 0;  // the device had nothing to do
  double total_s = 0;
  double ready_s = 0;  // from the first variant that was compiled, with a session to run it in, to the end

  bool operator==(const TimeSpent&) const = default;
};

// One measured variant with its estimates, over the rounds of the last phase it took part in.
struct Standing {
  int record = 0;  // index into Outcome::records
  Phase phase = Phase::screen;
  Interval time_ns;
  Interval ratio_to_copy;
};

struct Outcome {
  Workload workload;
  DeviceInfo device;
  Protocol protocol;
  Provenance provenance;
  uint64_t seed = 0;

  std::vector<Record> records;  // every variant of the run, in the order asked for
  std::vector<Round> rounds;    // every sample, in the order taken
  int discarded_rounds = 0;     // of this run: disturbed, and not among `rounds`
  std::string disturbance;      // why the last of those was
  bool resumed = false;         // some of it was measured by earlier runs and came from the journal

  std::vector<Standing> ranking;  // measured variants: the winner, then finalists, then the rest, each best first
  std::optional<int> winner;      // index into records
  bool incumbent_stayed = false;  // the winner is the stored one: another measured better, but not by more than noise
  std::vector<int> equivalents;   // records as fast as the winner within Protocol::equivalence
  std::optional<int> baseline;    // the baseline family's best
  Interval copy_time_ns;

  std::vector<SearchStep> steps;  // of a search that says why it tries what it tries; earlier runs' first
  std::string search_ended;       // why it asked for nothing more; empty where it had tried everything

  StopReason stopped = StopReason::complete;
  std::string stop_detail;  // what was lost, which limit was hit
  TimeSpent spent;
};

// The standing of a record, if it was measured.
const Standing* standing_of(const Outcome& outcome, int record);

// A measured variant as a best file keeps it.
struct Contender {
  Variant variant;
  Interval time_ns;
  Interval ratio_to_copy;
  std::vector<EntryResources> resources;
  int64_t bytes_in_flight_per_sm = 0;
  std::optional<Profile> profile;
  std::string source_digest;
  std::string build = {};  // digest of all that it was built from, options and compiler included; empty in older files

  bool operator==(const Contender&) const = default;
};

// One entry of a best file. Contenders are best first: the winner is contenders[0]. The subjects
// of the rounds are indices into contenders.
struct BestEntry {
  Workload workload;
  Chip chip;
  Protocol protocol;
  Provenance provenance;
  uint64_t seed = 0;
  std::vector<Contender> contenders;
  std::vector<int> equivalents;  // indices into contenders, without the winner
  std::optional<int> baseline;   // index into contenders
  Interval copy_time_ns;
  std::vector<Round> rounds;  // raw samples that the contenders' times come from, and the copy's beside them

  bool operator==(const BestEntry&) const = default;
};

// The entry for an outcome that has a winner.
BestEntry best_entry(const Outcome& outcome);

}  // namespace scantune
