#include "wire/outcome_json.h"

#include <nlohmann/json.hpp>

#include "wire/values_json.h"

namespace scantune::wire {
namespace {

const Variant& variant_of(const Outcome& outcome, int record) {
  return outcome.records.at(static_cast<size_t>(record)).variant;
}

Json write_record(const Record& record) {
  Json object = Json::object();
  add_variant(object, record.variant);
  object["failure"] = record.failure ? write_failure(*record.failure) : Json(nullptr);
  object["compiled"] = record.compiled;
  object["from_cache"] = record.from_cache;
  object["compile_s"] = record.compiled ? Json(record.compile_s) : Json(nullptr);
  object["verified"] = record.verified;
  object["bytes_in_flight_per_sm"] = number_or_null(record.bytes_in_flight_per_sm);
  object["resources"] = write_resources(record.resources);
  add_counters(object, record.profile);
  object["source_digest"] = text_or_null(record.source_digest);
  return object;
}

Json write_standing(const Outcome& outcome, const Standing& standing) {
  Json object = Json::object();
  add_variant(object, variant_of(outcome, standing.record));
  object["phase"] = name(standing.phase);
  object["time_ns"] = write_interval(standing.time_ns);
  object["ratio_to_copy"] = write_interval(standing.ratio_to_copy);
  return object;
}

Json write_standing_of(const Outcome& outcome, std::optional<int> record) {
  const Standing* standing = record ? standing_of(outcome, *record) : nullptr;
  return standing == nullptr ? Json(nullptr) : write_standing(outcome, *standing);
}

Json write_outcome(const Outcome& outcome) {
  std::vector<std::string> subjects;
  Json records = Json::array();
  for (const Record& record : outcome.records) {
    subjects.push_back(to_string(record.variant));
    records.push_back(write_record(record));
  }
  Json ranking = Json::array();
  for (const Standing& standing : outcome.ranking) {
    ranking.push_back(write_standing(outcome, standing));
  }
  Json equivalents = Json::array();
  for (const int record : outcome.equivalents) {
    equivalents.push_back(to_string(variant_of(outcome, record)));
  }
  Json steps = Json::array();
  for (const SearchStep& step : outcome.steps) {
    steps.push_back(write_step(step));
  }
  return {{"workload", write_workload(outcome.workload)},
          {"device", write_device(outcome.device)},
          {"stopped", name(outcome.stopped)},
          {"stop_detail", text_or_null(outcome.stop_detail)},
          {"resumed", outcome.resumed},
          {"discarded_rounds", outcome.discarded_rounds},
          {"incumbent_stayed", outcome.incumbent_stayed},
          {"winner", write_standing_of(outcome, outcome.winner)},
          {"equivalents", std::move(equivalents)},
          {"baseline", write_standing_of(outcome, outcome.baseline)},
          {"copy", {{"time_ns", write_interval(outcome.copy_time_ns)}}},
          {"steps", std::move(steps)},
          {"search_ended", text_or_null(outcome.search_ended)},
          {"spent", write_spent(outcome.spent)},
          {"provenance", write_provenance(outcome.provenance)},
          {"protocol", write_protocol(outcome.protocol)},
          {"seed", outcome.seed},
          {"ranking", std::move(ranking)},
          {"records", std::move(records)},
          {"samples", write_samples(outcome.rounds, subjects)}};
}

}  // namespace

std::string run_json(const std::vector<Outcome>& outcomes) {
  Json document = {{"format", "scantune-run"}, {"version", 1}, {"outcomes", Json::array()}};
  for (const Outcome& outcome : outcomes) {
    document["outcomes"].push_back(write_outcome(outcome));
  }
  return to_text(document);
}

}  // namespace scantune::wire
