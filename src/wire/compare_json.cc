#include "wire/compare_json.h"

#include <cmath>
#include <nlohmann/json.hpp>

#include "wire/values_json.h"

namespace scantune::wire {
namespace {

Json write_side(const Side& side) {
  Json object = Json::object();
  object["source"] = text_or_null(side.source);
  add_variant(object, side.variant);
  object["chip"] = write_chip(side.chip);
  object["time_ns"] = write_interval(side.time_ns);
  object["ratio_to_copy"] = write_interval(side.ratio_to_copy);
  object["provenance"] = write_provenance(side.provenance);
  return object;
}

Json write_difference(const Difference& difference) {
  return {{"name", difference.name},
          {"unit", difference.unit},
          {"a", difference.a},
          {"b", difference.b},
          {"relative", std::isfinite(difference.relative) ? Json(difference.relative) : Json(nullptr)},
          {"symptom", difference.symptom},
          {"explains", difference.explains}};
}

Json write_comparison(const SideBySide& comparison) {
  Json differences = Json::array();
  for (const Difference& difference : comparison.differences) {
    differences.push_back(write_difference(difference));
  }
  return {{"workload", write_workload(comparison.workload)},
          {"a", write_side(comparison.a)},
          {"b", write_side(comparison.b)},
          {"speedup", write_interval(comparison.speedup)},
          {"confidence", comparison.confidence},
          {"equivalence", comparison.equivalence},
          {"paired_rounds", comparison.paired_rounds},
          {"a_is", name(comparison.standoff)},
          {"differences", std::move(differences)}};
}

}  // namespace

std::string compare_json(const std::vector<SideBySide>& comparisons, const Outcome* measured) {
  Json document = {{"format", "scantune-compare"}, {"version", 1}, {"comparisons", Json::array()}};
  for (const SideBySide& comparison : comparisons) {
    document["comparisons"].push_back(write_comparison(comparison));
  }
  document["samples"] = nullptr;
  if (measured != nullptr) {
    std::vector<std::string> subjects;
    for (const Record& record : measured->records) {
      subjects.push_back(to_string(record.variant));
    }
    document["samples"] = write_samples(measured->rounds, subjects);
  }
  return to_text(document);
}

}  // namespace scantune::wire
