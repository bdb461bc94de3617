// The constraint model against the compiler, in both directions: what it admits fits the chip and does
// not spill; what it rules out for its registers would spill.
//
// Every admitted variant is compiled for every architecture. Of those ruled out, the smallest tile for
// each family, number of warps and number of stages is: larger ones need more.
#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <map>
#include <thread>
#include <tuple>

#include "catalog/catalog.h"
#include "cuda/cuda.h"

namespace scantune::cuda {
namespace {

constexpr const char* kRegisters = "the tiles in flight fit a thread's registers";

struct Split {
  std::vector<Candidate> admitted;
  std::vector<Candidate> ruled_out;  // for their registers, the smallest tile of each kind
};

const Workload kWorkload{.shape = {{32768, 32768}, 1}};  // wide enough for every tile

Split split(const Chip& chip) {
  using Kind = std::tuple<std::string, int64_t, int64_t>;
  Split found;
  std::map<Kind, Candidate> smallest;
  const auto all = candidates(kWorkload, chip, {.kernels = {}, .settings = {}, .prune = chip.code_name != "GH100"});
  for (const Candidate& candidate : all.value()) {
    if (candidate.broken.empty()) {
      found.admitted.push_back(candidate);
    } else if (candidate.broken == kRegisters) {
      const Variant& v = candidate.variant;
      const auto [it, added] = smallest.emplace(Kind{v.kernel, v.number("warps"), v.number("stages")}, candidate);
      if (!added && v.number("tile") < it->second.variant.number("tile")) {
        it->second = candidate;
      }
    }
  }
  for (const auto& [kind, candidate] : smallest) {
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
      threads.reserve(static_cast<size_t>(compiler->concurrency()));
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
  const std::vector<Candidate> admitted = split(chip).admitted;
  ASSERT_GE(admitted.size(), 60U);
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

// What the model rules out for its registers has none to spare on any architecture: it spills, or is within one
// allocation unit of the most that a thread of such a block can have. (The model is the same for all of them; their
// compilers differ by a few registers.)
class RuledOutTest : public ConstraintsTest, public testing::WithParamInterface<int> {};

TEST_P(RuledOutTest, ForItsRegistersHasNoneToSpare) {
  const Chip chip = *reference_chip(GetParam());
  const std::vector<Candidate> ruled_out = split(chip).ruled_out;
  ASSERT_GE(ruled_out.size(), 8U);
  const auto artifacts = compile(ruled_out, chip);
  for (size_t i = 0; i < ruled_out.size(); ++i) {
    ASSERT_TRUE(artifacts[i]) << artifacts[i].error().what;
    constexpr int kRegisterUnit = 8;
    const auto short_of_registers = [&](const EntryResources& entry) {
      const int most = std::min(chip.max_registers_per_thread, chip.registers_per_sm / entry.block_threads);
      return entry.spill_bytes > 0 || entry.registers_per_thread > most - kRegisterUnit;
    };
    EXPECT_TRUE(std::ranges::any_of(artifacts[i]->resources, short_of_registers)) << to_string(ruled_out[i].variant);
  }
}

INSTANTIATE_TEST_SUITE_P(Sm, RuledOutTest, testing::Values(80, 86, 89, 90, 100, 120),
                         testing::PrintToStringParamName());

}  // namespace
}  // namespace scantune::cuda
