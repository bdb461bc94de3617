#include "wire/best_json.h"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "wire/values_json.h"

namespace scantune::wire {
namespace {

constexpr std::string_view kFormat = "scantune-best";
constexpr int64_t kVersion = 1;

std::vector<std::string> spelled(const std::vector<Contender>& contenders) {
  std::vector<std::string> names;
  names.reserve(contenders.size());
  for (const Contender& contender : contenders) {
    names.push_back(to_string(contender.variant));
  }
  return names;
}

Json write_contender(const Contender& contender) {
  Json object = Json::object();
  add_variant(object, contender.variant);
  object["time_ns"] = write_interval(contender.time_ns);
  object["ratio_to_copy"] = write_interval(contender.ratio_to_copy);
  object["bytes_in_flight_per_sm"] = number_or_null(contender.bytes_in_flight_per_sm);
  object["resources"] = write_resources(contender.resources);
  add_counters(object, contender.profile);
  object["source_digest"] = text_or_null(contender.source_digest);
  if (!contender.build.empty()) {
    object["build_digest"] = contender.build;
  }
  return object;
}

Contender read_contender(const Node& node) {
  const auto in_flight = node.find("bytes_in_flight_per_sm");
  const auto digest = node.find("source_digest");
  const auto build = node.find("build_digest");
  return {.variant = read_variant(node),
          .time_ns = read_interval(node.at("time_ns")),
          .ratio_to_copy = read_interval(node.at("ratio_to_copy")),
          .resources = read_resources(node.at("resources")),
          .bytes_in_flight_per_sm = in_flight ? in_flight->integer() : 0,
          .profile = read_counters(node),
          .source_digest = digest ? digest->text() : std::string(),
          .build = build ? build->text() : std::string()};
}

Json write_baseline(const BestEntry& entry) {
  if (!entry.baseline) {
    return nullptr;
  }
  const Contender& contender = entry.contenders.at(static_cast<size_t>(*entry.baseline));
  return {{"variant", to_string(contender.variant)},
          {"time_ns", write_interval(contender.time_ns)},
          {"ratio_to_copy", write_interval(contender.ratio_to_copy)}};
}

Json write_entry(const BestEntry& entry) {
  const std::vector<std::string> names = spelled(entry.contenders);
  Json equivalents = Json::array();
  for (const int index : entry.equivalents) {
    equivalents.push_back(names.at(static_cast<size_t>(index)));
  }
  Json runners_up = Json::array();
  for (size_t i = 1; i < entry.contenders.size(); ++i) {
    runners_up.push_back(write_contender(entry.contenders[i]));
  }
  return {{"key", best_key(entry.workload, entry.chip)},
          {"chip", write_chip(entry.chip)},
          {"workload", write_workload(entry.workload)},
          {"winner", write_contender(entry.contenders.at(0))},
          {"equivalents", std::move(equivalents)},
          {"baseline", write_baseline(entry)},
          {"copy", {{"time_ns", write_interval(entry.copy_time_ns)}}},
          {"runners_up", std::move(runners_up)},
          {"provenance", write_provenance(entry.provenance)},
          {"protocol", write_protocol(entry.protocol)},
          {"seed", entry.seed},
          {"samples", write_samples(entry.rounds, names)}};
}

int index_of(const std::vector<std::string>& names, const Node& node) {
  const auto it = std::ranges::find(names, node.text());
  if (it == names.end()) {
    node.refuse(fmt::format("'{}' is neither the winner nor a runner-up of this entry", node.text()));
  }
  return static_cast<int>(it - names.begin());
}

BestEntry read_entry(const Node& node) {
  BestEntry entry;
  entry.workload = read_workload(node.at("workload"));
  entry.chip = read_chip(node.at("chip"));
  entry.protocol = read_protocol(node.at("protocol"));
  entry.provenance = read_provenance(node.at("provenance"));
  entry.seed = node.at("seed").natural();
  entry.contenders.push_back(read_contender(node.at("winner")));
  for (const Node& contender : node.at("runners_up").items()) {
    entry.contenders.push_back(read_contender(contender));
  }
  const std::vector<std::string> names = spelled(entry.contenders);
  for (const Node& equivalent : node.at("equivalents").items()) {
    entry.equivalents.push_back(index_of(names, equivalent));
  }
  if (const auto baseline = node.find("baseline")) {
    entry.baseline = index_of(names, baseline->at("variant"));
  }
  entry.copy_time_ns = read_interval(node.at("copy").at("time_ns"));
  entry.rounds = read_samples(node.at("samples"), names);
  return entry;
}

// The document of a best file this version reads and writes.
Expected<Json> open_document(std::string_view text) {
  auto document = parse_json(text);
  if (!document) {
    return document;
  }
  if (!document->is_object() || !document->contains("format")) {
    return bad_input(R"(JSON, but not a scantune best file: it lacks "format": "{}")", kFormat);
  }
  if (document->at("format") != kFormat) {
    return bad_input(R"(JSON, but not a scantune best file: its "format" is {}, not "{}")",
                     document->at("format").dump(), kFormat);
  }
  const auto version = document->find("version");
  if (version == document->end() || !version->is_number_unsigned() || *version == 0) {
    return bad_input("not a scantune best file: \"version\" must be an integer, 1 or more");
  }
  if (*version > kVersion) {
    return bad_input("written by a newer scantune: version {}, this one reads {}", version->get<uint64_t>(), kVersion);
  }
  if (!document->contains("entries") || !document->at("entries").is_array()) {
    return bad_input("not a scantune best file: \"entries\" must be an array");
  }
  return document;
}

bool is_blank(std::string_view text) { return text.find_first_not_of(" \t\r\n") == std::string_view::npos; }

bool has_key(const Json& entry, const std::string& key) {
  const auto it = entry.is_object() ? entry.find("key") : entry.end();
  return it != entry.end() && *it == key;
}

// A best file as it is written, and what its entries say, in the same order.
struct BestDocument {
  Json json = {{"format", kFormat}, {"version", kVersion}, {"entries", Json::array()}};
  std::vector<BestEntry> entries;
};

// The one way in which a best file is read, whether to be shown or to be merged into.
Expected<BestDocument> read_best(std::string_view text) {
  if (is_blank(text)) {
    return bad_input(R"(empty; a best file starts with {{"format": "{}")", kFormat);
  }
  auto json = open_document(text);
  if (!json) {
    return tl::unexpected(json.error());
  }
  auto entries = read_document<std::vector<BestEntry>>([&] {
    const Json& stored = json->at("entries");
    std::vector<BestEntry> read;
    read.reserve(stored.size());
    for (const Json& entry : stored) {
      read.push_back(read_entry(Node(entry, fmt::format("entry {} of {}", read.size() + 1, stored.size()))));
    }
    return read;
  });
  if (!entries) {
    return tl::unexpected(entries.error());
  }
  return BestDocument{*std::move(json), *std::move(entries)};
}

// A file to merge into: a blank one is one without entries.
Expected<BestDocument> read_best_or_blank(std::string_view text) {
  return is_blank(text) ? BestDocument() : read_best(text);
}

Expected<void> check_origin(const std::vector<BestEntry>& entries, bool of_replay) {
  if (std::ranges::all_of(entries, [&](const BestEntry& entry) { return is_replay(entry.provenance) == of_replay; })) {
    return {};
  }
  return of_replay ? bad_input("it holds results measured on a device, which those of a replay are kept apart from")
                   : bad_input("it holds results of a replay, which measured ones are kept apart from");
}

}  // namespace

std::string best_key(const Workload& workload, const Chip& chip) {
  return fmt::format("{}|{}|{}|{}|{}|{}", chip.name, to_string(workload.geometry()), name(workload.dtype),
                     name(workload.accumulator), name(workload.cache),
                     workload.deterministic ? "deterministic" : "any");
}

std::optional<BestKey> parts_of_best_key(std::string_view key) {
  BestKey parts;
  // From the end, as a chip's name may hold what separates the parts, and those behind it do not.
  for (std::string* part : {&parts.order, &parts.cache, &parts.accumulator, &parts.dtype, &parts.geometry}) {
    const size_t bar = key.rfind('|');
    if (bar == std::string_view::npos) {
      return std::nullopt;
    }
    *part = key.substr(bar + 1);
    key = key.substr(0, bar);
  }
  parts.chip = key;
  return parts;
}

Expected<std::string> merge_best(std::string_view existing, const std::vector<BestEntry>& entries) {
  auto document = read_best_or_blank(existing);
  if (!document) {
    return tl::unexpected(document.error());
  }
  for (const BestEntry& entry : entries) {
    if (auto origin = check_origin(document->entries, is_replay(entry.provenance)); !origin) {
      return tl::unexpected(origin.error());
    }
  }
  auto& stored = document->json.at("entries").get_ref<Json::array_t&>();
  for (const BestEntry& entry : entries) {
    const std::string key = best_key(entry.workload, entry.chip);
    const auto same_key = [&](const Json& other) { return has_key(other, key); };
    const auto old = std::ranges::find_if(stored, same_key);
    if (old == stored.end()) {
      stored.push_back(write_entry(entry));
      continue;
    }
    *old = write_entry(entry);
    // A second entry of the key can only be an edit gone wrong, and would be stale now.
    stored.erase(std::remove_if(old + 1, stored.end(), same_key), stored.end());
  }
  return to_text(document->json);
}

Expected<void> check_best(std::string_view text, std::optional<bool> of_replay) {
  const auto document = read_best_or_blank(text);
  if (!document) {
    return tl::unexpected(document.error());
  }
  return of_replay ? check_origin(document->entries, *of_replay) : Expected<void>();
}

Expected<std::optional<StoredWinner>> stored_winner(std::string_view text, const std::string& key) {
  if (is_blank(text)) {
    return std::nullopt;
  }
  const auto document = open_document(text);
  if (!document) {
    return tl::unexpected(document.error());
  }
  const Json& entries = document->at("entries");
  const auto entry = std::ranges::find_if(entries, [&](const Json& each) { return has_key(each, key); });
  if (entry == entries.end()) {
    return std::nullopt;
  }
  return read_document<std::optional<StoredWinner>>([&] {
    const Node winner = Node(*entry, "the entry " + key).at("winner");
    return StoredWinner{read_variant(winner), read_interval(winner.at("ratio_to_copy"))};
  });
}

Expected<std::vector<BestEntry>> parse_best(std::string_view text) {
  auto document = read_best(text);
  if (!document) {
    return tl::unexpected(document.error());
  }
  return std::move(document->entries);
}

Expected<PickedBest> pick_best(const std::vector<BestSource>& sources, const BestChoice& choose) {
  struct Candidate {
    Json json;
    BestEntry entry;
    PickedEntry picked;
  };
  std::vector<Candidate> kept;
  for (size_t source = 0; source < sources.size(); ++source) {
    const auto document = read_best(sources[source].text);
    if (!document) {
      return fail(document.error().kind, "{}: {}", sources[source].name, document.error().message);
    }
    const auto& rows = document->json.at("entries").get_ref<const Json::array_t&>();
    for (size_t i = 0; i < rows.size(); ++i) {
      const BestEntry& entry = document->entries.at(i);
      const std::string key = best_key(entry.workload, entry.chip);
      const auto same = std::ranges::find_if(kept, [&](const Candidate& other) { return other.picked.key == key; });
      if (same == kept.end()) {
        kept.push_back({rows[i], entry, {.key = key, .from = source, .among = {source}, .why = {}}});
        continue;
      }
      same->picked.among.push_back(source);
      if (same->json == rows[i]) {
        continue;
      }
      std::string why;
      if (choose(same->entry, entry, why) == 1) {
        same->json = rows[i];
        same->entry = entry;
        same->picked.from = source;
      }
      same->picked.why = why;
    }
  }
  PickedBest picked;
  Json document = {{"format", kFormat}, {"version", kVersion}, {"entries", Json::array()}};
  for (Candidate& candidate : kept) {
    document["entries"].push_back(std::move(candidate.json));
    picked.entries.push_back(std::move(candidate.picked));
  }
  picked.text = to_text(document);
  return picked;
}

std::string show_json(const std::string& file, const std::vector<BestEntry>& entries) {
  Json rows = Json::array();
  for (const BestEntry& entry : entries) {
    const Contender& winner = entry.contenders.at(0);
    Json row = {{"key", best_key(entry.workload, entry.chip)},
                {"chip", entry.chip.name},
                {"workload", write_workload(entry.workload)}};
    add_variant(row, winner.variant);
    row["time_ns"] = write_interval(winner.time_ns);
    row["ratio_to_copy"] = write_interval(winner.ratio_to_copy);
    row["equivalent_count"] = entry.equivalents.size();
    row["round_count"] = entry.rounds.size();
    row["provenance"] = write_provenance(entry.provenance);
    rows.push_back(std::move(row));
  }
  return to_text(Json{{"format", "scantune-show"}, {"version", 1}, {"file", file}, {"entries", std::move(rows)}});
}

}  // namespace scantune::wire
