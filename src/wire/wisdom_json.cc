#include <nlohmann/json.hpp>

#include "wire/best_json.h"
#include "wire/exchange.h"

namespace scantune::wire {
namespace {

constexpr int kVersion = 1;

Json line_of(const Sweep& sweep, const Origin& origin) {
  const BestEntry& entry = sweep.entry;
  const Contender& winner = entry.contenders.front();
  Json equivalents = Json::array();
  for (const int index : entry.equivalents) {
    equivalents.push_back(to_string(entry.contenders.at(static_cast<size_t>(index)).variant));
  }
  Json line = {{"format", "scantune-wisdom"},
               {"version", kVersion},
               {"key", best_key(entry.workload, entry.chip)},
               {"workload", write_workload(entry.workload)},
               {"chip", entry.chip.name},
               {"compute_capability", number_or_null(int64_t{entry.chip.compute_capability})}};
  add_variant(line, winner.variant);
  line["time_ns"] = write_interval(winner.time_ns);
  line["ratio_to_copy"] = write_interval(winner.ratio_to_copy);
  line["equivalents"] = std::move(equivalents);
  line["resources"] = write_resources(winner.resources);
  line["source_digest"] = text_or_null(winner.source_digest);
  line["provenance"] = write_provenance(entry.provenance);
  line["origin"] = write_origin(origin);
  return line;
}

}  // namespace

std::string wisdom_lines(const std::vector<Sweep>& sweeps, const Origin& origin) {
  std::string text;
  for (const Sweep& sweep : sweeps) {
    text += line_of(sweep, origin).dump(-1, ' ', false, Json::error_handler_t::replace) + "\n";
  }
  return text;
}

}  // namespace scantune::wire
