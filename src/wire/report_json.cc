#include "wire/report_json.h"

#include <cmath>
#include <nlohmann/json.hpp>

#include "wire/history_values.h"

namespace scantune::wire {
namespace {

Json finite_or_null(const std::optional<double>& value) {
  return value && std::isfinite(*value) ? Json(*value) : Json(nullptr);
}

Json index_or_null(const std::optional<int>& index) { return index ? Json(*index) : Json(nullptr); }

Json interval_or_null(const std::optional<Interval>& interval) {
  return interval ? write_interval(*interval) : Json(nullptr);
}

Json write_source(const ReportSource& source) {
  return {
      {"file", source.file}, {"kind", source.kind}, {"outcomes", source.outcomes}, {"note", text_or_null(source.note)}};
}

Json write_family(const ReportFamily& family) {
  return {{"kernel", family.kernel},           {"params", family.params}, {"records", family.records},
          {"measured", family.measured},       {"failed", family.failed}, {"ruled_out", family.ruled_out},
          {"best", index_or_null(family.best)}};
}

Json write_metric(const ReportMetric& metric) {
  return {{"name", metric.name}, {"unit", metric.unit}, {"stall", text_or_null(metric.stall)}};
}

Json write_record(const ReportRecord& record) {
  Json object = Json::object();
  add_variant(object, record.variant);
  object["status"] = name(record.status);
  object["failure"] = record.failure ? write_failure(*record.failure) : Json(nullptr);
  const bool measured = record.status == RecordStatus::measured;
  object["phase"] = measured ? Json(name(record.phase)) : Json(nullptr);
  object["time_ns"] = measured ? write_interval(record.time_ns) : Json(nullptr);
  object["ratio_to_copy"] = measured ? write_interval(record.ratio_to_copy) : Json(nullptr);
  object["bytes_per_s"] = number_or_null(record.bytes_per_s);
  object["launches"] = number_or_null(int64_t{record.launches});
  object["registers_per_thread"] = number_or_null(int64_t{record.registers_per_thread});
  const bool known = record.launches > 0;
  object["shared_bytes_per_block"] = known ? Json(record.shared_bytes_per_block) : Json(nullptr);
  object["spill_bytes_per_thread"] = known ? Json(record.spill_bytes_per_thread) : Json(nullptr);
  object["block_threads"] = number_or_null(int64_t{record.block_threads});
  object["grid_blocks"] = number_or_null(record.grid_blocks);
  object["occupancy_percent"] = finite_or_null(record.occupancy_percent);
  object["bytes_in_flight_per_sm"] = number_or_null(record.bytes_in_flight_per_sm);
  object["limit"] = text_or_null(record.limit);
  object["counters"] = nullptr;
  if (!record.counters.empty()) {
    Json counters = Json::array();
    for (const std::optional<double>& value : record.counters) {
      counters.push_back(finite_or_null(value));
    }
    object["counters"] = std::move(counters);
  }
  object["adds_per_byte"] = finite_or_null(record.adds_per_byte);
  object["adds_per_s"] = finite_or_null(record.adds_per_s);
  return object;
}

Json write_subject(const ReportSamples& samples) {
  return {{"record", samples.record == kCopy ? Json(nullptr) : Json(samples.record)},
          {"round", samples.round},
          {"time_ns", samples.time_ns},
          {"ratio", samples.ratio}};
}

Json write_finding(const ReportFinding& finding) {
  return {{"limit", finding.limit},
          {"sentence", finding.sentence},
          {"advice", finding.advice},
          {"no_advice", text_or_null(finding.no_advice)}};
}

template <class Values, class Write>
Json write_all(const Values& values, const Write& write) {
  Json array = Json::array();
  for (const auto& value : values) {
    array.push_back(write(value));
  }
  return array;
}

Json write_peer(const PeerResult& peer) {
  return {{"id", peer.id},
          {"title", peer.title},
          {"what", text_or_null(peer.what)},
          {"status", peer.status},
          {"reason", text_or_null(peer.reason)},
          {"settings", text_or_null(peer.settings)},
          {"time_ns", interval_or_null(peer.time_ns)},
          {"ratio_to_copy", interval_or_null(peer.ratio_to_copy)},
          {"scantune_speedup", interval_or_null(peer.scantune_speedup)}};
}

Json write_timeline_of(const ReportTimeline& timeline) {
  Json object = {{"record", index_or_null(timeline.record)},
                 {"profile", index_or_null(timeline.profile)},
                 {"file", timeline.file}};
  add_timeline(object, timeline.sampled);
  return object;
}

Json write_profile(const ReportProfile& profile) {
  Json object = write_record(profile.told);
  object["source"] = profile.source;
  object["record"] = index_or_null(profile.record);
  object["metrics"] = write_all(profile.metrics, write_metric);
  object["findings"] = write_all(profile.findings, write_finding);
  object["provenance"] = write_provenance(profile.provenance);
  return object;
}

Json write_outcome(const ReportOutcome& outcome) {
  Json copy = {{"time_ns", write_interval(outcome.copy_time_ns)},
               {"bytes_per_s", number_or_null(outcome.copy_bytes_per_s)}};
  Json speedup = nullptr;
  if (outcome.speedup) {
    speedup = write_interval(*outcome.speedup);
    speedup["paired"] = outcome.speedup_paired;
  }
  return {{"source", outcome.source},
          {"title", outcome.title},
          {"workload", write_workload(outcome.workload)},
          {"device", write_device(outcome.device)},
          {"protocol", write_protocol(outcome.protocol)},
          {"provenance", write_provenance(outcome.provenance)},
          {"seed", outcome.seed},
          {"stopped", outcome.stopped ? Json(name(*outcome.stopped)) : Json(nullptr)},
          {"stop_detail", text_or_null(outcome.stop_detail)},
          {"spent", outcome.spent ? write_spent(*outcome.spent) : Json(nullptr)},
          {"discarded_rounds", outcome.discarded_rounds},
          {"copy", std::move(copy)},
          {"adds", outcome.adds},
          {"adds_per_byte", outcome.adds_per_byte},
          {"winner", index_or_null(outcome.winner)},
          {"equivalents", outcome.equivalents},
          {"baseline", index_or_null(outcome.baseline)},
          {"speedup", std::move(speedup)},
          {"decided_by", name(outcome.decided_by)},
          {"findings", write_all(outcome.findings, write_finding)},
          {"families", write_all(outcome.families, write_family)},
          {"metrics", write_all(outcome.metrics, write_metric)},
          {"records", write_all(outcome.records, write_record)},
          {"samples", write_all(outcome.samples, write_subject)},
          {"steps", write_all(outcome.steps, write_step)},
          {"search_ended", text_or_null(outcome.search_ended)},
          {"peers", write_all(outcome.peers, write_peer)},
          {"timelines", write_all(outcome.timelines, write_timeline_of)},
          {"profiles", write_all(outcome.profiles, write_profile)}};
}

Json write_run(const HistoryLine& line) {
  Json object = Json::object();
  add_history_members(object, line);
  return object;
}

Json write_history(const ReportHistory& history) {
  return {{"source", history.source},
          {"title", history.title},
          {"key", history.key},
          {"chip", history.chip},
          {"runs", write_all(history.runs, write_run)},
          {"level_change", write_level_change(history.change)},
          {"noise", history.noise ? write_noise(*history.noise) : Json(nullptr)}};
}

}  // namespace

std::string_view name(RecordStatus status) {
  switch (status) {
    case RecordStatus::measured:
      return "measured";
    case RecordStatus::failed:
      return "failed";
    case RecordStatus::ruled_out:
      return "ruled_out";
    case RecordStatus::not_reached:
      return "not_reached";
  }
  return "unknown";
}

std::string report_json(const ReportDocument& document) {
  const Json json = {{"format", "scantune-report"},
                     {"version", 1},
                     {"tool_version", document.tool_version},
                     {"time_utc", document.time},
                     {"peer_versions", document.peer_versions},
                     {"sources", write_all(document.sources, write_source)},
                     {"outcomes", write_all(document.outcomes, write_outcome)},
                     {"histories", write_all(document.histories, write_history)}};
  const std::string text = json.dump(-1, ' ', false, Json::error_handler_t::replace);
  // In JSON a "<" can only be within a string, where it may be written so. Without it no text can end the element of a
  // page that holds the document, or open a comment in it.
  std::string safe;
  safe.reserve(text.size());
  for (const char c : text) {
    if (c == '<') {
      safe += "\\u003c";
    } else {
      safe += c;
    }
  }
  return safe;
}

}  // namespace scantune::wire
