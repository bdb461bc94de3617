#include "wire/profile_json.h"

#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>

#include "wire/document.h"
#include "wire/values_json.h"

namespace scantune::wire {
namespace {

Json optional_number(const std::optional<double>& number) {
  return number && std::isfinite(*number) ? Json(*number) : Json(nullptr);
}

Json write_stalls(const std::vector<StallShare>& stalls) {
  Json list = Json::array();
  for (const StallShare& stall : stalls) {
    list.push_back({{"reason", stall.reason}, {"share", stall.share}});
  }
  return list;
}

Json write_launch(const LaunchSheet& launch, bool on_gpu) {
  const EntryResources& r = launch.resources;
  Json object = {{"entry", launch.counters.entry.empty() ? r.entry : launch.counters.entry},
                 {"function", launch.function}};
  // Registers, shared memory and blocks are a GPU's; 0 is a figure there.
  object["geometry"] = nullptr;
  if (on_gpu) {
    object["geometry"] = {{"grid_blocks", r.grid_blocks},
                          {"block_threads", r.block_threads},
                          {"registers_per_thread", r.registers_per_thread},
                          {"static_shared_bytes", r.static_shared_bytes},
                          {"dynamic_shared_bytes", r.dynamic_shared_bytes},
                          {"spill_bytes", r.spill_bytes},
                          {"blocks_per_sm", number_or_null(int64_t{r.blocks_per_sm})},
                          {"waves", number_or_null(launch.waves)}};
  }
  object["occupancy"] = nullptr;
  if (launch.occupancy) {
    object["occupancy"] = {{"theoretical", launch.occupancy->theoretical},
                           {"achieved", optional_number(launch.occupancy->achieved)},
                           {"limited_by", launch.occupancy->limited_by}};
  }
  object["stalls"] = write_stalls(launch.stalls);
  object["metrics"] = write_metrics(launch.counters);
  return object;
}

Json write_explanations(const std::vector<Explanation>& explanations) {
  Json list = Json::array();
  for (const Explanation& one : explanations) {
    list.push_back({{"limit", one.limit},
                    {"title", one.title},
                    {"sentence", one.sentence},
                    {"evidence", one.evidence},
                    {"advice", one.advice},
                    {"no_advice", text_or_null(one.no_advice)}});
  }
  return list;
}

Json write_sheet(const Outcome& outcome, const ProfileSheet& sheet) {
  Json object = Json::object();
  add_variant(object, sheet.variant);
  object["failure"] = sheet.failure ? write_failure(*sheet.failure) : Json(nullptr);
  object["source_digest"] = text_or_null(sheet.source_digest);
  object["time_ns"] = sheet.time_ns ? write_interval(*sheet.time_ns) : Json(nullptr);
  object["ratio_to_copy"] = sheet.ratio_to_copy ? write_interval(*sheet.ratio_to_copy) : Json(nullptr);
  object["bytes_in_flight_per_sm"] = number_or_null(sheet.bytes_in_flight_per_sm);
  object["bytes_needed_per_sm"] = number_or_null(sheet.bytes_needed_per_sm);
  object["dram"] = {{"read_bytes", optional_number(sheet.read_bytes)},
                    {"written_bytes", optional_number(sheet.written_bytes)},
                    {"fewest_read_bytes", outcome.workload.bytes_read()},
                    {"fewest_written_bytes", outcome.workload.bytes_written()}};
  Json launches = Json::array();
  for (const LaunchSheet& launch : sheet.launches) {
    launches.push_back(write_launch(launch, outcome.device.chip.backend == Backend::cuda));
  }
  object["launches"] = std::move(launches);
  object["explanations"] = write_explanations(sheet.explanations);
  add_timeline(object, sheet.timeline);
  object["profile_s"] = sheet.profile_s;
  Json repeats = Json::array();
  for (const Profile& profile : sheet.repeats) {
    Json of_launches = Json::array();
    for (const LaunchProfile& launch : profile.launches) {
      of_launches.push_back({{"entry", launch.entry}, {"metrics", write_metrics(launch)}});
    }
    repeats.push_back(std::move(of_launches));
  }
  object["repeats"] = std::move(repeats);
  return object;
}

// --- Reading ---

Profile read_launches(const Node& node, Record& record) {
  Profile profile;
  for (const Node& launch : node.items()) {
    const std::string entry = launch.at("entry").text();
    profile.launches.push_back({entry, read_metrics(launch.at("metrics"))});
    if (const auto geometry = launch.find("geometry")) {
      const auto blocks = geometry->find("blocks_per_sm");
      record.resources.push_back({.entry = entry,
                                  .registers_per_thread = geometry->at("registers_per_thread").small_integer(),
                                  .static_shared_bytes = geometry->at("static_shared_bytes").integer(),
                                  .dynamic_shared_bytes = geometry->at("dynamic_shared_bytes").integer(),
                                  .spill_bytes = geometry->at("spill_bytes").integer(),
                                  .block_threads = geometry->at("block_threads").small_integer(),
                                  .grid_blocks = geometry->at("grid_blocks").integer(),
                                  .blocks_per_sm = blocks ? blocks->small_integer() : 0});
    }
  }
  return profile;
}

ProfileDocument read_profile(const Node& node) {
  ProfileDocument read;
  Outcome& outcome = read.outcome;
  outcome.workload = read_workload(node.at("workload"));
  outcome.device = read_device(node.at("device"));
  outcome.stopped = read_stop_reason(node.at("stopped"));
  if (const auto detail = node.find("stop_detail")) {
    outcome.stop_detail = detail->text();
  }
  outcome.provenance = read_provenance(node.at("provenance"));
  outcome.protocol = read_protocol(node.at("protocol"));
  outcome.seed = node.at("seed").natural();
  const Node sheet = node.at("profile");
  Record& record = outcome.records.emplace_back();
  record.variant = read_variant(sheet);
  if (const auto failure = sheet.find("failure")) {
    record.failure = read_failure(*failure);
  }
  if (const auto source = sheet.find("source_digest")) {
    record.source_digest = source->text();
  }
  if (const auto bytes = sheet.find("bytes_in_flight_per_sm")) {
    record.bytes_in_flight_per_sm = bytes->integer();
  }
  Profile profile = read_launches(sheet.at("launches"), record);
  const bool counted = std::ranges::any_of(profile.launches, [](const LaunchProfile& l) { return !l.metrics.empty(); });
  if (counted) {
    record.profile = std::move(profile);
  }
  const auto time = sheet.find("time_ns");
  const auto ratio = sheet.find("ratio_to_copy");
  if (time && ratio) {
    record.compiled = record.verified = true;
    outcome.ranking.push_back({0, Phase::final, read_interval(*time), read_interval(*ratio)});
    outcome.winner = 0;
  }
  if (const auto copy = node.at("copy").find("time_ns")) {
    outcome.copy_time_ns = read_interval(*copy);
  }
  outcome.rounds = read_samples(node.at("samples"), {to_string(record.variant)});
  read.timeline = read_sampled_timeline(sheet);
  return read;
}

// A field of a CSV file, quoted where it must be (RFC 4180).
std::string field(const std::string& text) {
  if (text.find_first_of(",\"\n\r") == std::string::npos) {
    return text;
  }
  std::string quoted = "\"";
  for (const char c : text) {
    quoted += c == '"' ? "\"\"" : std::string(1, c);
  }
  return quoted + "\"";
}

class Rows {
 public:
  void of_launch(const std::string& launch, const std::string& function) {
    launch_ = launch;
    function_ = function;
  }
  // Numbers are the shortest that read back as the same double, as in JSON.
  void add(const std::string& name, const std::optional<double>& value, const std::string& unit,
           const std::string& reason = {}) {
    add_text(name, value && std::isfinite(*value) ? Json(*value).dump() : "", unit, reason);
  }
  void add_text(const std::string& name, const std::string& value, const std::string& unit,
                const std::string& reason = {}) {
    text_ += fmt::format("{},{},{},{},{},{}\n", launch_, field(function_), field(name), field(value), field(unit),
                         field(reason));
  }
  [[nodiscard]] const std::string& text() const { return text_; }

 private:
  std::string launch_;
  std::string function_;
  std::string text_ = "launch,function,name,value,unit,reason\n";
};

}  // namespace

std::string profile_json(const Outcome& outcome, const ProfileSheet& sheet, int warm_runs) {
  Json document = {{"format", "scantune-profile"},
                   {"version", 1},
                   {"workload", write_workload(outcome.workload)},
                   {"device", write_device(outcome.device)},
                   {"stopped", name(outcome.stopped)},
                   {"stop_detail", text_or_null(outcome.stop_detail)},
                   {"profile", write_sheet(outcome, sheet)},
                   {"warm_runs", warm_runs},
                   {"copy", {{"time_ns", write_interval(outcome.copy_time_ns)}}},
                   {"provenance", write_provenance(outcome.provenance)},
                   {"protocol", write_protocol(outcome.protocol)},
                   {"seed", outcome.seed}};
  std::vector<std::string> subjects;
  for (const Record& record : outcome.records) {
    subjects.push_back(to_string(record.variant));
  }
  document["samples"] = write_samples(outcome.rounds, subjects);
  return to_text(document);
}

Expected<ProfileDocument> parse_profile(std::string_view text) {
  const auto document = parse_document(text, "scantune-profile", 1);
  if (!document) {
    return tl::unexpected(document.error());
  }
  return read_document<ProfileDocument>([&] { return read_profile(Node(*document, "the profile")); });
}

std::string profile_csv(const Outcome& outcome, const ProfileSheet& sheet) {
  Rows rows;
  rows.add_text("variant", to_string(sheet.variant), "");
  rows.add_text("workload", to_string(outcome.workload), "");
  rows.add_text("cache", std::string(name(outcome.workload.cache)), "");
  rows.add_text("chip", outcome.device.chip.name, "");
  if (sheet.failure) {
    rows.add_text("failure", std::string(name(sheet.failure->kind)), "", sheet.failure->what);
  }
  const auto median = [](const std::optional<Interval>& interval) {
    return interval ? std::optional(interval->median) : std::nullopt;
  };
  rows.add("time", median(sheet.time_ns), "ns");
  rows.add("ratio_to_copy", median(sheet.ratio_to_copy), "");
  rows.add("fewest_read_bytes", static_cast<double>(outcome.workload.bytes_read()), "bytes");
  rows.add("fewest_written_bytes", static_cast<double>(outcome.workload.bytes_written()), "bytes");
  if (sheet.bytes_in_flight_per_sm > 0) {
    rows.add("bytes_in_flight_per_sm", static_cast<double>(sheet.bytes_in_flight_per_sm), "bytes");
  }
  if (sheet.timeline) {
    const SampledTimeline& sampled = *sheet.timeline;
    const std::string reason = sampled.timeline ? sampled.phases_reason : sampled.reason;
    const auto add = [&](const std::string& name, double RunPhases::*phase, const std::string& unit) {
      rows.add(name, sampled.phases ? std::optional(*sampled.phases.*phase) : std::nullopt, unit, reason);
    };
    add("timeline_steady", &RunPhases::steady_percent, "%");
    add("timeline_rise", &RunPhases::rise_ns, "ns");
    add("timeline_rise_cost", &RunPhases::rise_cost_ns, "ns");
    add("timeline_tail", &RunPhases::tail_ns, "ns");
    add("timeline_tail_cost", &RunPhases::tail_cost_ns, "ns");
  }
  for (size_t i = 0; i < sheet.launches.size(); ++i) {
    const LaunchSheet& launch = sheet.launches[i];
    const EntryResources& r = launch.resources;
    rows.of_launch(fmt::format("{}", i + 1), launch.function);
    if (r.block_threads > 0) {
      rows.add("grid_blocks", static_cast<double>(r.grid_blocks), "blocks");
      rows.add("block_threads", r.block_threads, "threads");
      rows.add("registers_per_thread", r.registers_per_thread, "registers");
      rows.add("static_shared_bytes", static_cast<double>(r.static_shared_bytes), "bytes");
      rows.add("dynamic_shared_bytes", static_cast<double>(r.dynamic_shared_bytes), "bytes");
      rows.add("spill_bytes", static_cast<double>(r.spill_bytes), "bytes");
      rows.add("blocks_per_sm", r.blocks_per_sm, "blocks");
    }
    if (launch.occupancy) {
      rows.add("occupancy_theoretical", launch.occupancy->theoretical * 100, "%");
      rows.add("occupancy_achieved",
               launch.occupancy->achieved ? std::optional(*launch.occupancy->achieved * 100) : std::nullopt, "%");
      rows.add_text("occupancy_limited_by", launch.occupancy->limited_by, "");
    }
    for (const MetricValue& metric : launch.counters.metrics) {
      rows.add(metric.requested, metric.value, metric.unit, metric.reason);
    }
  }
  return rows.text();
}

}  // namespace scantune::wire
