#include <nlohmann/json.hpp>

#include "wire/exchange.h"

namespace scantune::wire {
namespace {

constexpr double kNsPerMs = 1e6;

Json configuration(const Variant& variant) {
  Json values = {{"kernel", variant.kernel}};
  values.update(write_params(variant));
  return values;
}

Json measurement(std::string_view name, Json value, std::string_view unit) {
  return {{"name", name}, {"value", std::move(value)}, {"unit", unit}};
}

// What was measured of a variant besides its samples. What is missing is left out: T4 knows no null.
Json measurements(const Contender& contender) {
  Json all = {measurement("time", contender.time_ns.median / kNsPerMs, "ms"),
              measurement("time_low", contender.time_ns.low / kNsPerMs, "ms"),
              measurement("time_high", contender.time_ns.high / kNsPerMs, "ms"),
              measurement("ratio_to_copy", contender.ratio_to_copy.median, "")};
  for (size_t i = 0; i < contender.resources.size(); ++i) {
    const EntryResources& row = contender.resources[i];
    const std::string launch = fmt::format("launch {}: ", i + 1);
    all.push_back(measurement(launch + "registers_per_thread", row.registers_per_thread, "registers"));
    all.push_back(
        measurement(launch + "shared_bytes_per_block", row.static_shared_bytes + row.dynamic_shared_bytes, "bytes"));
    all.push_back(measurement(launch + "spill_bytes_per_thread", row.spill_bytes, "bytes"));
  }
  if (contender.profile) {
    for (size_t i = 0; i < contender.profile->launches.size(); ++i) {
      for (const MetricValue& metric : contender.profile->launches[i].metrics) {
        if (metric.value) {
          all.push_back(measurement(fmt::format("launch {}: {}", i + 1, metric.requested), *metric.value, metric.unit));
        }
      }
    }
  }
  return all;
}

Json measured(const BestEntry& entry, int index) {
  const Contender& contender = entry.contenders.at(static_cast<size_t>(index));
  std::vector<double> runtimes = samples_ns(entry, index);
  for (double& time : runtimes) {
    time /= kNsPerMs;
  }
  return {{"timestamp", entry.provenance.time},
          {"configuration", configuration(contender.variant)},
          {"times", {{"runtimes", std::move(runtimes)}}},
          {"invalidity", "correct"},
          {"correctness", 1},  // every element was verified before it was timed
          {"measurements", measurements(contender)},
          {"objectives", {"time"}}};
}

std::string_view invalidity(FailureKind kind) {
  switch (kind) {
    case FailureKind::constraint:
      return "constraints";
    case FailureKind::compile:
    case FailureKind::compile_timeout:
      return "compile";
    case FailureKind::wrong_result:
      return "correctness";
    case FailureKind::timeout:
      return "timeout";
    case FailureKind::load:
    case FailureKind::launch:
    case FailureKind::out_of_memory:
    case FailureKind::crash:
    case FailureKind::device:
    case FailureKind::not_recorded:
      break;
  }
  return "runtime";
}

Json failed(const BestEntry& entry, const FailedVariant& failed) {
  return {{"timestamp", entry.provenance.time},
          {"configuration", configuration(failed.variant)},
          {"times", {{"runtimes", Json::array()}}},
          {"invalidity", invalidity(failed.failure.kind)},
          {"correctness", 0},
          {"measurements", {measurement("failure", failed.failure.what, "")}},
          {"objectives", {"time"}}};
}

}  // namespace

std::string t4_results_json(const Sweep& sweep, const Origin& origin) {
  Json results = Json::array();
  for (size_t i = 0; i < sweep.entry.contenders.size(); ++i) {
    results.push_back(measured(sweep.entry, static_cast<int>(i)));
  }
  for (const FailedVariant& one : sweep.failed) {
    results.push_back(failed(sweep.entry, one));
  }
  return to_text({{"schema_version", "1.0.0"},
                  {"metadata",
                   {{"timeunit", "milliseconds"},
                    {"workload", write_workload(sweep.entry.workload)},
                    {"chip", write_chip(sweep.entry.chip)},
                    {"provenance", write_provenance(sweep.entry.provenance)},
                    {"origin", write_origin(origin)}}},
                  {"results", std::move(results)}});
}

}  // namespace scantune::wire
