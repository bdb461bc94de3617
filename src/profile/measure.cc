#include "profile/measure.h"

#include <algorithm>
#include <chrono>
#include <cmath>
#include <utility>

#include "catalog/occupancy.h"
#include "stats/stats.h"
#include "stats/timeline.h"
#include "tune/rounds.h"

namespace scantune::profile {
namespace {

using Clock = std::chrono::steady_clock;

// Samples of a run's timeline: enough to see its start and its tail, few enough for a file and a page.
constexpr double kMostTimelineSamples = 4000;

double seconds_since(Clock::time_point then) { return std::chrono::duration<double>(Clock::now() - then).count(); }

class Bench {
 public:
  Bench(Device& device, Compiler& compiler, const std::vector<Candidate>& candidates, const MeasureOptions& options,
        Measurement& measurement, const std::stop_token& stop)
      : device_(device),
        compiler_(compiler),
        candidates_(candidates),
        options_(options),
        measurement_(measurement),
        outcome_(measurement.outcome),
        stop_(stop),
        rounds_(outcome_.workload, outcome_.device.chip.backend, outcome_.protocol, options.seed) {}

  Expected<void> prepare() {
    auto session = check_memory(device_, outcome_.workload).and_then([&] {
      return device_.open(outcome_.workload, options_.seed);
    });
    if (!session) {
      return tl::unexpected(session.error());
    }
    session_ = *std::move(session);
    session_->warm_before_profiles(options_.warm_runs);
    if (const RoundsEnd end = rounds_.warm_up(*session_, stop_);
        end.kind == RoundsEnd::Kind::device_lost && !stopping()) {
      lose("the copy failed before the first variant was measured: " + end.failure.what);
    }
    return {};
  }

  void make_ready(size_t index) {
    Record& record = outcome_.records[index];
    const Candidate& candidate = candidates_[index];
    if (record.failure || stopping()) {
      return;
    }
    options_.progress(fmt::format("compiling {}", to_string(record.variant)));
    const Chip& chip = outcome_.device.chip;
    auto artifact = compiler_.compile(*candidate.kernel, outcome_.workload, candidate.variant, chip);
    if (!artifact) {
      fail(index, artifact.error());
      return;
    }
    record.compiled = true;
    record.from_cache = artifact->from_cache;
    record.compile_s = artifact->compile_s;
    record.resources = artifact->resources;
    outcome_.spent.compile_s += artifact->compile_s;
    options_.progress(fmt::format("verifying {}", to_string(record.variant)));
    const auto handle = session_->load(*artifact);
    if (!handle) {
      fail(index, handle.error());
      return;
    }
    if (const auto resources = session_->resources(*handle); !resources.empty()) {
      record.resources = resources;
    }
    record.bytes_in_flight_per_sm =
        resident_bytes_in_flight(*candidate.kernel, candidate.variant, outcome_.workload, chip, record.resources);
    if (const auto verified = session_->verify(*handle); !verified) {
      fail(index, verified.error());
      return;
    }
    record.verified = true;
    loaded_.push_back({static_cast<int>(index), *handle});
  }

  void time() {
    const Protocol& p = outcome_.protocol;
    options_.progress("timing");
    const auto started = Clock::now();
    int wanted = p.final_rounds;
    // A disturbed round is taken again; RoundTaker bounds how often.
    while (!loaded_.empty() && !stopping() && std::cmp_less(outcome_.rounds.size(), wanted)) {
      const auto begin = Clock::now();
      RoundsEnd end = rounds_.take(*session_, Phase::final, loaded_, stop_);
      if (outcome_.rounds.empty()) {
        wanted = affordable_rounds(p.final_rounds, p.final_min_rounds, p.final_time_s, seconds_since(begin));
      }
      switch (end.kind) {
        case RoundsEnd::Kind::complete:
          outcome_.rounds.push_back(std::move(end.round));
          break;
        case RoundsEnd::Kind::discarded:
          ++outcome_.discarded_rounds;
          outcome_.disturbance = std::move(end.reason);
          break;
        case RoundsEnd::Kind::stopped:
          break;
        case RoundsEnd::Kind::variant_failed:
          std::erase_if(loaded_, [&](const Loaded& item) { return item.record == end.record; });
          fail(static_cast<size_t>(end.record), end.failure);
          break;
        case RoundsEnd::Kind::device_lost:
          if (!stopping()) {
            lose(end.failure.what);
          }
          break;
      }
    }
    outcome_.spent.measure_s = seconds_since(started);
  }

  void conclude() {
    for (size_t i = 0; i < outcome_.records.size(); ++i) {
      if (outcome_.records[i].failure) {
        continue;
      }
      if (const auto s = standing(outcome_.rounds, Phase::final, static_cast<int>(i), outcome_.protocol)) {
        outcome_.ranking.push_back(*s);
      }
    }
    if (const auto copy = standing(outcome_.rounds, Phase::final, kCopy, outcome_.protocol)) {
      outcome_.copy_time_ns = copy->time_ns;
    }
    if (outcome_.ranking.empty()) {
      return;
    }
    rank(outcome_.ranking, outcome_.records);
    const int best = outcome_.ranking.front().record;
    outcome_.winner = best;
    outcome_.equivalents = equivalents_of(best, outcome_.ranking, outcome_.rounds, Phase::final, outcome_.protocol);
    outcome_.provenance.source = outcome_.records[static_cast<size_t>(best)].source_digest;
  }

  void read_counters() {
    const auto started = Clock::now();
    for (const Loaded& item : loaded_) {
      const auto index = static_cast<size_t>(item.record);
      for (int i = 0; i < options_.repeats && !options_.metrics.empty() && !stopping(); ++i) {
        options_.progress(fmt::format("reading counters of {}", to_string(outcome_.records[index].variant)));
        const auto begin = Clock::now();
        auto profile = session_->profile(item.handle, options_.metrics);
        if (!profile) {
          if (profile.error().kind == FailureKind::device) {
            if (!stopping()) {
              lose(profile.error().what);
            }
          } else {
            fail(index, profile.error());
          }
          break;
        }
        measurement_.readings[index].push_back({*std::move(profile), seconds_since(begin)});
      }
      if (!measurement_.readings[index].empty()) {
        outcome_.records[index].profile = median_of(measurement_.readings[index]);
      }
    }
    outcome_.spent.profile_s = seconds_since(started);
  }

  void sample_timelines() {
    if (!options_.timeline) {
      return;
    }
    measurement_.timelines.assign(outcome_.records.size(), {.reason = "the variant was not measured"});
    for (const Loaded& item : loaded_) {
      SampledTimeline& to = measurement_.timelines[static_cast<size_t>(item.record)];
      const Standing* standing = standing_of(outcome_, item.record);
      if (standing == nullptr) {
        continue;
      }
      if (stopping()) {
        to.reason = outcome_.stop_detail;
        continue;
      }
      options_.progress(
          fmt::format("sampling {}", to_string(outcome_.records[static_cast<size_t>(item.record)].variant)));
      TimelineSpec spec{.metrics = timeline_metrics()};
      spec.interval_ns = std::max(spec.interval_ns, std::ceil(standing->time_ns.median / kMostTimelineSamples));
      const auto begin = Clock::now();
      auto sampled = session_->timeline(item.handle, spec);
      if (!sampled) {
        to.reason = sampled.error().what;
        if (sampled.error().kind == FailureKind::device && !stopping()) {
          lose(sampled.error().what);
        }
        continue;
      }
      to = {.timeline = *std::move(sampled), .seconds = seconds_since(begin)};
      if (auto phases = stats::phases_of(*to.timeline)) {
        to.phases = *phases;
      } else {
        to.phases_reason = std::move(phases.error());
      }
    }
  }

 private:
  void fail(size_t index, const Failure& failure) {
    if (failure.kind == FailureKind::device) {
      if (!stopping()) {
        lose(failure.what);
      }
      return;
    }
    outcome_.records[index].failure = failure;
  }

  void lose(const std::string& what) {
    outcome_.stopped = StopReason::device_lost;
    outcome_.stop_detail = what;
  }

  bool stopping() {
    if (stop_.stop_requested() && outcome_.stopped == StopReason::complete) {
      outcome_.stopped = StopReason::interrupted;
      outcome_.stop_detail = "interrupted";
    }
    return outcome_.stopped != StopReason::complete;
  }

  Device& device_;
  Compiler& compiler_;
  const std::vector<Candidate>& candidates_;
  const MeasureOptions& options_;
  Measurement& measurement_;
  Outcome& outcome_;
  const std::stop_token& stop_;
  std::unique_ptr<Session> session_;
  std::vector<Loaded> loaded_;  // verified, in the order given
  RoundTaker rounds_;
};

// The final's rules, for these variants alone: nothing is chosen among many, so that a variant's interval needs no
// allowance for the others of a search.
Protocol protocol_for(size_t variants, int rounds) {
  Protocol protocol;
  protocol.final_rounds = rounds;
  protocol.final_min_rounds = std::min(rounds, protocol.final_min_rounds);
  protocol.final_variants = std::max(1, static_cast<int>(variants));
  return protocol;
}

}  // namespace

Expected<Measurement> measure(Device& device, Compiler& compiler, const Workload& workload,
                              const std::vector<Candidate>& candidates, const MeasureOptions& options,
                              Provenance provenance, const std::stop_token& stop) {
  const auto started = Clock::now();
  Measurement measurement;
  Outcome& outcome = measurement.outcome;
  outcome.workload = workload;
  outcome.device = device.info();
  outcome.protocol = protocol_for(candidates.size(), options.rounds);
  outcome.seed = options.seed;
  provenance.device = outcome.device.id;
  provenance.uuid = outcome.device.uuid;
  provenance.driver = outcome.device.driver;
  provenance.compiler = outcome.device.compiler;
  provenance.protocol = digest(outcome.protocol);
  outcome.provenance = std::move(provenance);
  for (const Candidate& candidate : candidates) {
    Record record;
    record.variant = candidate.variant;
    record.source_digest = source_digest(*candidate.kernel);
    if (!candidate.broken.empty()) {
      record.failure = Failure{FailureKind::constraint, candidate.broken};
    }
    outcome.records.push_back(std::move(record));
  }
  measurement.readings.resize(candidates.size());

  Bench bench(device, compiler, candidates, options, measurement, stop);
  if (auto ready = bench.prepare(); !ready) {
    return tl::unexpected(ready.error());
  }
  for (size_t i = 0; i < candidates.size(); ++i) {
    bench.make_ready(i);
  }
  bench.time();
  bench.conclude();
  bench.read_counters();
  bench.sample_timelines();
  outcome.spent.total_s = seconds_since(started);
  return measurement;
}

Profile median_of(const std::vector<Reading>& readings) {
  Profile profile = readings.front().profile;
  for (size_t launch = 0; launch < profile.launches.size(); ++launch) {
    for (size_t m = 0; m < profile.launches[launch].metrics.size(); ++m) {
      std::vector<double> values;
      const MetricValue* without = nullptr;  // a reading that lacks it, and says why
      for (const Reading& reading : readings) {
        const MetricValue& metric = reading.profile.launches.at(launch).metrics.at(m);
        if (metric.value) {
          values.push_back(*metric.value);
        } else {
          without = &metric;
        }
      }
      MetricValue& metric = profile.launches[launch].metrics[m];
      if (without != nullptr) {
        metric = *without;
      } else {
        metric.value = stats::median(values);
      }
    }
  }
  return profile;
}

}  // namespace scantune::profile
