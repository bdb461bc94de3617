#include "wire/outcome_json.h"

#include <nlohmann/json.hpp>
#include <unordered_map>

#include "wire/document.h"
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

// --- Reading ---

Record read_record(const Node& node) {
  Record record;
  record.variant = read_variant(node);
  if (const auto failure = node.find("failure")) {
    record.failure = read_failure(*failure);
  }
  record.compiled = node.at("compiled").boolean();
  record.from_cache = node.at("from_cache").boolean();
  if (const auto seconds = node.find("compile_s")) {
    record.compile_s = seconds->number();
  }
  record.verified = node.at("verified").boolean();
  if (const auto bytes = node.find("bytes_in_flight_per_sm")) {
    record.bytes_in_flight_per_sm = bytes->integer();
  }
  record.resources = read_resources(node.at("resources"));
  record.profile = read_counters(node);
  if (const auto source = node.find("source_digest")) {
    record.source_digest = source->text();
  }
  return record;
}

class Variants {
 public:
  explicit Variants(const std::vector<std::string>& subjects) {
    for (size_t i = 0; i < subjects.size(); ++i) {
      index_.try_emplace(subjects[i], static_cast<int>(i));
    }
  }

  [[nodiscard]] int record(const Node& spelled) const {
    const auto it = index_.find(spelled.text());
    if (it == index_.end()) {
      spelled.refuse(fmt::format("'{}' is none of the records of this outcome", spelled.text()));
    }
    return it->second;
  }

 private:
  std::unordered_map<std::string, int> index_;
};

Outcome read_outcome(const Node& node) {
  Outcome outcome;
  outcome.workload = read_workload(node.at("workload"));
  outcome.device = read_device(node.at("device"));
  outcome.stopped = read_stop_reason(node.at("stopped"));
  if (const auto detail = node.find("stop_detail")) {
    outcome.stop_detail = detail->text();
  }
  outcome.resumed = node.at("resumed").boolean();
  outcome.discarded_rounds = node.at("discarded_rounds").small_integer();
  outcome.incumbent_stayed = node.at("incumbent_stayed").boolean();
  outcome.spent = read_spent(node.at("spent"));
  outcome.provenance = read_provenance(node.at("provenance"));
  outcome.protocol = read_protocol(node.at("protocol"));
  outcome.seed = node.at("seed").natural();
  std::vector<std::string> subjects;
  for (const Node& record : node.at("records").items()) {
    outcome.records.push_back(read_record(record));
    subjects.push_back(to_string(outcome.records.back().variant));
  }
  const Variants variants(subjects);
  for (const Node& standing : node.at("ranking").items()) {
    outcome.ranking.push_back({variants.record(standing.at("variant")), read_phase(standing.at("phase")),
                               read_interval(standing.at("time_ns")), read_interval(standing.at("ratio_to_copy"))});
  }
  if (const auto winner = node.find("winner")) {
    outcome.winner = variants.record(winner->at("variant"));
  }
  for (const Node& equivalent : node.at("equivalents").items()) {
    outcome.equivalents.push_back(variants.record(equivalent));
  }
  if (const auto baseline = node.find("baseline")) {
    outcome.baseline = variants.record(baseline->at("variant"));
  }
  outcome.copy_time_ns = read_interval(node.at("copy").at("time_ns"));
  if (const auto steps = node.find("steps")) {  // runs of before there were any have none
    for (const Node& step : steps->items()) {
      outcome.steps.push_back(read_step(step));
    }
  }
  if (const auto ended = node.find("search_ended")) {
    outcome.search_ended = ended->text();
  }
  outcome.rounds = read_samples(node.at("samples"), subjects);
  return outcome;
}

}  // namespace

std::string run_json(const std::vector<Outcome>& outcomes) {
  Json document = {{"format", "scantune-run"}, {"version", 1}, {"outcomes", Json::array()}};
  for (const Outcome& outcome : outcomes) {
    document["outcomes"].push_back(write_outcome(outcome));
  }
  return to_text(document);
}

Expected<std::vector<Outcome>> parse_run(std::string_view text) {
  const auto document = parse_document(text, "scantune-run", 1);
  if (!document) {
    return tl::unexpected(document.error());
  }
  return read_document<std::vector<Outcome>>([&] {
    const std::vector<Node> items = Node(*document, "the run").at("outcomes").items();
    std::vector<Outcome> outcomes;
    outcomes.reserve(items.size());
    for (const Node& item : items) {
      outcomes.push_back(
          read_outcome(Node(item.value(), fmt::format("outcome {} of {}", outcomes.size() + 1, items.size()))));
    }
    return outcomes;
  });
}

}  // namespace scantune::wire
