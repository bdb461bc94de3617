// The data of a report: what the page of `scantune report` shows, figure by figure. The page computes none of its own.
// configs/schema/report.schema.json describes the JSON.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "core/check.h"
#include "core/outcome.h"
#include "core/search_step.h"
#include "core/timeline.h"
#include "wire/peers_json.h"

namespace scantune::wire {

// A file that was read.
struct ReportSource {
  std::string file;
  std::string kind;     // "best", "run", "journal", "profile", "peers", "history"
  size_t outcomes = 0;  // how many outcomes, or histories, of it are shown
  std::string note;     // what of it is not, and why; empty where all is
};

// A counter that some record has.
struct ReportMetric {
  std::string name;   // as the chip knows it
  std::string unit;   // as MetricValue::unit
  std::string stall;  // the reason where it is a stall of warps ("long_scoreboard"); else empty
};

struct ReportFamily {
  std::string kernel;
  std::vector<std::string> params;  // in the order of its space
  int records = 0;
  int measured = 0;
  int failed = 0;
  int ruled_out = 0;
  std::optional<int> best;  // index into records
};

// What became of a variant.
enum class RecordStatus { measured, failed, ruled_out, not_reached };

std::string_view name(RecordStatus status);

struct ReportRecord {
  Variant variant;
  RecordStatus status = RecordStatus::not_reached;
  std::optional<Failure> failure;

  // Where measured.
  Phase phase = Phase::screen;
  Interval time_ns;
  Interval ratio_to_copy;
  double bytes_per_s = 0;  // the fewest bytes the scan can move, over the median time

  // The largest of its launches; 0 where unknown.
  int launches = 0;
  int registers_per_thread = 0;
  int64_t shared_bytes_per_block = 0;
  int64_t spill_bytes_per_thread = 0;
  int block_threads = 0;
  int64_t grid_blocks = 0;
  std::optional<double> occupancy_percent;  // the smallest of its launches: warps that fit an SM, of the most that can
  int64_t bytes_in_flight_per_sm = 0;

  std::string limit;  // what keeps it from being faster, in words; empty where it was not profiled

  // All launches taken together, a value for each of ReportOutcome::metrics; empty where it was not profiled.
  std::vector<std::optional<double>> counters;
  // Where the bytes that crossed DRAM were counted: the roofline's two coordinates.
  std::optional<double> adds_per_byte;
  std::optional<double> adds_per_s;
};

// The samples of one subject in the phase that decided.
struct ReportSamples {
  int record = kCopy;
  std::vector<int> round;       // which round, counted from 1
  std::vector<double> time_ns;  // as taken
  std::vector<double> ratio;    // mean of the round's copies / time; empty for the copy
};

// How one thing limits the winner, and what to try: see explain/diagnosis.h.
struct ReportFinding {
  std::string limit;  // "too few bytes in flight"
  std::string sentence;
  std::vector<std::string> advice;
  std::string no_advice = {};  // why there is none; empty where there is
};

// What a profile says of one variant, told beside the results of its workload.
struct ReportProfile {
  int source = 0;             // index into ReportDocument::sources
  std::optional<int> record;  // index into the outcome's records; none where none is of that variant
  ReportRecord told;          // as profiled; its counters are a value for each of `metrics`
  std::vector<ReportMetric> metrics;
  std::vector<ReportFinding> findings;
  Provenance provenance;
};

// Counters of a variant over time inside one run.
struct ReportTimeline {
  std::optional<int> record;  // index into records; none where none is of that variant: then `profile` is there
  std::string file;
  SampledTimeline sampled;          // with its timeline
  std::optional<int> profile = {};  // index into profiles
};

// One workload on one device.
struct ReportOutcome {
  int source = 0;     // index into ReportDocument::sources
  std::string title;  // "32768x32768 f32 dim 1"
  Workload workload;
  DeviceInfo device;
  Protocol protocol;
  Provenance provenance;
  uint64_t seed = 0;
  std::optional<StopReason> stopped;  // none where only a best file is known
  std::string stop_detail;
  std::optional<TimeSpent> spent;
  int discarded_rounds = 0;

  Interval copy_time_ns;
  double copy_bytes_per_s = 0;
  int64_t adds = 0;          // additions the scan cannot do without
  double adds_per_byte = 0;  // of those, where no more than the fewest bytes move
  std::vector<ReportFamily> families;
  std::vector<ReportMetric> metrics;
  std::vector<ReportRecord> records;  // measured ones first, best first
  std::optional<int> winner;          // index into records
  std::vector<int> equivalents;
  std::optional<int> baseline;
  std::optional<Interval> speedup;  // over the baseline's best
  bool speedup_paired = false;      // by round; else of the medians
  Phase decided_by = Phase::screen;
  std::vector<ReportSamples> samples;
  std::vector<ReportFinding> findings;  // of the winner; the first is what limits it
  std::vector<SearchStep> steps;        // of a search that says why it tries what it tries
  std::string search_ended;             // why it asked for nothing more; empty where it had tried everything
  std::vector<PeerResult> peers;
  std::vector<ReportTimeline> timelines;
  std::vector<ReportProfile> profiles;

  // The variant that a timeline is of.
  [[nodiscard]] const ReportRecord& subject_of(const ReportTimeline& timeline) const {
    return timeline.record ? records.at(static_cast<size_t>(*timeline.record))
                           : profiles.at(static_cast<size_t>(timeline.profile.value())).told;
  }
};

// The checks of one workload, as a history holds them.
struct ReportHistory {
  int source = 0;
  std::string title;  // as that of its outcome, where there is one
  std::string key;    // as in a best file
  std::string chip;
  std::vector<HistoryLine> runs;      // that were measured, in the order of the file
  std::optional<LevelChange> change;  // of the ratio to the copy, as `check --history` tells it
  std::optional<Noise> noise;         // the last estimate of --aa
};

struct ReportDocument {
  std::string tool_version;
  std::string time;  // UTC, ISO 8601
  std::vector<ReportSource> sources;
  std::vector<ReportOutcome> outcomes;
  std::vector<std::string> peer_versions;  // "torch 2.11.0", ...
  std::vector<ReportHistory> histories;
};

// {"format": "scantune-report", "version": 1, ...}, on one line and without "<", so that it can stand in a page.
std::string report_json(const ReportDocument& document);

}  // namespace scantune::wire
