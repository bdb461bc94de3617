#include "wire/study_json.h"

#include <algorithm>
#include <array>
#include <nlohmann/json.hpp>

#include "wire/node.h"

namespace scantune::wire {
namespace {

CheckVerdict read_verdict(const Node& node) {
  constexpr std::array kVerdicts = {CheckVerdict::pass, CheckVerdict::regression, CheckVerdict::inconclusive};
  const std::string text = node.text();
  const auto* const known = std::ranges::find(kVerdicts, text, [](CheckVerdict one) { return name(one); });
  if (known == kVerdicts.end()) {
    node.expected(R"("pass", "regression" or "inconclusive")");
  }
  return *known;
}

Study read_study(const Node& node) {
  Study study{.key = node.at("key").text(),
              .variant = node.at("variant").text(),
              .chip = node.at("chip").text(),
              .driver = node.at("driver").text(),
              .time = node.at("time_utc").text(),
              .extra_traffic = node.at("extra_traffic").number(),
              .then = node.at("baseline_ratios").numbers(),
              .alike = node.at("alike").small_integer(),
              .asked = node.at("runs_asked").small_integer(),
              .ended = {},
              .runs = {}};
  if (const auto ended = node.find("ended")) {
    study.ended = ended->text();
  }
  for (const Node& run : node.at("runs").items()) {
    study.runs.push_back({.verdict = read_verdict(run.at("verdict")),
                          .planted = read_verdict(run.at("planted_verdict")),
                          .seconds = run.at("seconds").number(),
                          .ratios = run.at("ratios").numbers(),
                          .planted_ratios = run.at("planted_ratios").numbers()});
  }
  return study;
}

}  // namespace

Expected<std::vector<Study>> parse_studies(std::string_view text) {
  const auto document = parse_json(text);
  if (!document) {
    return tl::unexpected(document.error());
  }
  if (!document->is_object() || document->value("format", "") != "scantune-gate-study") {
    return bad_input("not a study of the gate; scripts/gate_study.py writes one");
  }
  return read_document<std::vector<Study>>([&] {
    std::vector<Study> studies;
    for (const Node& study : Node(*document, "the study").at("studies").items()) {
      studies.push_back(read_study(study));
    }
    return studies;
  });
}

}  // namespace scantune::wire
