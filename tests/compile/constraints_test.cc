// The constraint model against the compiler, in both directions: what it admits fits the chip and does
// not spill; what it rules out for its registers would spill.
//
// For every family, number of warps and number of stages the boundary is compiled: the admitted
// variant with the largest tile, and the smallest that is ruled out for its registers. Between them
// there is nothing, and smaller tiles need less.
#include <gtest/gtest.h>

#include <atomic>
#include <map>
#include <thread>
#include <tuple>

#include "catalog/catalog.h"
#include "cuda/cuda.h"

namespace scantune::cuda {
namespace {

constexpr const char* kRegisters = "the tiles in flight fit a thread's registers";

struct Boundary {
  std::vector<Candidate> admitted;
  std::vector<Candidate> ruled_out;
};

const Workload kWorkload{.shape = {{32768, 32768}, 1}};  // wide enough for every tile

Boundary boundary(const Chip& chip) {
  using Key = std::tuple<std::string, int64_t, int64_t>;
  std::map<Key, Candidate> largest;
  std::map<Key, Candidate> smallest;
  const auto all = candidates(kWorkload, chip, {});
  for (const Candidate& candidate : all.value()) {
    const Variant& v = candidate.variant;
    const Key key{v.kernel, v.number("warps"), v.number("stages")};
    const auto tile = [](const Candidate& c) { return c.variant.number("tile"); };
    if (candidate.broken.empty()) {
      const auto [it, added] = largest.emplace(key, candidate);
      if (!added && tile(candidate) > tile(it->second)) {
        it->second = candidate;
      }
    } else if (candidate.broken == kRegisters) {
      const auto [it, added] = smallest.emplace(key, candidate);
      if (!added && tile(candidate) < tile(it->second)) {
        it->second = candidate;
      }
    }
  }
  Boundary found;
  for (const auto& [key, candidate] : largest) {
    found.admitted.push_back(candidate);
  }
  for (const auto& [key, candidate] : smallest) {
    found.ruled_out.push_back(candidate);
  }
  return found;
}

class ConstraintsTest : public testing::Test {
 protected:
  void SetUp() override {
    CompilerOptions options;  // no cache: what is compiled is what is tested
    options.executable = SCANTUNE_BINARY;
    auto made = make_compiler(options);
    ASSERT_TRUE(made) << made.error().message;
    compiler = *std::move(made);
  }

  // The compiled artifacts of all candidates, in their order.
  std::vector<tl::expected<Artifact, Failure>> compile(const std::vector<Candidate>& wanted, const Chip& chip) {
    std::vector<tl::expected<Artifact, Failure>> artifacts(wanted.size(), tl::unexpected(Failure{}));
    std::atomic<size_t> next = 0;
    {
      std::vector<std::jthread> threads;
      for (int i = 0; i < compiler->concurrency(); ++i) {
        threads.emplace_back([&] {
          for (size_t job = next++; job < wanted.size(); job = next++) {
            artifacts[job] = compiler->compile(*wanted[job].kernel, kWorkload, wanted[job].variant, chip);
          }
        });
      }
    }
    return artifacts;
  }

  std::unique_ptr<Compiler> compiler;
};

int64_t spill_bytes(const Artifact& artifact) {
  int64_t bytes = 0;
  for (const EntryResources& entry : artifact.resources) {
    bytes += entry.spill_bytes;
  }
  return bytes;
}

class AdmittedTest : public ConstraintsTest, public testing::WithParamInterface<int> {};

TEST_P(AdmittedTest, FitTheChipAndDoNotSpill) {
  const Chip chip = *reference_chip(GetParam());
  const std::vector<Candidate> admitted = boundary(chip).admitted;
  ASSERT_GE(admitted.size(), 20U);
  const auto artifacts = compile(admitted, chip);
  for (size_t i = 0; i < admitted.size(); ++i) {
    const std::string name = to_string(admitted[i].variant);
    ASSERT_TRUE(artifacts[i]) << name << ": " << artifacts[i].error().what;
    EXPECT_EQ(spill_bytes(*artifacts[i]), 0) << name;
    const ResourceEstimate estimate = admitted[i].kernel->estimate(admitted[i].variant, kWorkload, chip);
    for (size_t entry = 0; entry < artifacts[i]->resources.size(); ++entry) {
      const EntryResources& used = artifacts[i]->resources[entry];
      const int threads = artifacts[i]->launches[entry].block_threads;
      EXPECT_LE(threads, chip.max_threads_per_block) << name;
      EXPECT_LE(used.registers_per_thread * threads, chip.registers_per_sm) << name;
      EXPECT_LE(used.static_shared_bytes + artifacts[i]->launches[entry].shared_bytes, chip.shared_bytes_per_block)
          << name;
      EXPECT_LE(used.static_shared_bytes, estimate.shared_bytes_per_block) << name;
    }
  }
}

INSTANTIATE_TEST_SUITE_P(Sm, AdmittedTest, testing::Values(80, 86, 89, 90, 100, 120),
                         testing::PrintToStringParamName());

// The model is the same for all architectures, so what it rules out must spill on at least one of them.
TEST_F(ConstraintsTest, WhatIsRuledOutForItsRegistersWouldSpill) {
  std::vector<Candidate> left = boundary(*reference_chip(90)).ruled_out;
  ASSERT_GE(left.size(), 8U);
  for (const int compute_capability : {90, 80, 120}) {
    const auto artifacts = compile(left, *reference_chip(compute_capability));
    std::vector<Candidate> without_spill;
    for (size_t i = 0; i < left.size(); ++i) {
      ASSERT_TRUE(artifacts[i]) << artifacts[i].error().what;
      if (spill_bytes(*artifacts[i]) == 0) {
        without_spill.push_back(left[i]);
      }
    }
    left = std::move(without_spill);
    if (left.empty()) {
      break;
    }
  }
  for (const Candidate& candidate : left) {
    ADD_FAILURE() << to_string(candidate.variant) << " is ruled out and does not spill anywhere";
  }
}

}  // namespace
}  // namespace scantune::cuda
