// What scripts/peers/peers.py measured beside scantune (docs/peers.md, configs/schema/peers.schema.json).
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/dtype.h"
#include "core/expected.h"
#include "core/interval.h"
#include "core/shape.h"

namespace scantune::wire {

// One peer on one workload.
struct PeerResult {
  std::string id;      // "triton"; scantune itself is "scantune"
  std::string title;   // "Triton, one pass"
  std::string what;    // how it computes it
  std::string status;  // "measured", "failed", "not_applicable", "not_measured"
  std::string reason;  // why there is no time; empty where there is one
  std::string settings;
  std::optional<Interval> time_ns;
  std::optional<Interval> ratio_to_copy;
  std::optional<Interval> scantune_speedup;  // time of the peer / time of scantune, paired
};

struct PeerWorkload {
  Shape shape;
  DType dtype = DType::f32;
  std::vector<PeerResult> results;  // in the order of the file's list of peers
};

struct Peers {
  std::string time;  // UTC, ISO 8601
  std::string gpu;   // as Chip::name
  std::string driver;
  std::vector<std::string> versions;  // "torch 2.11.0", ...
  std::vector<PeerWorkload> workloads;
};

// Reads a document of peers. An error (bad_input) names the member at fault; the caller adds the path.
Expected<Peers> parse_peers(std::string_view text);

}  // namespace scantune::wire
