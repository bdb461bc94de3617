#include "wire/journal_json.h"

#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>
#include <utility>

#include "core/digest.h"
#include "wire/values_json.h"

namespace scantune::wire {
namespace {

constexpr std::string_view kSum = R"({"sum":")";
constexpr size_t kSumDigits = 16;
constexpr std::string_view kEvent = R"(","event":)";
constexpr std::string_view kContext = R"({"context":")";
constexpr std::string_view kKind = R"(","kind":")";
constexpr size_t kMaxKind = 40;
constexpr std::string_view kFresh = R"(","fresh":true)";  // after the kind's word
constexpr std::string_view kNotFresh = R"(","fresh":false)";
constexpr std::string_view kEnd = "}";

constexpr size_t kEventStart = kSum.size() + kSumDigits + kEvent.size();
constexpr size_t kContextStart = kContext.size();  // in the event, as is the next
constexpr size_t kKindStart = kContextStart + kContextDigits + kKind.size();

bool is_hex(std::string_view digits) {
  return std::ranges::all_of(digits, [](char c) { return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f'); });
}

std::string line_of(std::string_view event) {
  return fmt::format("{}{:016x}{}{}{}\n", kSum, checksum(event), kEvent, event, kEnd);
}

Json write_trial(const Trial& trial) { return {{"variant", to_string(trial.variant)}, {"build", trial.build}}; }

Trial read_trial(const Node& node) {
  return {node.at("variant").take(parse_variant(node.at("variant").text())), node.at("build").text()};
}

// --- Each kind's members, written into an event and read from it ---

void write_what(Json& event, const RunBegan& began) {
  event["fresh"] = began.fresh;
  event["workload"] = write_workload(began.context.workload);
  event["chip"] = write_chip(began.context.chip);
  event["driver"] = began.context.driver;
  event["protocol"] = write_protocol(began.context.protocol);
  event["provenance"] = write_provenance(began.provenance);
  event["seed"] = began.seed;
}

RunBegan read_run_began(const Node& node) {
  return {.context = {.workload = read_workload(node.at("workload")),
                      .chip = read_chip(node.at("chip")),
                      .driver = node.at("driver").text(),
                      .protocol = read_protocol(node.at("protocol"))},
          .provenance = read_provenance(node.at("provenance")),
          .seed = node.at("seed").natural(),
          .fresh = node.at("fresh").boolean()};
}

void write_what(Json& event, const TrialCompiled& compiled) {
  event["trial"] = write_trial(compiled.trial);
  event["compile_s"] = compiled.seconds;
  event["from_cache"] = compiled.from_cache;
}

TrialCompiled read_compiled(const Node& node) {
  return {.trial = read_trial(node.at("trial")),
          .seconds = node.at("compile_s").number(),
          .from_cache = node.at("from_cache").boolean()};
}

void write_what(Json& event, const TrialVerified& verified) {
  event["trial"] = write_trial(verified.trial);
  event["bytes_in_flight_per_sm"] = number_or_null(verified.bytes_in_flight_per_sm);
  event["resources"] = write_resources(verified.resources);
}

TrialVerified read_verified(const Node& node) {
  const auto in_flight = node.find("bytes_in_flight_per_sm");
  return {.trial = read_trial(node.at("trial")),
          .resources = read_resources(node.at("resources")),
          .bytes_in_flight_per_sm = in_flight ? in_flight->integer() : 0};
}

void write_what(Json& event, const RoundTaken& taken) {
  event["phase"] = name(taken.round.phase);
  event["discarded"] = text_or_null(taken.discarded);
  event["runs"] = taken.round.runs;
  if (taken.round.resampled != 0) {
    event["resampled"] = taken.round.resampled;
  }
  if (!taken.uuid.empty()) {
    event["uuid"] = taken.uuid;
  }
  Json& trials = event["trials"] = Json::array();
  for (const Trial& trial : taken.trials) {
    trials.push_back(write_trial(trial));
  }
  // As in the other files, the copy is 0 and trials follow.
  Json& samples = event["samples"] = Json::array();
  for (const Sample& sample : taken.round.samples) {
    samples.push_back(
        Json::array({sample.subject - kCopy, std::isfinite(sample.time_ns) ? Json(sample.time_ns) : Json(nullptr)}));
  }
}

RoundTaken read_round(const Node& node) {
  RoundTaken taken;
  taken.round.phase = read_phase(node.at("phase"));
  taken.round.runs = node.at("runs").small_integer();
  if (const auto resampled = node.find("resampled")) {
    taken.round.resampled = resampled->small_integer();
  }
  if (const auto why = node.find("discarded")) {
    taken.discarded = why->text();
  }
  if (const auto uuid = node.find("uuid")) {
    taken.uuid = uuid->text();
  }
  for (const Node& trial : node.at("trials").items()) {
    taken.trials.push_back(read_trial(trial));
  }
  const Node samples = node.at("samples");
  if (!samples.value().is_array()) {
    samples.expected("an array");
  }
  taken.round.samples.reserve(samples.value().size());
  for (const Json& pair : samples.value()) {
    const bool good = pair.is_array() && pair.size() == 2 && pair[0].is_number_unsigned() &&
                      pair[0].get<uint64_t>() <= taken.trials.size() && (pair[1].is_number() || pair[1].is_null());
    if (!good) {
      samples.refuse(fmt::format("sample {} is not [0 (the copy) to {} (the last trial), a time in ns]",
                                 taken.round.samples.size(), taken.trials.size()));
    }
    taken.round.samples.push_back(
        {static_cast<int>(pair[0].get<uint64_t>()) + kCopy, pair[1].is_null() ? std::nan("") : pair[1].get<double>()});
  }
  return taken;
}

void write_what(Json& event, const TrialScreened& screened) {
  event["trial"] = write_trial(screened.trial);
  event["verdict"] = name(screened.verdict);
}

TrialScreened read_screened(const Node& node) {
  const std::string text = node.at("verdict").text();
  for (const Verdict verdict : {Verdict::slower, Verdict::tight, Verdict::enough}) {
    if (text == name(verdict)) {
      return {read_trial(node.at("trial")), verdict};
    }
  }
  node.at("verdict").expected(R"("slower", "tight" or "enough")");
}

void write_what(Json& event, const TrialProfiled& profiled) {
  event["trial"] = write_trial(profiled.trial);
  add_counters(event, profiled.profile);
}

TrialProfiled read_profiled(const Node& node) {
  auto profile = read_counters(node);
  if (!profile) {
    node.at("counters").expected("an array");
  }
  return {read_trial(node.at("trial")), *std::move(profile)};
}

void write_what(Json& event, const TrialFailed& failed) {
  event["trial"] = write_trial(failed.trial);
  event["failure"] = write_failure(failed.failure);
}

TrialFailed read_failed(const Node& node) { return {read_trial(node.at("trial")), read_failure(node.at("failure"))}; }

void write_what(Json& event, const RunEnded& ended) {
  event["reason"] = name(ended.reason);
  event["winner"] = text_or_null(ended.winner);
  event["spent"] = write_spent(ended.spent);
}

RunEnded read_run_ended(const Node& node) {
  RunEnded ended;
  const std::string reason = node.at("reason").text();
  bool known = false;
  for (const StopReason stop : {StopReason::complete, StopReason::budget, StopReason::interrupted,
                                StopReason::device_lost, StopReason::not_kept}) {
    if (reason == name(stop)) {
      ended.reason = stop;
      known = true;
    }
  }
  if (!known) {
    node.at("reason").expected(R"("complete", "budget", "interrupted", "device_lost" or "not_kept")");
  }
  if (const auto winner = node.find("winner")) {
    ended.winner = winner->text();
  }
  ended.spent = read_spent(node.at("spent"));
  return ended;
}

void write_what(Json& event, const SearchStepped& stepped) { event["step"] = write_step(stepped.step); }

JournalWhat read_what(const Node& node, EventKind kind) {
  switch (kind) {
    case EventKind::run_began:
      return read_run_began(node);
    case EventKind::compiled:
      return read_compiled(node);
    case EventKind::verified:
      return read_verified(node);
    case EventKind::round:
      return read_round(node);
    case EventKind::screened:
      return read_screened(node);
    case EventKind::profiled:
      return read_profiled(node);
    case EventKind::failed:
      return read_failed(node);
    case EventKind::run_ended:
      return read_run_ended(node);
    case EventKind::step:
      return SearchStepped{read_step(node.at("step"))};
  }
  node.refuse("no such kind");
}

std::optional<EventKind> kind_named(std::string_view word) {
  const auto* const it = std::ranges::find(kAllEventKinds, word, [](EventKind kind) { return name(kind); });
  return it == kAllEventKinds.end() ? std::nullopt : std::optional(*it);
}

Json write_damaged(const std::vector<JournalDamage>& damaged) {
  Json rows = Json::array();
  for (const JournalDamage& one : damaged) {
    rows.push_back({{"line", one.line}, {"offset", one.offset}, {"bytes", one.bytes}, {"why", one.why}});
  }
  return rows;
}

Json write_context_stats(const ContextStats& stats) {
  Json row = {
      {"context", stats.id}, {"workload", nullptr}, {"chip", nullptr}, {"driver", nullptr}, {"protocol", nullptr}};
  if (stats.context) {
    row["workload"] = write_workload(stats.context->workload);
    row["chip"] = write_chip(stats.context->chip);
    row["driver"] = stats.context->driver;
    row["protocol"] = write_protocol(stats.context->protocol);
  }
  row["runs"] = stats.runs;
  row["trials"] = stats.trials;
  row["failed_trials"] = stats.failed_trials;
  row["rounds"] = stats.rounds;
  row["discarded_rounds"] = stats.discarded_rounds;
  row["samples"] = stats.samples;
  row["history_events"] = stats.history_events;
  row["first_time_utc"] = text_or_null(stats.first_time);
  row["last_time_utc"] = text_or_null(stats.last_time);
  return row;
}

std::string on_one_line(const Json& value) { return value.dump(-1, ' ', false, Json::error_handler_t::replace); }

// Deeper than an event nests, and no danger to the parser's stack.
constexpr int kMaxDepth = 50;

// Whether brackets nest deeper, those in strings counted as well.
bool may_be_deep(std::string_view text) {
  int depth = 0;
  int deepest = 0;
  for (const char c : text) {
    depth += c == '[' || c == '{' ? 1 : c == ']' || c == '}' ? -1 : 0;
    deepest = std::max(deepest, depth);
  }
  return deepest > kMaxDepth;
}

// parse_json() for the usual line, in half the time: a journal has many.
Expected<Json> parse_line(std::string_view text) {
  if (!may_be_deep(text)) {
    if (Json json = Json::parse(text.begin(), text.end(), nullptr, false); !json.is_discarded()) {
      return json;
    }
  }
  return parse_json(text);
}

}  // namespace

std::string to_line(const JournalEvent& event) {
  Json object = {{"context", event.context}, {"kind", name(kind_of(event.what))}};
  std::visit([&](const auto& what) { write_what(object, what); }, event.what);
  return line_of(on_one_line(object));
}

std::string_view text(LineFault fault) {
  switch (fault) {
    case LineFault::empty:
      return "it is empty";
    case LineFault::torn:
      return "torn: its end is missing";
    case LineFault::foreign:
      return "not a line that scantune writes";
    case LineFault::checksum:
      return "corrupt: its checksum is not that of its text";
    case LineFault::head:
      return "its checksum is right, but context and kind are not where they belong";
    case LineFault::too_long:
      return "longer than any line that scantune writes";
  }
  return "damaged";
}

tl::expected<LineHead, LineFault> check_line(std::string_view line) {
  if (line.empty()) {
    return tl::unexpected(LineFault::empty);
  }
  if (!line.starts_with(kSum.substr(0, std::min(kSum.size(), line.size())))) {
    return tl::unexpected(LineFault::foreign);
  }
  if (line.size() <= kEventStart + kEnd.size() || !line.ends_with(kEnd)) {
    return tl::unexpected(LineFault::torn);
  }
  const std::string_view digits = line.substr(kSum.size(), kSumDigits);
  if (line.substr(kSum.size() + kSumDigits, kEvent.size()) != kEvent || !is_hex(digits)) {
    return tl::unexpected(LineFault::foreign);
  }
  LineHead head;
  head.event = line.substr(kEventStart, line.size() - kEventStart - kEnd.size());
  if (fmt::format("{:016x}", checksum(head.event)) != digits) {
    // Text that was cut right after an inner brace ends as a line does; an event does, too.
    return tl::unexpected(head.event.ends_with('}') ? LineFault::checksum : LineFault::torn);
  }
  head.context = head.event.substr(0, kKindStart);
  if (head.event.size() <= kKindStart || !head.context.starts_with(kContext) || !head.context.ends_with(kKind)) {
    return tl::unexpected(LineFault::head);
  }
  head.context = head.context.substr(kContextStart, kContextDigits);
  const std::string_view rest = head.event.substr(kKindStart);
  const size_t end = rest.substr(0, kMaxKind + 1).find('"');
  if (!is_hex(head.context) || end == 0 || end == std::string_view::npos) {
    return tl::unexpected(LineFault::head);
  }
  head.kind_name = rest.substr(0, end);
  head.kind = kind_named(head.kind_name);
  head.fresh = head.kind == EventKind::run_began && rest.substr(end).starts_with(kFresh);
  return head;
}

bool looks_like_a_journal(std::string_view start) {
  const std::string_view line = start.substr(0, start.find('\n'));
  // Its very first line may have been torn within the first word.
  return line.starts_with(kSum) || kSum.starts_with(start) ||
         line.find(R"("event":{"context":")") != std::string_view::npos;
}

Expected<JournalEvent> parse_event(std::string_view event) {
  const auto json = parse_line(event);
  if (!json) {
    return tl::unexpected(json.error());
  }
  return read_document<JournalEvent>([&] {
    const Node node(*json, "event");
    const auto kind = kind_named(node.at("kind").text());
    if (!kind) {
      node.at("kind").refuse(fmt::format("'{}' is not known to this version", node.at("kind").text()));
    }
    return JournalEvent{node.at("context").text(), read_what(Node(*json, std::string(name(*kind))), *kind)};
  });
}

Expected<void> check_json(std::string_view text) {
  const auto json = parse_json(text);
  return json ? Expected<void>() : tl::unexpected(json.error());
}

std::string without_fresh(std::string_view line) {
  const auto head = check_line(line.substr(0, line.find('\n')));
  if (!head || !head->fresh) {
    return std::string(line);
  }
  std::string event(head->event);
  event.replace(kKindStart + head->kind_name.size(), kFresh.size(), kNotFresh);
  std::string changed = line_of(event);
  if (!line.ends_with('\n')) {
    changed.pop_back();
  }
  return changed;
}

std::string journal_stats_json(const JournalStats& stats) {
  Json document = {{"format", "scantune-journal-stats"},
                   {"version", 1},
                   {"file", stats.file},
                   {"bytes", stats.bytes},
                   {"lines", stats.lines}};
  for (const EventKind kind : kAllEventKinds) {
    document["events"][std::string(name(kind))] = stats.events.at(static_cast<size_t>(kind));
  }
  document["newer"] = stats.newer;
  document["damaged"] = write_damaged(stats.damaged);
  document["contexts"] = Json::array();
  for (const ContextStats& context : stats.contexts) {
    document["contexts"].push_back(write_context_stats(context));
  }
  return to_text(document);
}

std::string journal_check_json(std::string_view file, uint64_t bytes, size_t lines, size_t newer,
                               const std::vector<JournalDamage>& damaged) {
  return to_text({{"format", "scantune-journal-check"},
                  {"version", 1},
                  {"file", file},
                  {"bytes", bytes},
                  {"lines", lines},
                  {"newer", newer},
                  {"clean", damaged.empty()},
                  {"damaged", write_damaged(damaged)}});
}

std::string journal_events_head(std::string_view file) {
  return fmt::format("{{\"format\": \"scantune-journal-events\", \"version\": 1, \"file\": {}, \"events\": [\n",
                     on_one_line(Json(file)));
}

std::string journal_events_row(size_t line, std::string_view event) {
  return fmt::format(R"({{"line": {}, "event": {}}})", line, event);
}

std::string journal_events_tail(size_t newer, const std::vector<JournalDamage>& damaged) {
  return fmt::format("\n], \"newer\": {}, \"damaged\": {}}}\n", newer, on_one_line(write_damaged(damaged)));
}

}  // namespace scantune::wire
