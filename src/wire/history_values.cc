#include "wire/history_values.h"

#include <cmath>
#include <nlohmann/json.hpp>

namespace scantune::wire {

Json write_slowdown(const Interval& interval, bool known) {
  const bool finite = std::isfinite(interval.median) && std::isfinite(interval.low) && std::isfinite(interval.high);
  if (!known || !finite) {
    return {{"median", nullptr},
            {"low", nullptr},
            {"high", nullptr},
            {"reason", known ? "the estimate is no finite number" : "not measured"}};
  }
  return {{"median", interval.median}, {"low", interval.low}, {"high", interval.high}};
}

Json write_noise(const Noise& noise) {
  return {{"key", noise.key},
          {"variant", noise.variant},
          {"sessions", noise.sessions},
          {"rounds_per_session", noise.rounds},
          {"round_sd", noise.round_sd},
          {"session_sd", noise.session_sd},
          {"rounds_needed", number_or_null(int64_t{noise.rounds_needed})},
          {"smallest_threshold", noise.smallest_threshold},
          {"draws", noise.draws},
          {"flagged", noise.flagged},
          {"inconclusive", noise.inconclusive},
          {"planted_found", noise.found}};
}

Noise read_noise(const Node& node) {
  const auto needed = node.find("rounds_needed");
  return {.key = node.at("key").text(),
          .variant = node.at("variant").text(),
          .sessions = node.at("sessions").small_integer(),
          .rounds = node.at("rounds_per_session").small_integer(),
          .round_sd = node.at("round_sd").number(),
          .session_sd = node.at("session_sd").number(),
          .rounds_needed = needed ? needed->small_integer() : 0,
          .smallest_threshold = node.at("smallest_threshold").number(),
          .flagged = node.at("flagged").number(),
          .found = node.at("planted_found").number(),
          .inconclusive = node.at("inconclusive").number(),
          .draws = node.at("draws").small_integer()};
}

Json write_level_change(const std::optional<LevelChange>& change) {
  if (!change) {
    return nullptr;
  }
  return {{"runs", change->runs},
          {"at", change->at},
          {"time_utc", text_or_null(change->time)},
          {"commit", text_or_null(change->commit)},
          {"before", change->before},
          {"after", change->after},
          {"relative", change->after / change->before - 1},
          {"p", change->p}};
}

void add_history_members(Json& object, const HistoryLine& line) {
  object["time_utc"] = line.time;
  object["commit"] = text_or_null(line.commit);
  object["variant"] = line.variant;
  object["tool_version"] = text_or_null(line.tool_version);
  object["host"] = text_or_null(line.host);
  object["driver"] = text_or_null(line.driver);
  object["compiler"] = text_or_null(line.compiler);
  object["source_digest"] = text_or_null(line.source);
  object["protocol_digest"] = text_or_null(line.protocol);
  object["threshold"] = line.threshold;
  object["confidence"] = line.confidence;
  if (line.noise) {
    object["noise"] = write_noise(*line.noise);
    return;
  }
  object["verdict"] = name(line.verdict);
  object["against"] = name(line.against);
  object["slowdown"] = write_slowdown(line.slowdown, true);
  object["ratio_to_copy"] = write_interval(line.ratio_to_copy);
  object["time_ns"] = write_interval(line.time_ns);
  object["copy_time_ns"] = write_interval(line.copy_time_ns);
  object["rounds"] = line.rounds;
}

}  // namespace scantune::wire
