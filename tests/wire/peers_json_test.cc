#include "wire/peers_json.h"

#include <gmock/gmock.h>

#include <fstream>
#include <iterator>

namespace scantune::wire {
namespace {

using testing::HasSubstr;

TEST(PeersJson, ReadsTheRecordedComparison) {
  std::ifstream file(SCANTUNE_SOURCE_DIR "/results/h200-peers.json");
  const std::string text{std::istreambuf_iterator<char>(file), {}};
  const auto peers = parse_peers(text);
  ASSERT_TRUE(peers) << peers.error().message;
  EXPECT_EQ(peers->gpu, "NVIDIA H200");
  ASSERT_FALSE(peers->workloads.empty());
  const PeerWorkload& headline = peers->workloads.front();
  EXPECT_EQ(headline.shape, (Shape{{32768, 32768}, 1}));
  for (const PeerWorkload& workload : peers->workloads) {
    ASSERT_EQ(workload.results.size(), headline.results.size());
    EXPECT_EQ(workload.results.front().id, "scantune");
    for (const PeerResult& result : workload.results) {
      const bool measured = result.status == "measured";
      EXPECT_EQ(measured, result.ratio_to_copy.has_value()) << result.title;
      EXPECT_EQ(measured, result.reason.empty()) << result.title << ": " << result.reason;
    }
  }
}

TEST(PeersJson, NamesTheMemberAtFault) {
  const auto fault = [](const std::string& workload) {
    return parse_peers(
               R"({"format": "scantune-peers", "version": 1, "provenance": {"gpu": "G"}, "peers": [], "workloads": [)" +
               workload + "]}")
        .error()
        .message;
  };
  EXPECT_THAT(fault(R"({"shape": [4], "dim": 1, "dtype": "f32", "cells": {}})"), HasSubstr("dim"));
  EXPECT_THAT(fault(R"({"shape": [4], "dim": 0, "dtype": "f8", "cells": {}})"), HasSubstr("dtype"));
  EXPECT_THAT(fault(R"({"shape": [4], "dim": 0, "dtype": "f32"})"), HasSubstr("\"cells\" is missing"));
}

}  // namespace
}  // namespace scantune::wire
