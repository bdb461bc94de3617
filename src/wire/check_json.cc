#include "wire/check_json.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <nlohmann/json.hpp>

#include "wire/history_values.h"

namespace scantune::wire {
namespace {

constexpr std::string_view kHistoryFormat = "scantune-history";
constexpr int64_t kHistoryVersion = 1;

Json write_side(const Interval& ratio, const Interval& time_ns, const Interval& copy_ns, int rounds) {
  return {{"ratio_to_copy", write_interval(ratio)},
          {"time_ns", write_interval(time_ns)},
          {"copy_time_ns", write_interval(copy_ns)},
          {"round_count", rounds}};
}

Json write_changes(const std::vector<Change>& changes) {
  Json list = Json::array();
  for (const Change& change : changes) {
    list.push_back({{"what", change.what},
                    {"then", text_or_null(change.then)},
                    {"now", text_or_null(change.now)},
                    {"text", change.text},
                    {"weight", change.weight}});
  }
  return list;
}

Json write_planted(const std::optional<PlantedCheck>& planted) {
  if (!planted) {
    return nullptr;
  }
  return {{"extra_traffic", planted->extra_traffic},
          {"verdict", name(planted->verdict)},
          {"slowdown", write_slowdown(planted->slowdown, true)},
          {"slowdown_paired", write_slowdown(planted->slowdown_paired, true)}};
}

Json write_better(const std::optional<Better>& better) {
  if (!better) {
    return nullptr;
  }
  return {{"variant", to_string(better->variant)},
          {"ratio_to_copy", write_interval(better->ratio_to_copy)},
          {"speedup", better->speedup}};
}

Json write_entry(const EntryCheck& entry) {
  const bool measured = entry.rounds_now > 0;
  Json object = {{"key", entry.key}, {"workload", write_workload(entry.workload)}};
  add_variant(object, entry.variant);
  object["verdict"] = name(entry.verdict);
  object["why"] = entry.why;
  object["against"] = name(entry.against);
  object["slowdown"] = write_slowdown(entry.slowdown, measured);
  object["then"] = write_side(entry.ratio_then, entry.time_then_ns, entry.copy_then_ns, entry.rounds_then);
  object["now"] = write_side(entry.ratio_now, entry.time_now_ns, entry.copy_now_ns, entry.rounds_now);
  object["other_work"] = text_or_null(entry.other_work);
  object["looks"] = entry.looks;
  object["session_sd"] = {{"value", entry.session_sd}, {"measured", entry.session_sd_measured}};
  object["discarded_rounds"] = entry.discarded_rounds;
  object["disturbance"] = text_or_null(entry.disturbance);
  object["seconds"] = entry.seconds;
  object["changes"] = write_changes(entry.changes);
  object["changes_note"] = text_or_null(entry.counters_reason);
  object["better"] = write_better(entry.better);
  object["planted"] = write_planted(entry.planted);
  object["level_change"] = write_level_change(entry.level_change);
  object["provenance_then"] = write_provenance(entry.then);
  object["source_digest"] = text_or_null(entry.source);
  object["resources"] = write_resources(entry.resources);
  add_counters(object, entry.profile);
  object["samples"] = write_samples(entry.rounds, entry.subjects);
  return object;
}

std::string text_or_empty(const Node& node, std::string_view member) {
  const auto found = node.find(member);
  return found ? found->text() : std::string();
}

HistoryLine read_history(const Node& node) {
  HistoryLine line{.time = node.at("time_utc").text(),
                   .commit = text_or_empty(node, "commit"),
                   .key = node.at("key").text(),
                   .variant = node.at("variant").text(),
                   .tool_version = text_or_empty(node, "tool_version"),
                   .host = text_or_empty(node, "host"),
                   .driver = text_or_empty(node, "driver"),
                   .compiler = text_or_empty(node, "compiler"),
                   .source = text_or_empty(node, "source_digest"),
                   .protocol = text_or_empty(node, "protocol_digest"),
                   .noise = {},
                   .threshold = node.at("threshold").number(),
                   .confidence = node.at("confidence").number(),
                   .slowdown = {},
                   .ratio_to_copy = {},
                   .time_ns = {},
                   .copy_time_ns = {}};
  if (const auto noise = node.find("noise")) {
    line.noise = read_noise(*noise);
    return line;
  }
  const std::string verdict = node.at("verdict").text();
  constexpr std::array kVerdicts = {CheckVerdict::pass, CheckVerdict::regression, CheckVerdict::inconclusive};
  const auto* const known = std::ranges::find(kVerdicts, verdict, [](CheckVerdict one) { return name(one); });
  if (known == kVerdicts.end()) {
    node.at("verdict").expected(R"("pass", "regression" or "inconclusive")");
  }
  line.verdict = *known;
  line.against =
      node.at("against").text() == name(CheckedAgainst::bundle) ? CheckedAgainst::bundle : CheckedAgainst::baseline;
  line.slowdown = read_interval(node.at("slowdown"));
  line.ratio_to_copy = read_interval(node.at("ratio_to_copy"));
  line.time_ns = read_interval(node.at("time_ns"));
  line.copy_time_ns = read_interval(node.at("copy_time_ns"));
  line.rounds = node.at("rounds").small_integer();
  return line;
}

}  // namespace

std::string check_json(const Check& check, int exit_code) {
  Json entries = Json::array();
  for (const EntryCheck& entry : check.entries) {
    entries.push_back(write_entry(entry));
  }
  Json noise = Json::array();
  for (const Noise& one : check.noise) {
    noise.push_back(write_noise(one));
  }
  const Json document = {
      {"format", "scantune-check"},
      {"version", 1},
      {"verdict", name(check.verdict)},
      {"exit_code", exit_code},
      {"baseline", check.baseline},
      {"bundle", text_or_null(check.bundle)},
      {"commit", text_or_null(check.commit)},
      {"device", write_device(check.device)},
      {"provenance", write_provenance(check.now)},
      {"rule",
       {{"threshold", check.rule.threshold}, {"confidence", check.rule.confidence}, {"looks", check.rule.looks}}},
      {"seconds", check.seconds},
      {"notes", check.notes},
      {"entries", std::move(entries)},
      {"noise", std::move(noise)}};
  return to_text(document);
}

std::string history_line(const HistoryLine& line) {
  Json object = {{"format", kHistoryFormat}, {"version", kHistoryVersion}, {"key", line.key}};
  add_history_members(object, line);
  return object.dump(-1, ' ', false, Json::error_handler_t::replace) + "\n";
}

Expected<HistoryLine> parse_history_line(std::string_view text) {
  const auto document = parse_json(text);
  if (!document) {
    return tl::unexpected(document.error());
  }
  if (!document->is_object() || document->value("format", "") != kHistoryFormat) {
    return bad_input("not a line of a history");
  }
  return read_document<HistoryLine>([&] {
    const Node node(*document, "the line");
    if (node.at("version").integer() > kHistoryVersion) {
      node.at("version").refuse("written by a newer scantune");
    }
    return read_history(node);
  });
}

bool looks_like_history(std::string_view line) {
  const std::string start = fmt::format(R"({{"format":"{}",)", kHistoryFormat);
  return line.starts_with(start) || (line.size() < start.size() && std::string_view(start).starts_with(line));
}

std::string verify_json(const std::string& file, const std::vector<Staleness>& entries) {
  Json rows = Json::array();
  for (const Staleness& entry : entries) {
    Json aspects = Json::array();
    for (const Aspect& aspect : entry.aspects) {
      aspects.push_back({{"what", aspect.what},
                         {"state", name(aspect.state)},
                         {"then", text_or_null(aspect.then)},
                         {"now", text_or_null(aspect.now)},
                         {"text", text_or_null(aspect.text)}});
    }
    Json row = {{"key", entry.key}, {"chip", entry.chip}, {"workload", write_workload(entry.workload)}};
    add_variant(row, entry.variant);
    row["time_utc"] = text_or_null(entry.time);
    row["stale"] = entry.stale();
    row["aspects"] = std::move(aspects);
    rows.push_back(std::move(row));
  }
  return to_text(Json{{"format", "scantune-verify"}, {"version", 1}, {"file", file}, {"entries", std::move(rows)}});
}

}  // namespace scantune::wire
