#include "wire/peers_json.h"

#include <array>
#include <nlohmann/json.hpp>

#include "wire/document.h"
#include "wire/values_json.h"

namespace scantune::wire {
namespace {

std::string text_of(const Node& node, std::string_view member) {
  const auto found = node.find(member);
  return found ? found->text() : std::string();
}

std::optional<Interval> interval_of(const Node& node, std::string_view member) {
  const auto found = node.find(member);
  return found ? std::optional(read_interval(*found)) : std::nullopt;
}

PeerResult read_result(const Node& peer, const std::optional<Node>& cell) {
  PeerResult result;
  result.id = peer.at("id").text();
  result.title = peer.at("title").text();
  result.what = text_of(peer, "what");
  if (!cell) {
    result.status = "not_measured";
    result.reason = "not measured";
    return result;
  }
  result.status = cell->at("status").text();
  if (const auto reason = cell->find("reason")) {
    result.reason = reason->at("short").text();
  }
  result.settings = text_of(*cell, "settings");
  result.time_ns = interval_of(*cell, "time_ns");
  result.ratio_to_copy = interval_of(*cell, "ratio_to_copy");
  result.scantune_speedup = interval_of(*cell, "scantune_speedup");
  return result;
}

PeerWorkload read_peer_workload(const Node& node, const std::vector<Node>& peers) {
  PeerWorkload workload;
  workload.shape = node.at("dim").take(make_shape(node.at("shape").integers(), node.at("dim").small_integer()));
  workload.dtype = node.at("dtype").take(parse_dtype(node.at("dtype").text()));
  const Node cells = node.at("cells");
  for (const Node& peer : peers) {
    workload.results.push_back(read_result(peer, cells.find(peer.at("id").text())));
  }
  return workload;
}

}  // namespace

Expected<Peers> parse_peers(std::string_view text) {
  const auto document = parse_document(text, "scantune-peers", 1);
  if (!document) {
    return tl::unexpected(document.error());
  }
  return read_document<Peers>([&] {
    const Node root(*document, "the comparison");
    const Node provenance = root.at("provenance");
    Peers peers{.time = text_of(provenance, "time_utc"),
                .gpu = provenance.at("gpu").text(),
                .driver = text_of(provenance, "driver"),
                .versions = {},
                .workloads = {}};
    for (const char* tool : {"torch", "triton", "cub", "nvrtc"}) {
      if (const std::string version = text_of(provenance, tool); !version.empty()) {
        peers.versions.push_back(fmt::format("{} {}", tool, version));
      }
    }
    const std::vector<Node> contenders = root.at("peers").items();
    for (const Node& workload : root.at("workloads").items()) {
      peers.workloads.push_back(read_peer_workload(workload, contenders));
    }
    return peers;
  });
}

}  // namespace scantune::wire
