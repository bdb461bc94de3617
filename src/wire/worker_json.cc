#include "wire/worker_json.h"

#include <array>
#include <functional>
#include <nlohmann/json.hpp>
#include <utility>

#include "wire/node.h"
#include "wire/values_json.h"

namespace scantune::wire::worker {
namespace {

template <class... Ts>
struct Overloaded : Ts... {
  using Ts::operator()...;
};
template <class... Ts>
Overloaded(Ts...) -> Overloaded<Ts...>;

constexpr std::array<std::pair<ErrorKind, std::string_view>, 4> kErrorKinds = {{{ErrorKind::bad_input, "bad_input"},
                                                                                {ErrorKind::environment, "environment"},
                                                                                {ErrorKind::device_lost, "device_lost"},
                                                                                {ErrorKind::failed, "failed"}}};

// What drivers and compilers say need not be UTF-8.
std::string line_of(const Json& json) { return json.dump(-1, ' ', false, Json::error_handler_t::replace) + "\n"; }

Json head(const char* role, const char* name) { return {{"version", kVersion}, {role, name}}; }

template <class T>
Expected<T> parse_line(std::string_view line, const char* what, const std::function<T(const Node&)>& read) {
  const auto failed = [&](const std::string& why) {
    return fail(ErrorKind::failed, "{} cannot be read: {}", what, why);
  };
  const auto json = parse_json(line);
  if (!json) {
    return failed(json.error().message);
  }
  auto value = read_document<T>([&] {
    const Node node(*json, "it");
    if (const int version = node.at("version").small_integer(); version != kVersion) {
      node.refuse(
          fmt::format("its version is {}, and this program's is {}: they are not of one build; start both "
                      "from the same file",
                      version, kVersion));
    }
    return read(node);
  });
  if (!value) {
    return failed(value.error().message);
  }
  return value;
}

size_t read_size(const Node& node) { return static_cast<size_t>(node.natural()); }

std::vector<std::string> read_texts(const Node& node) {
  std::vector<std::string> texts;
  for (const Node& item : node.items()) {
    texts.push_back(item.text());
  }
  return texts;
}

Json write_load(const Load& load) {
  Json json = head("request", "load");
  json["handle"] = load.handle;
  add_variant(json, load.variant);
  json["launches"] = Json::array();
  for (const Launch& launch : load.launches) {
    json["launches"].push_back({{"entry", launch.entry},
                                {"grid_blocks", launch.grid_blocks},
                                {"block_threads", launch.block_threads},
                                {"shared_bytes", launch.shared_bytes},
                                {"overlaps", launch.overlaps}});
  }
  json["functions"] = load.functions;
  json["workspace_bytes"] = load.workspace_bytes;
  json["resources"] = write_resources(load.resources);
  json["image_bytes"] = load.has_image ? Json(load.image_bytes) : Json(nullptr);
  return json;
}

Load read_load(const Node& node) {
  Load load;
  load.handle = node.at("handle").small_integer();
  load.variant = read_variant(node);
  for (const Node& launch : node.at("launches").items()) {
    load.launches.push_back({.entry = launch.at("entry").text(),
                             .grid_blocks = launch.at("grid_blocks").integer(),
                             .block_threads = launch.at("block_threads").small_integer(),
                             .shared_bytes = launch.at("shared_bytes").integer(),
                             .overlaps = launch.at("overlaps").boolean()});
  }
  load.functions = read_texts(node.at("functions"));
  load.workspace_bytes = node.at("workspace_bytes").integer();
  load.resources = read_resources(node.at("resources"));
  if (const auto bytes = node.find("image_bytes")) {
    load.has_image = true;
    load.image_bytes = read_size(*bytes);
  }
  return load;
}

TakeRound read_round(const Node& node) {
  TakeRound round;
  for (const Node& handle : node.at("order").items()) {
    round.order.push_back(handle.small_integer());
  }
  round.cache = node.at("cache").take(parse_cache_state(node.at("cache").text()));
  round.runs = node.at("runs").small_integer();
  return round;
}

Request read_request(const Node& node) {
  const Node request = node.at("request");
  const std::string name = request.text();
  const auto handle = [&] { return node.at("handle").small_integer(); };
  if (name == "hello") {
    return Hello{};
  }
  if (name == "memory_needed") {
    return MemoryNeeded{read_workload(node.at("workload"))};
  }
  if (name == "open") {
    return Open{read_workload(node.at("workload")), node.at("seed").natural()};
  }
  if (name == "close") {
    return Close{};
  }
  if (name == "load") {
    return read_load(node);
  }
  if (name == "unload") {
    return Unload{handle()};
  }
  if (name == "verify") {
    return Verify{handle()};
  }
  if (name == "round") {
    return read_round(node);
  }
  if (name == "profile") {
    return ReadCounters{handle(), read_texts(node.at("metrics")), node.at("warm_runs").small_integer()};
  }
  if (name == "timeline") {
    return SampleCounters{handle(), {read_texts(node.at("metrics")), node.at("interval_ns").number()}};
  }
  if (name == "disturbance") {
    return Disturbance{};
  }
  request.expected("a request of a worker");
}

Json write_failed(const Failed& failed) {
  Json json = head("reply", "failed");
  json.update(write_failure(failed.failure));
  json["position"] = failed.position ? Json(*failed.position) : Json(nullptr);
  return json;
}

Failed read_failed(const Node& node) {
  const auto position = node.find("position");
  return {read_failure(node), position ? std::optional(read_size(*position)) : std::nullopt};
}

Json write_refused(const Refused& refused) {
  Json json = head("reply", "refused");
  for (const auto& [kind, spelled] : kErrorKinds) {
    if (kind == refused.error.kind) {
      json["kind"] = spelled;
    }
  }
  json["message"] = refused.error.message;
  return json;
}

Refused read_refused(const Node& node) {
  const std::string kind = node.at("kind").text();
  for (const auto& [known, spelled] : kErrorKinds) {
    if (spelled == kind) {
      return Refused{{known, node.at("message").text()}};
    }
  }
  node.at("kind").expected("a kind of error");
}

Reply read_reply(const Node& node) {
  const Node reply = node.at("reply");
  const std::string name = reply.text();
  if (name == "info") {
    return Info{read_device(node.at("device"))};
  }
  if (name == "memory") {
    return Memory{node.at("bytes").integer()};
  }
  if (name == "opened") {
    return Opened{node.at("copy_ns").number()};
  }
  if (name == "done") {
    return Done{};
  }
  if (name == "loaded") {
    return Loaded{read_resources(node.at("resources"))};
  }
  if (name == "samples") {
    return Samples{node.at("time_ns").numbers()};
  }
  if (name == "counters") {
    return Counters{read_counters(node).value_or(Profile{})};
  }
  if (name == "sampled") {
    return Sampled{read_timeline(node.at("timeline"))};
  }
  if (name == "disturbed") {
    return Disturbed{node.at("by").text()};
  }
  if (name == "failed") {
    return read_failed(node);
  }
  if (name == "refused") {
    return read_refused(node);
  }
  reply.expected("a reply of a worker");
}

}  // namespace

std::string to_line(const Request& request) {
  const auto with = [](const char* name, const char* member, auto value) {
    Json json = head("request", name);
    json[member] = std::move(value);
    return json;
  };
  return line_of(std::visit(Overloaded{[](const Hello& /*asked*/) { return head("request", "hello"); },
                                       [&](const MemoryNeeded& asked) {
                                         return with("memory_needed", "workload", write_workload(asked.workload));
                                       },
                                       [&](const Open& asked) {
                                         Json json = with("open", "workload", write_workload(asked.workload));
                                         json["seed"] = asked.seed;
                                         return json;
                                       },
                                       [](const Close& /*asked*/) { return head("request", "close"); },
                                       [](const Load& asked) { return write_load(asked); },
                                       [&](const Unload& asked) { return with("unload", "handle", asked.handle); },
                                       [&](const Verify& asked) { return with("verify", "handle", asked.handle); },
                                       [&](const TakeRound& asked) {
                                         Json json = with("round", "order", asked.order);
                                         json["cache"] = name(asked.cache);
                                         json["runs"] = asked.runs;
                                         return json;
                                       },
                                       [&](const ReadCounters& asked) {
                                         Json json = with("profile", "handle", asked.handle);
                                         json["metrics"] = asked.metrics;
                                         json["warm_runs"] = asked.warm_runs;
                                         return json;
                                       },
                                       [&](const SampleCounters& asked) {
                                         Json json = with("timeline", "handle", asked.handle);
                                         json["metrics"] = asked.spec.metrics;
                                         json["interval_ns"] = asked.spec.interval_ns;
                                         return json;
                                       },
                                       [](const Disturbance& /*asked*/) { return head("request", "disturbance"); }},
                            request));
}

Expected<Request> parse_request(std::string_view line) {
  return parse_line<Request>(line, "the worker's request", read_request);
}

std::string to_line(const Reply& reply) {
  const auto with = [](const char* name, const char* member, auto value) {
    Json json = head("reply", name);
    json[member] = std::move(value);
    return json;
  };
  return line_of(std::visit(
      Overloaded{[&](const Info& answer) { return with("info", "device", write_device(answer.device)); },
                 [&](const Memory& answer) { return with("memory", "bytes", answer.bytes); },
                 [&](const Opened& answer) { return with("opened", "copy_ns", answer.copy_ns); },
                 [](const Done& /*answer*/) { return head("reply", "done"); },
                 [&](const Loaded& answer) { return with("loaded", "resources", write_resources(answer.resources)); },
                 [&](const Samples& answer) { return with("samples", "time_ns", answer.times_ns); },
                 [](const Counters& answer) {
                   Json json = head("reply", "counters");
                   add_counters(json, answer.profile);
                   return json;
                 },
                 [&](const Sampled& answer) { return with("sampled", "timeline", write_timeline(answer.timeline)); },
                 [&](const Disturbed& answer) { return with("disturbed", "by", answer.by); },
                 [](const Failed& answer) { return write_failed(answer); },
                 [](const Refused& answer) { return write_refused(answer); }},
      reply));
}

Expected<Reply> parse_reply(std::string_view line) { return parse_line<Reply>(line, "the worker's reply", read_reply); }

std::string begin_line(size_t position) { return fmt::format("{{\"version\":{},\"begin\":{}}}\n", kVersion, position); }

Expected<size_t> parse_begin(std::string_view line) {
  return parse_line<size_t>(line, "the worker's begin", [](const Node& node) { return read_size(node.at("begin")); });
}

}  // namespace scantune::wire::worker
