#include "wire/values_json.h"

#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>
#include <unordered_map>
#include <utility>

namespace scantune::wire {
namespace {

std::string text_or_empty(const Node& node, std::string_view member) {
  const auto found = node.find(member);
  return found ? found->text() : std::string();
}

int64_t integer_or_0(const Node& node, std::string_view member) {
  const auto found = node.find(member);
  return found ? found->integer() : 0;
}

int small_or_0(const Node& node, std::string_view member) {
  const auto found = node.find(member);
  return found ? found->small_integer() : 0;
}

Json write_value(const Value& value) {
  if (const auto* number = std::get_if<int64_t>(&value)) {
    return *number;
  }
  return std::get<std::string>(value);
}

Json write_metric(const MetricValue& metric) {
  Json object = {{"requested", metric.requested}, {"read_as", metric.read_as}};
  const bool finite = metric.value && std::isfinite(*metric.value);
  object["value"] = finite ? Json(*metric.value) : Json(nullptr);
  object["unit"] = metric.unit;
  if (!metric.reason.empty()) {
    object["reason"] = metric.reason;
  } else if (!finite) {
    object["reason"] = metric.value ? "what was read is no finite number" : "no reason was given";
  }
  return object;
}

MetricValue read_metric(const Node& node) {
  MetricValue metric;
  metric.requested = node.at("requested").text();
  metric.read_as = node.at("read_as").text();
  if (!node.at("value").value().is_null()) {
    metric.value = node.at("value").number();
  }
  metric.unit = node.at("unit").text();
  metric.reason = text_or_empty(node, "reason");
  if (!metric.value && metric.reason.empty()) {
    node.refuse("a value of null needs a \"reason\"");
  }
  return metric;
}

}  // namespace

Json number_or_null(int64_t number) { return number == 0 ? Json(nullptr) : Json(number); }

Json number_or_null(double number) { return number == 0 || !std::isfinite(number) ? Json(nullptr) : Json(number); }

Json text_or_null(const std::string& text) { return text.empty() ? Json(nullptr) : Json(text); }

Json write_workload(const Workload& workload) {
  const Geometry g = workload.geometry();
  return {{"shape", workload.shape.extents},
          {"dim", workload.shape.dim},
          {"outer", g.outer},
          {"n", g.n},
          {"inner", g.inner},
          {"dtype", name(workload.dtype)},
          {"accumulator", name(workload.accumulator)},
          {"cache", name(workload.cache)},
          {"deterministic", workload.deterministic},
          {"bytes_read", workload.bytes_read()},
          {"bytes_written", workload.bytes_written()}};
}

Workload read_workload(const Node& node) {
  Workload workload;
  const Node dim = node.at("dim");
  workload.shape = node.at("shape").take(make_shape(node.at("shape").integers(), dim.small_integer()));
  workload.dtype = node.at("dtype").take(parse_dtype(node.at("dtype").text()));
  workload.accumulator = node.at("accumulator").take(parse_dtype(node.at("accumulator").text()));
  workload.cache = node.at("cache").take(parse_cache_state(node.at("cache").text()));
  workload.deterministic = node.at("deterministic").boolean();
  return workload;
}

Json write_chip(const Chip& chip) {
  return {{"name", chip.name},
          {"backend", name(chip.backend)},
          {"code_name", text_or_null(chip.code_name)},
          {"compute_capability", number_or_null(int64_t{chip.compute_capability})},
          {"multiprocessors", number_or_null(int64_t{chip.multiprocessors})},
          {"cache_bytes", number_or_null(chip.cache_bytes)},
          {"dram_bytes_per_s", number_or_null(chip.dram_bytes_per_s)},
          {"max_threads_per_block", number_or_null(int64_t{chip.max_threads_per_block})},
          {"max_threads_per_sm", number_or_null(int64_t{chip.max_threads_per_sm})},
          {"max_blocks_per_sm", number_or_null(int64_t{chip.max_blocks_per_sm})},
          {"registers_per_sm", number_or_null(int64_t{chip.registers_per_sm})},
          {"max_registers_per_thread", number_or_null(int64_t{chip.max_registers_per_thread})},
          {"shared_bytes_per_block", number_or_null(chip.shared_bytes_per_block)},
          {"shared_bytes_per_sm", number_or_null(chip.shared_bytes_per_sm)}};
}

Chip read_chip(const Node& node) {
  Chip chip;
  const std::string backend = node.at("backend").text();
  if (backend != name(Backend::cuda) && backend != name(Backend::cpu)) {
    node.at("backend").expected(R"("cuda" or "cpu")");
  }
  chip.backend = backend == name(Backend::cuda) ? Backend::cuda : Backend::cpu;
  chip.name = node.at("name").text();
  chip.code_name = text_or_empty(node, "code_name");
  chip.compute_capability = small_or_0(node, "compute_capability");
  chip.multiprocessors = small_or_0(node, "multiprocessors");
  chip.cache_bytes = integer_or_0(node, "cache_bytes");
  if (const auto rate = node.find("dram_bytes_per_s")) {
    chip.dram_bytes_per_s = rate->number();
  }
  chip.max_threads_per_block = small_or_0(node, "max_threads_per_block");
  chip.max_threads_per_sm = small_or_0(node, "max_threads_per_sm");
  chip.max_blocks_per_sm = small_or_0(node, "max_blocks_per_sm");
  chip.registers_per_sm = small_or_0(node, "registers_per_sm");
  chip.max_registers_per_thread = small_or_0(node, "max_registers_per_thread");
  chip.shared_bytes_per_block = integer_or_0(node, "shared_bytes_per_block");
  chip.shared_bytes_per_sm = integer_or_0(node, "shared_bytes_per_sm");
  return chip;
}

Json write_device(const DeviceInfo& device) {
  return {{"id", device.id},
          {"chip", write_chip(device.chip)},
          {"uuid", text_or_null(device.uuid)},
          {"driver", text_or_null(device.driver)},
          {"compiler", text_or_null(device.compiler)},
          {"memory_bytes", number_or_null(device.memory_bytes)},
          {"free_bytes", number_or_null(device.free_bytes)}};
}

DeviceInfo read_device(const Node& node) {
  return {.chip = read_chip(node.at("chip")),
          .id = node.at("id").text(),
          .uuid = text_or_empty(node, "uuid"),
          .driver = text_or_empty(node, "driver"),
          .compiler = text_or_empty(node, "compiler"),
          .memory_bytes = integer_or_0(node, "memory_bytes"),
          .free_bytes = integer_or_0(node, "free_bytes")};
}

// Both directions name every member of Protocol: one more does not compile until it is written and read.
Json write_protocol(const Protocol& protocol) {
  const auto& [version, warmup_copies, round_variants, round_copies, short_run_ns, sample_ns, race_min_rounds,
               race_margin, screen_looks, tight_half_width, screen_min_rounds, screen_time_s, final_rounds,
               final_min_rounds, final_time_s, final_variants, disturbance, discard_share, confidence, equivalence] =
      protocol;
  return {{"version", version},
          {"warmup_copies", warmup_copies},
          {"round_variants", round_variants},
          {"round_copies", round_copies},
          {"short_run_ns", short_run_ns},
          {"sample_ns", sample_ns},
          {"race_min_rounds", race_min_rounds},
          {"race_margin", race_margin},
          {"screen_looks", screen_looks},
          {"tight_half_width", tight_half_width},
          {"screen_min_rounds", screen_min_rounds},
          {"screen_time_s", screen_time_s},
          {"final_rounds", final_rounds},
          {"final_min_rounds", final_min_rounds},
          {"final_time_s", final_time_s},
          {"final_variants", final_variants},
          {"disturbance", disturbance},
          {"discard_share", discard_share},
          {"confidence", confidence},
          {"equivalence", equivalence}};
}

Protocol read_protocol(const Node& node) {
  Protocol protocol;
  auto& [version, warmup_copies, round_variants, round_copies, short_run_ns, sample_ns, race_min_rounds, race_margin,
         screen_looks, tight_half_width, screen_min_rounds, screen_time_s, final_rounds, final_min_rounds, final_time_s,
         final_variants, disturbance, discard_share, confidence, equivalence] = protocol;
  version = node.at("version").small_integer();
  warmup_copies = node.at("warmup_copies").small_integer();
  round_variants = node.at("round_variants").small_integer();
  round_copies = node.at("round_copies").small_integer();
  short_run_ns = node.at("short_run_ns").number();
  sample_ns = node.at("sample_ns").number();
  race_min_rounds = node.at("race_min_rounds").small_integer();
  race_margin = node.at("race_margin").number();
  screen_looks.clear();
  for (const Node& look : node.at("screen_looks").items()) {
    screen_looks.push_back(look.small_integer());
  }
  tight_half_width = node.at("tight_half_width").number();
  screen_min_rounds = node.at("screen_min_rounds").small_integer();
  screen_time_s = node.at("screen_time_s").number();
  final_rounds = node.at("final_rounds").small_integer();
  final_min_rounds = node.at("final_min_rounds").small_integer();
  final_time_s = node.at("final_time_s").number();
  final_variants = node.at("final_variants").small_integer();
  disturbance = node.at("disturbance").number();
  discard_share = node.at("discard_share").number();
  confidence = node.at("confidence").number();
  equivalence = node.at("equivalence").number();
  return protocol;
}

Json write_provenance(const Provenance& provenance) {
  return {{"tool_version", text_or_null(provenance.tool_version)},
          {"time_utc", text_or_null(provenance.time)},
          {"host", text_or_null(provenance.host)},
          {"device", text_or_null(provenance.device)},
          {"uuid", text_or_null(provenance.uuid)},
          {"driver", text_or_null(provenance.driver)},
          {"compiler", text_or_null(provenance.compiler)},
          {"protocol_digest", text_or_null(provenance.protocol)},
          {"source_digest", text_or_null(provenance.source)}};
}

Provenance read_provenance(const Node& node) {
  return {.tool_version = text_or_empty(node, "tool_version"),
          .time = text_or_empty(node, "time_utc"),
          .host = text_or_empty(node, "host"),
          .device = text_or_empty(node, "device"),
          .uuid = text_or_empty(node, "uuid"),
          .driver = text_or_empty(node, "driver"),
          .compiler = text_or_empty(node, "compiler"),
          .protocol = text_or_empty(node, "protocol_digest"),
          .source = text_or_empty(node, "source_digest")};
}

void add_variant(Json& object, const Variant& variant) {
  object["variant"] = to_string(variant);
  object["kernel"] = variant.kernel;
  object["params"] = Json::object();
  for (const Setting& setting : variant.settings) {
    object["params"][setting.name] = write_value(setting.value);
  }
}

Variant read_variant(const Node& node) {
  // The spelling gives the order of the settings, which tools may change in an object.
  Variant variant = node.at("variant").take(parse_variant(node.at("variant").text()));
  const Node params_node = node.at("params");
  const Json& params = params_node.value();
  bool same =
      node.at("kernel").text() == variant.kernel && params.is_object() && params.size() == variant.settings.size();
  for (const Setting& setting : variant.settings) {
    same = same && params.contains(setting.name) && params.at(setting.name) == write_value(setting.value);
  }
  if (!same) {
    node.refuse(
        fmt::format(R"("kernel" and "params" do not say the same as "variant", which is '{}')", to_string(variant)));
  }
  return variant;
}

Json write_interval(const Interval& interval) {
  const bool finite = std::isfinite(interval.median) && std::isfinite(interval.low) && std::isfinite(interval.high);
  if (!finite || interval == Interval{}) {
    return {{"median", nullptr},
            {"low", nullptr},
            {"high", nullptr},
            {"reason", finite ? "not measured" : "the estimate is no finite number"}};
  }
  return {{"median", interval.median}, {"low", interval.low}, {"high", interval.high}};
}

Interval read_interval(const Node& node) {
  if (node.at("median").value().is_null()) {
    return {};
  }
  return {node.at("median").number(), node.at("low").number(), node.at("high").number()};
}

Json write_resources(const std::vector<EntryResources>& resources) {
  Json rows = Json::array();
  for (const EntryResources& launch : resources) {
    rows.push_back({{"entry", launch.entry},
                    {"registers_per_thread", launch.registers_per_thread},
                    {"static_shared_bytes", launch.static_shared_bytes},
                    {"dynamic_shared_bytes", launch.dynamic_shared_bytes},
                    {"spill_bytes_per_thread", launch.spill_bytes},
                    {"block_threads", launch.block_threads},
                    {"grid_blocks", launch.grid_blocks},
                    {"blocks_per_sm", number_or_null(int64_t{launch.blocks_per_sm})}});
  }
  return rows;
}

std::vector<EntryResources> read_resources(const Node& node) {
  std::vector<EntryResources> resources;
  for (const Node& row : node.items()) {
    resources.push_back({.entry = row.at("entry").text(),
                         .registers_per_thread = row.at("registers_per_thread").small_integer(),
                         .static_shared_bytes = row.at("static_shared_bytes").integer(),
                         .dynamic_shared_bytes = row.at("dynamic_shared_bytes").integer(),
                         .spill_bytes = row.at("spill_bytes_per_thread").integer(),
                         .block_threads = row.at("block_threads").small_integer(),
                         .grid_blocks = row.at("grid_blocks").integer(),
                         .blocks_per_sm = small_or_0(row, "blocks_per_sm")});
  }
  return resources;
}

StopReason read_stop_reason(const Node& node) {
  const std::string text = node.text();
  for (const StopReason reason : {StopReason::complete, StopReason::budget, StopReason::interrupted,
                                  StopReason::device_lost, StopReason::not_kept}) {
    if (text == name(reason)) {
      return reason;
    }
  }
  node.expected("why a run ended, such as \"complete\"");
}

Json write_metrics(const LaunchProfile& launch) {
  Json metrics = Json::array();
  for (const MetricValue& metric : launch.metrics) {
    metrics.push_back(write_metric(metric));
  }
  return metrics;
}

std::vector<MetricValue> read_metrics(const Node& node) {
  std::vector<MetricValue> metrics;
  for (const Node& metric : node.items()) {
    metrics.push_back(read_metric(metric));
  }
  return metrics;
}

void add_counters(Json& object, const std::optional<Profile>& profile) {
  if (!profile) {
    object["counters"] = nullptr;
    object["counters_reason"] = "not profiled in this run";
    return;
  }
  Json launches = Json::array();
  for (const LaunchProfile& launch : profile->launches) {
    launches.push_back({{"entry", launch.entry}, {"metrics", write_metrics(launch)}});
  }
  object["counters"] = std::move(launches);
}

std::optional<Profile> read_counters(const Node& node) {
  if (node.at("counters").value().is_null()) {
    return std::nullopt;
  }
  Profile profile;
  for (const Node& launch : node.at("counters").items()) {
    profile.launches.push_back({launch.at("entry").text(), read_metrics(launch.at("metrics"))});
  }
  return profile;
}

Json write_timeline(const Timeline& timeline) {
  Json begin = Json::array();
  Json end = Json::array();
  for (const TimelineSample& sample : timeline.samples) {
    begin.push_back(sample.begin_ns);
    end.push_back(sample.end_ns);
  }
  Json metrics = Json::array();
  for (size_t m = 0; m < timeline.metrics.size(); ++m) {
    Json values = Json::array();
    for (const TimelineSample& sample : timeline.samples) {
      values.push_back(sample.values.at(m));
    }
    metrics.push_back({{"name", timeline.metrics[m]}, {"unit", timeline.units.at(m)}, {"values", std::move(values)}});
  }
  return {{"begin_ns", std::move(begin)}, {"end_ns", std::move(end)}, {"metrics", std::move(metrics)}};
}

Timeline read_timeline(const Node& node) {
  Timeline timeline;
  const std::vector<double> begin = node.at("begin_ns").numbers();
  const std::vector<double> end = node.at("end_ns").numbers();
  if (end.size() != begin.size()) {
    node.at("end_ns").expected("as many numbers as begin_ns has");
  }
  for (size_t i = 0; i < begin.size(); ++i) {
    timeline.samples.push_back({begin[i], end[i], {}});
  }
  for (const Node& metric : node.at("metrics").items()) {
    timeline.metrics.push_back(metric.at("name").text());
    timeline.units.push_back(metric.at("unit").text());
    const std::vector<double> values = metric.at("values").numbers();
    if (values.size() != begin.size()) {
      metric.at("values").expected("as many numbers as begin_ns has");
    }
    for (size_t i = 0; i < values.size(); ++i) {
      timeline.samples[i].values.push_back(values[i]);
    }
  }
  return timeline;
}

Json write_phases(const RunPhases& phases) {
  return {{"begin_ns", phases.begin_ns},        {"end_ns", phases.end_ns},   {"steady_percent", phases.steady_percent},
          {"rise_ns", phases.rise_ns},          {"tail_ns", phases.tail_ns}, {"rise_cost_ns", phases.rise_cost_ns},
          {"tail_cost_ns", phases.tail_cost_ns}};
}

RunPhases read_phases(const Node& node) {
  return {.begin_ns = node.at("begin_ns").number(),
          .end_ns = node.at("end_ns").number(),
          .steady_percent = node.at("steady_percent").number(),
          .rise_ns = node.at("rise_ns").number(),
          .tail_ns = node.at("tail_ns").number(),
          .rise_cost_ns = node.at("rise_cost_ns").number(),
          .tail_cost_ns = node.at("tail_cost_ns").number()};
}

void add_timeline(Json& object, const std::optional<SampledTimeline>& sampled) {
  if (!sampled || !sampled->timeline) {
    object["timeline"] = nullptr;
    object["timeline_reason"] = sampled ? sampled->reason : "not asked for (--timeline)";
    return;
  }
  Json timeline = write_timeline(*sampled->timeline);
  timeline["phases"] = sampled->phases ? write_phases(*sampled->phases) : Json(nullptr);
  if (!sampled->phases) {
    timeline["phases_reason"] = sampled->phases_reason;
  }
  timeline["seconds"] = sampled->seconds;
  object["timeline"] = std::move(timeline);
}

std::optional<SampledTimeline> read_sampled_timeline(const Node& node) {
  const auto timeline = node.find("timeline");
  if (!timeline) {
    return std::nullopt;
  }
  SampledTimeline sampled{.timeline = read_timeline(*timeline), .seconds = timeline->at("seconds").number()};
  if (const auto phases = timeline->find("phases")) {
    sampled.phases = read_phases(*phases);
  } else {
    sampled.phases_reason = timeline->at("phases_reason").text();
  }
  return sampled;
}

Json write_failure(const Failure& failure) { return {{"kind", name(failure.kind)}, {"what", failure.what}}; }

Failure read_failure(const Node& node) {
  const std::string kind = node.at("kind").text();
  for (int i = 0; i <= static_cast<int>(FailureKind::not_recorded); ++i) {
    if (kind == name(static_cast<FailureKind>(i))) {
      return {static_cast<FailureKind>(i), node.at("what").text()};
    }
  }
  node.at("kind").expected("a kind of failure, such as \"compile\"");
}

Json write_spent(const TimeSpent& spent) {
  return {{"compile_s", spent.compile_s}, {"unasked_s", spent.unasked_s}, {"open_s", spent.open_s},
          {"verify_s", spent.verify_s},   {"measure_s", spent.measure_s}, {"profile_s", spent.profile_s},
          {"idle_s", spent.idle_s},       {"total_s", spent.total_s},     {"ready_s", spent.ready_s}};
}

TimeSpent read_spent(const Node& node) {
  const auto unasked = node.find("unasked_s");
  return {.compile_s = node.at("compile_s").number(),
          .unasked_s = unasked ? unasked->number() : 0,  // before it was written, only what was asked for was compiled
          .open_s = node.at("open_s").number(),
          .verify_s = node.at("verify_s").number(),
          .measure_s = node.at("measure_s").number(),
          .profile_s = node.at("profile_s").number(),
          .idle_s = node.at("idle_s").number(),
          .total_s = node.at("total_s").number(),
          .ready_s = node.at("ready_s").number()};
}

Phase read_phase(const Node& node) {
  const std::string text = node.text();
  for (const Phase phase : {Phase::screen, Phase::final}) {
    if (text == name(phase)) {
      return phase;
    }
  }
  node.expected(R"("screen" or "final")");
}

Json write_samples(const std::vector<Round>& rounds, const std::vector<std::string>& subjects) {
  Json names = Json::array({"copy"});
  for (const std::string& subject : subjects) {
    names.push_back(subject);
  }
  Json rows = Json::array();
  for (const Round& round : rounds) {
    Json order = Json::array();
    Json times = Json::array();
    for (const Sample& sample : round.samples) {
      order.push_back(sample.subject - kCopy);
      times.push_back(std::isfinite(sample.time_ns) ? Json(sample.time_ns) : Json(nullptr));
    }
    Json row = {{"phase", name(round.phase)}};
    if (round.runs != 1) {
      row["runs"] = round.runs;
    }
    if (round.resampled != 0) {
      row["resampled"] = round.resampled;
    }
    row["order"] = std::move(order);
    row["time_ns"] = std::move(times);
    rows.push_back(std::move(row));
  }
  return {{"subjects", std::move(names)}, {"rounds", std::move(rows)}};
}

std::vector<Round> read_samples(const Node& node, const std::vector<std::string>& subjects) {
  // The table may list the subjects in any order, as long as each is one of `subjects`.
  std::unordered_map<std::string, int> index_of = {{"copy", kCopy}};
  for (size_t i = 0; i < subjects.size(); ++i) {
    index_of.try_emplace(subjects[i], static_cast<int>(i));
  }
  std::vector<int> subject_of;
  for (const Node& item : node.at("subjects").items()) {
    const auto it = index_of.find(item.text());
    if (it == index_of.end()) {
      item.refuse(fmt::format("'{}' is neither \"copy\" nor a variant of this entry", item.text()));
    }
    subject_of.push_back(it->second);
  }
  std::vector<Round> rounds;
  for (const Node& row : node.at("rounds").items()) {
    const std::vector<int64_t> order = row.at("order").integers();
    const std::vector<double> times = row.at("time_ns").numbers();
    if (order.size() != times.size()) {
      row.refuse(fmt::format(R"("order" has {} elements, "time_ns" has {})", order.size(), times.size()));
    }
    const auto runs = row.find("runs");
    const auto resampled = row.find("resampled");
    Round round{
        read_phase(row.at("phase")), {}, runs ? runs->small_integer() : 1, resampled ? resampled->small_integer() : 0};
    for (size_t i = 0; i < order.size(); ++i) {
      if (order[i] < 0 || std::cmp_greater_equal(order[i], subject_of.size())) {
        row.at("order").refuse(fmt::format("{} is no index into \"subjects\"", order[i]));
      }
      round.samples.push_back({subject_of[static_cast<size_t>(order[i])], times[i]});
    }
    rounds.push_back(std::move(round));
  }
  return rounds;
}

Json write_step(const SearchStep& step) {
  Json read = Json::array();
  for (const StepReading& reading : step.read) {
    read.push_back({{"metric", reading.metric},
                    {"value", std::isfinite(reading.value) ? Json(reading.value) : Json(nullptr)},
                    {"unit", reading.unit}});
  }
  return {{"number", step.number},
          {"from", step.from ? Json(to_string(*step.from)) : Json(nullptr)},
          {"limit", text_or_null(step.limit)},
          {"read", std::move(read)},
          {"rule", step.rule},
          {"to", to_string(step.to)},
          {"predicted_ratio_to_copy", step.predicted_ratio ? number_or_null(*step.predicted_ratio) : Json(nullptr)},
          {"measured_ratio_to_copy", step.measured_ratio ? number_or_null(*step.measured_ratio) : Json(nullptr)},
          {"failure", text_or_null(step.failure)},
          {"best", step.best}};
}

SearchStep read_step(const Node& node) {
  SearchStep step;
  step.number = node.at("number").small_integer();
  if (const auto from = node.find("from")) {
    step.from = from->take(parse_variant(from->text()));
  }
  if (const auto limit = node.find("limit")) {
    step.limit = limit->text();
  }
  for (const Node& reading : node.at("read").items()) {
    const auto value = reading.find("value");
    step.read.push_back(
        {reading.at("metric").text(), value ? value->number() : std::nan(""), reading.at("unit").text()});
  }
  step.rule = node.at("rule").text();
  step.to = node.at("to").take(parse_variant(node.at("to").text()));
  if (const auto predicted = node.find("predicted_ratio_to_copy")) {
    step.predicted_ratio = predicted->number();
  }
  if (const auto measured = node.find("measured_ratio_to_copy")) {
    step.measured_ratio = measured->number();
  }
  if (const auto failure = node.find("failure")) {
    step.failure = failure->text();
  }
  step.best = node.at("best").boolean();
  return step;
}

}  // namespace scantune::wire
