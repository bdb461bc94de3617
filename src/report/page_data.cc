#include "report/page_data.h"

#include <algorithm>
#include <array>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>

#include "explain/diagnosis.h"
#include "explain/subject.h"
#include "report/combined.h"
#include "stats/stats.h"

namespace scantune::report {
namespace {

using wire::RecordStatus;
using wire::ReportFamily;
using wire::ReportMetric;
using wire::ReportOutcome;
using wire::ReportRecord;
using wire::ReportSamples;

constexpr std::string_view kStall = "smsp__warp_issue_stalled_";
constexpr std::string_view kPerWarpActive = "_per_warp_active.pct";
// Bytes that crossed DRAM, under the names that chips have for them.
constexpr std::array<std::string_view, 2> kRead = {"dram__bytes_read.sum", "dram__bytes_op_read.sum"};
constexpr std::array<std::string_view, 2> kWritten = {"dram__bytes_write.sum", "dram__bytes_op_write.sum"};
constexpr size_t kMostSubjects = 10;  // of which every sample is shown, where no final was held

// "long_scoreboard" of the counter of that stall; empty for any other.
std::string stall_of(std::string_view metric) {
  if (!metric.starts_with(kStall) || !metric.ends_with(kPerWarpActive)) {
    return {};
  }
  return std::string(metric.substr(kStall.size(), metric.size() - kStall.size() - kPerWarpActive.size()));
}

double bytes_of(const Workload& workload) {
  return static_cast<double>(workload.bytes_read() + workload.bytes_written());
}

double per_second(double amount, double time_ns) { return time_ns > 0 ? amount / time_ns * 1e9 : 0; }

void fill_resources(ReportRecord& to, const Record& record, const Chip& chip) {
  to.launches = static_cast<int>(record.resources.size());
  to.bytes_in_flight_per_sm = record.bytes_in_flight_per_sm;
  for (const EntryResources& launch : record.resources) {
    to.registers_per_thread = std::max(to.registers_per_thread, launch.registers_per_thread);
    to.shared_bytes_per_block =
        std::max(to.shared_bytes_per_block, launch.static_shared_bytes + launch.dynamic_shared_bytes);
    to.spill_bytes_per_thread = std::max(to.spill_bytes_per_thread, launch.spill_bytes);
    to.block_threads = std::max(to.block_threads, launch.block_threads);
    to.grid_blocks = std::max(to.grid_blocks, launch.grid_blocks);
    if (launch.blocks_per_sm > 0 && chip.max_threads_per_sm > 0) {
      const double percent = 100.0 * launch.blocks_per_sm * launch.block_threads / chip.max_threads_per_sm;
      to.occupancy_percent = std::min(to.occupancy_percent.value_or(percent), percent);
    }
  }
}

RecordStatus status_of(const Record& record, bool ranked) {
  if (!record.failure) {
    return ranked ? RecordStatus::measured : RecordStatus::not_reached;
  }
  return record.failure->kind == FailureKind::constraint ? RecordStatus::ruled_out : RecordStatus::failed;
}

// The counters that any record has, in the order they first appear.
class Metrics {
 public:
  void add(const Profile& profile) {
    for (const LaunchProfile& launch : profile.launches) {
      for (const MetricValue& metric : launch.metrics) {
        if (index_.try_emplace(metric.read_as, all_.size()).second) {
          all_.push_back({metric.read_as, metric.unit, stall_of(metric.read_as)});
        }
      }
    }
  }

  [[nodiscard]] std::vector<std::optional<double>> values(const Profile& profile) const {
    std::vector<std::optional<double>> values(all_.size());
    if (!profile.launches.empty()) {
      for (const MetricValue& metric : profile.launches.front().metrics) {
        values[index_.at(metric.read_as)] = combined(profile, metric);
      }
    }
    return values;
  }

  [[nodiscard]] std::optional<double> value(const std::vector<std::optional<double>>& values,
                                            const std::array<std::string_view, 2>& names) const {
    for (const std::string_view name : names) {
      if (const auto it = index_.find(std::string(name)); it != index_.end() && values[it->second]) {
        return values[it->second];
      }
    }
    return std::nullopt;
  }

  [[nodiscard]] const std::vector<ReportMetric>& all() const { return all_; }

 private:
  std::vector<ReportMetric> all_;
  std::unordered_map<std::string, size_t> index_;
};

void fill_counters(ReportRecord& to, const Profile& profile, const Metrics& metrics, double adds) {
  to.counters = metrics.values(profile);
  const auto read = metrics.value(to.counters, kRead);
  const auto written = metrics.value(to.counters, kWritten);
  if (read && written && *read + *written > 0) {
    to.adds_per_byte = adds / (*read + *written);
    to.adds_per_s = per_second(adds, to.time_ns.median);
  }
}

std::vector<ReportFamily> families_of(const std::vector<ReportRecord>& records) {
  std::vector<ReportFamily> families;
  for (size_t i = 0; i < records.size(); ++i) {
    const ReportRecord& record = records[i];
    auto family = std::ranges::find(families, record.variant.kernel, &ReportFamily::kernel);
    if (family == families.end()) {
      family = families.insert(families.end(), ReportFamily{});
      family->kernel = record.variant.kernel;
      for (const Setting& setting : record.variant.settings) {
        family->params.push_back(setting.name);
      }
    }
    ++family->records;
    family->measured += record.status == RecordStatus::measured ? 1 : 0;
    family->failed += record.status == RecordStatus::failed ? 1 : 0;
    family->ruled_out += record.status == RecordStatus::ruled_out ? 1 : 0;
    if (record.status == RecordStatus::measured &&
        (!family->best ||
         record.ratio_to_copy.median > records[static_cast<size_t>(*family->best)].ratio_to_copy.median)) {
      family->best = static_cast<int>(i);
    }
  }
  return families;
}

// Every sample of the phase's subjects: of the copy, and of the `most` best.
std::vector<ReportSamples> samples_of(const Outcome& outcome, Phase phase, const std::vector<int>& place_of) {
  std::map<int, ReportSamples> of;  // by the record's place: the copy first, then as ranked
  int number = 0;
  for (const Round& round : outcome.rounds) {
    if (round.phase != phase) {
      continue;
    }
    ++number;
    const double copy_ns = stats::mean_copy_ns(round);
    for (const Sample& sample : round.samples) {
      const int place = sample.subject == kCopy ? kCopy : place_of[static_cast<size_t>(sample.subject)];
      ReportSamples& samples = of[place];
      samples.record = place;
      samples.round.push_back(number);
      samples.time_ns.push_back(sample.time_ns);
      if (sample.subject != kCopy) {
        samples.ratio.push_back(copy_ns > 0 && sample.time_ns > 0 ? copy_ns / sample.time_ns : 0);
      }
    }
  }
  std::vector<ReportSamples> all;
  for (auto& [place, samples] : of) {
    if (phase == Phase::final || all.size() < kMostSubjects) {
      all.push_back(std::move(samples));
    }
  }
  return all;
}

void fill_speedup(ReportOutcome& to, const Outcome& outcome) {
  const Standing* winner = outcome.winner ? standing_of(outcome, *outcome.winner) : nullptr;
  const Standing* baseline = outcome.baseline ? standing_of(outcome, *outcome.baseline) : nullptr;
  if (winner == nullptr || baseline == nullptr) {
    return;
  }
  for (const Phase phase : {winner->phase, Phase::screen}) {
    const auto ratios = stats::paired_speedup(outcome.rounds, phase, winner->record, baseline->record);
    if (!ratios.empty()) {
      to.speedup = stats::median_interval(ratios, outcome.protocol.confidence);
      to.speedup_paired = true;
      return;
    }
  }
  if (winner->time_ns.median > 0) {
    const double factor = baseline->time_ns.median / winner->time_ns.median;
    to.speedup = Interval{factor, factor, factor};
  }
}

std::vector<wire::ReportFinding> findings_of(const Outcome& outcome, int record) {
  std::vector<wire::ReportFinding> all;
  const explain::Diagnosis diagnosis = explain::diagnose(explain::subject_of(outcome, record));
  for (const explain::Finding& finding : diagnosis.findings) {
    wire::ReportFinding told{std::string(explain::description(finding.limit)),
                             finding.sentence,
                             {},
                             std::string(explain::no_advice(finding))};
    for (const explain::Advice& advice : finding.advice) {
      told.advice.push_back(fmt::format("{}: {}", explain::to_string(advice), advice.why));
    }
    all.push_back(std::move(told));
  }
  return all;
}

// What tells workloads apart that to_string() writes alike is added.
std::string title_of(const Workload& workload) {
  std::string title = to_string(workload);
  if (workload.accumulator != default_accumulator(workload.dtype)) {
    title += fmt::format(", summed in {}", name(workload.accumulator));
  }
  if (workload.cache != CacheState::cold) {
    title += fmt::format(", cache {}", name(workload.cache));
  }
  return workload.deterministic ? title + ", deterministic" : title;
}

}  // namespace

ReportOutcome page_outcome(const Outcome& outcome, int source) {
  ReportOutcome page;
  page.source = source;
  page.title = title_of(outcome.workload);
  page.workload = outcome.workload;
  page.device = outcome.device;
  page.protocol = outcome.protocol;
  page.provenance = outcome.provenance;
  page.seed = outcome.seed;
  page.stopped = outcome.stopped;
  page.stop_detail = outcome.stop_detail;
  page.spent = outcome.spent;
  page.discarded_rounds = outcome.discarded_rounds;
  page.copy_time_ns = outcome.copy_time_ns;
  page.copy_bytes_per_s = per_second(bytes_of(outcome.workload), outcome.copy_time_ns.median);
  const Geometry geometry = outcome.workload.geometry();
  page.adds = geometry.outer * (geometry.n - 1) * geometry.inner;
  page.adds_per_byte = static_cast<double>(page.adds) / bytes_of(outcome.workload);

  std::vector<const Standing*> standing_of_record(outcome.records.size(), nullptr);
  std::vector<int> order;
  for (const Standing& standing : outcome.ranking) {
    standing_of_record[static_cast<size_t>(standing.record)] = &standing;
    if (!outcome.records[static_cast<size_t>(standing.record)].failure) {
      order.push_back(standing.record);
    }
  }
  for (size_t i = 0; i < outcome.records.size(); ++i) {
    if (standing_of_record[i] == nullptr || outcome.records[i].failure) {
      order.push_back(static_cast<int>(i));
    }
  }
  Metrics metrics;
  for (const Record& record : outcome.records) {
    if (record.profile) {
      metrics.add(*record.profile);
    }
  }
  std::vector<int> place_of(outcome.records.size(), 0);
  for (const int index : order) {
    const Record& record = outcome.records[static_cast<size_t>(index)];
    const Standing* standing = standing_of_record[static_cast<size_t>(index)];
    place_of[static_cast<size_t>(index)] = static_cast<int>(page.records.size());
    ReportRecord& row = page.records.emplace_back();
    row.variant = record.variant;
    row.status = status_of(record, standing != nullptr);
    row.failure = record.failure;
    fill_resources(row, record, outcome.device.chip);
    if (record.profile && outcome.device.chip.backend == Backend::cuda) {
      row.limit = explain::description(explain::diagnose(explain::subject_of(outcome, index)).limit());
    }
    if (row.status == RecordStatus::measured) {
      row.phase = standing->phase;
      row.time_ns = standing->time_ns;
      row.ratio_to_copy = standing->ratio_to_copy;
      row.bytes_per_s = per_second(bytes_of(outcome.workload), standing->time_ns.median);
    }
    if (record.profile) {
      fill_counters(row, *record.profile, metrics, static_cast<double>(page.adds));
    }
  }
  page.metrics = metrics.all();
  page.families = families_of(page.records);
  const auto placed = [&](std::optional<int> record) {
    return record ? std::optional(place_of[static_cast<size_t>(*record)]) : std::nullopt;
  };
  page.winner = placed(outcome.winner);
  page.baseline = placed(outcome.baseline);
  for (const int record : outcome.equivalents) {
    page.equivalents.push_back(place_of[static_cast<size_t>(record)]);
  }
  page.decided_by = outcome.ranking.empty() ? Phase::screen : outcome.ranking.front().phase;
  page.samples = samples_of(outcome, page.decided_by, place_of);
  page.steps = outcome.steps;
  page.search_ended = outcome.search_ended;
  fill_speedup(page, outcome);
  if (outcome.winner && outcome.device.chip.backend == Backend::cuda) {
    page.findings = findings_of(outcome, *outcome.winner);
  }
  return page;
}

ReportOutcome page_profile(const Outcome& outcome, int source) {
  ReportOutcome page = page_outcome(outcome, source);
  page.spent.reset();
  if (outcome.winner) {
    page.findings = findings_of(outcome, *outcome.winner);
  }
  return page;
}

ReportOutcome page_outcome(const BestEntry& entry, int source) {
  Outcome outcome;
  outcome.workload = entry.workload;
  outcome.device.chip = entry.chip;
  outcome.device.id = entry.provenance.device;
  outcome.device.uuid = entry.provenance.uuid;
  outcome.device.driver = entry.provenance.driver;
  outcome.device.compiler = entry.provenance.compiler;
  outcome.protocol = entry.protocol;
  outcome.provenance = entry.provenance;
  outcome.seed = entry.seed;
  outcome.rounds = entry.rounds;
  outcome.winner = 0;
  outcome.equivalents = entry.equivalents;
  outcome.baseline = entry.baseline;
  outcome.copy_time_ns = entry.copy_time_ns;
  for (size_t i = 0; i < entry.contenders.size(); ++i) {
    const Contender& contender = entry.contenders[i];
    Record& record = outcome.records.emplace_back();
    record.variant = contender.variant;
    record.compiled = true;
    record.verified = true;
    record.resources = contender.resources;
    record.bytes_in_flight_per_sm = contender.bytes_in_flight_per_sm;
    record.profile = contender.profile;
    record.source_digest = contender.source_digest;
    // The file keeps samples of the phase that a contender's times come from, and of no other.
    const auto subject = static_cast<int>(i);
    const bool final = std::ranges::any_of(entry.rounds, [&](const Round& round) {
      return round.phase == Phase::final &&
             std::ranges::find(round.samples, subject, &Sample::subject) != round.samples.end();
    });
    outcome.ranking.push_back(
        {subject, final ? Phase::final : Phase::screen, contender.time_ns, contender.ratio_to_copy});
  }
  ReportOutcome page = page_outcome(outcome, source);
  page.stopped.reset();
  page.spent.reset();
  return page;
}

}  // namespace scantune::report
