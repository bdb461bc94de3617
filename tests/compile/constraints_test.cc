// The constraint model against the compiler, in both directions: what it admits fits the chip and does
// not spill; what it rules out for its registers would spill.
//
// Of the admitted variants of each workload every k-th is compiled for every architecture, of those ruled out every
// k-th of the smallest tiles of each kind (larger ones need more): so many that all of it takes minutes on two cores.
#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <map>
#include <thread>
#include <tuple>

#include "catalog/catalog.h"
#include "cuda/cuda.h"

namespace scantune::cuda {
namespace {

// Rules that are about registers.
constexpr std::array kRegisters = {"the tiles in flight fit a thread's registers",
                                   "the rows in flight fit a thread's registers"};

struct Case {
  const char* name;
  Workload workload;  // wide enough for every tile
  size_t least;       // admitted variants that there must be
  size_t most;        // of them, that are compiled
  size_t may_spill;   // of these: the models are of 4-byte elements, and a little short for a few rows of others
};

// NOLINTNEXTLINE(readability-identifier-naming): the name that GoogleTest calls
void PrintTo(const Case& job, std::ostream* out) { *out << job.name; }

const Case kF32Rows = {"F32Rows", {.shape = {{32768, 32768}, 1}}, 60, 36, 0};
const Case kF16Rows = {"F16Rows", {.shape = {{32768, 32768}, 1}, .dtype = DType::f16}, 60, 12, 3};
const Case kF64Rows = {
    "F64Rows", {.shape = {{32768, 32768}, 1}, .dtype = DType::f64, .accumulator = DType::f64}, 60, 12, 3};
const Case kF32Columns = {"F32Columns", {.shape = {{64, 8192, 2048}, 1}}, 40, 12, 0};
const Case kF16Columns = {"F16Columns", {.shape = {{64, 8192, 2048}, 1}, .dtype = DType::f16}, 40, 12, 0};
const Case kWidenedColumns = {"I32InI64ColumnsOfOddWidth",
                              {.shape = {{64, 8192, 2047}, 1}, .dtype = DType::i32, .accumulator = DType::i64},
                              20,
                              8,
                              0};

struct Split {
  std::vector<Candidate> admitted;
  std::vector<Candidate> ruled_out;  // for their registers, the smallest tile of each kind
};

// Every so many, the first and the last among them.
std::vector<Candidate> spread(const std::vector<Candidate>& all, size_t most) {
  if (all.size() <= most) {
    return all;
  }
  std::vector<Candidate> chosen;
  chosen.reserve(most);
  for (size_t i = 0; i < most; ++i) {
    chosen.push_back(all[i * (all.size() - 1) / (most - 1)]);
  }
  return chosen;
}

// Of a ring's tiles registers hold one at a time, so that shared memory is what they are short of.
bool has_ring(const Variant& variant) {
  const auto it = std::ranges::find(variant.settings, "storage", &Setting::name);
  return it != variant.settings.end() && to_string(it->value) != "registers";
}

Split split(const Workload& workload, const Chip& chip) {
  Split found;
  std::map<std::string, std::pair<int64_t, Candidate>> smallest;
  const auto all = candidates(workload, chip, {.kernels = {}, .settings = {}, .prune = chip.code_name != "GH100"});
  for (const Candidate& candidate : all.value()) {
    if (candidate.broken.empty()) {
      found.admitted.push_back(candidate);
    } else if (std::ranges::find(kRegisters, candidate.broken) != kRegisters.end() && !has_ring(candidate.variant)) {
      int64_t size = 0;
      Variant kind = candidate.variant;  // all but its size
      std::erase_if(kind.settings, [&](const Setting& setting) {
        const bool is_size = setting.name == "tile" || setting.name == "rows";
        size = is_size ? std::get<int64_t>(setting.value) : size;
        return is_size || setting.name == "interleave";  // which is for the order of tiles alone
      });
      const auto [it, added] = smallest.emplace(to_string(kind), std::pair{size, candidate});
      if (!added && size < it->second.first) {
        it->second = {size, candidate};
      }
    }
  }
  for (const auto& [kind, candidate] : smallest) {
    found.ruled_out.push_back(candidate.second);
  }
  return found;
}

// What a launch rule promises of the blocks that an SM holds at once.
int blocks_per_sm(const Variant& variant) {
  const auto it = std::ranges::find(variant.settings, "blocks", &Setting::name);
  return it == variant.settings.end() ? 1 : static_cast<int>(std::get<int64_t>(it->value));
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
  std::vector<tl::expected<Artifact, Failure>> compile(const std::vector<Candidate>& wanted, const Workload& workload,
                                                       const Chip& chip) {
    std::vector<tl::expected<Artifact, Failure>> artifacts(wanted.size(), tl::unexpected(Failure{}));
    std::atomic<size_t> next = 0;
    {
      std::vector<std::jthread> threads;
      threads.reserve(static_cast<size_t>(compiler->concurrency()));
      for (int i = 0; i < compiler->concurrency(); ++i) {
        threads.emplace_back([&] {
          for (size_t job = next++; job < wanted.size(); job = next++) {
            artifacts[job] = compiler->compile(*wanted[job].kernel, workload, wanted[job].variant, chip);
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

// An architecture and a workload.
class AdmittedTest : public ConstraintsTest, public testing::WithParamInterface<std::tuple<int, Case>> {};

std::string test_name(const testing::TestParamInfo<std::tuple<int, Case>>& info) {
  return fmt::format("{}OnSm{}", std::get<1>(info.param).name, std::get<0>(info.param));
}

TEST_P(AdmittedTest, FitTheChipAndDoNotSpill) {
  const auto& [sm, job] = GetParam();
  const Chip chip = *reference_chip(sm);
  std::vector<Candidate> admitted = split(job.workload, chip).admitted;
  ASSERT_GE(admitted.size(), job.least);
  admitted = spread(admitted, job.most);
  std::string spilled;
  size_t spills = 0;
  const auto artifacts = compile(admitted, job.workload, chip);
  for (size_t i = 0; i < admitted.size(); ++i) {
    const std::string name = to_string(admitted[i].variant);
    ASSERT_TRUE(artifacts[i]) << name << ": " << artifacts[i].error().what;
    if (const int64_t bytes = spill_bytes(*artifacts[i]); bytes > 0) {
      ++spills;
      spilled += fmt::format("{}: {} bytes\n", name, bytes);
    }
    const ResourceEstimate estimate = admitted[i].kernel->estimate(admitted[i].variant, job.workload, chip);
    const int blocks = blocks_per_sm(admitted[i].variant);
    for (size_t entry = 0; entry < artifacts[i]->resources.size(); ++entry) {
      const EntryResources& used = artifacts[i]->resources[entry];
      const int threads = artifacts[i]->launches[entry].block_threads;
      EXPECT_LE(threads, chip.max_threads_per_block) << name;
      EXPECT_LE(used.registers_per_thread * threads * blocks, chip.registers_per_sm) << name;
      EXPECT_LE(used.static_shared_bytes + artifacts[i]->launches[entry].shared_bytes, chip.shared_bytes_per_block)
          << name;
      EXPECT_LE(used.static_shared_bytes, estimate.shared_bytes_per_block) << name;
    }
  }
  EXPECT_LE(spills, job.may_spill) << spilled;
}

INSTANTIATE_TEST_SUITE_P(Constraints, AdmittedTest,
                         testing::Combine(testing::Values(80, 86, 89, 90, 100, 120),
                                          testing::Values(kF32Rows, kF16Rows, kF64Rows, kF32Columns, kF16Columns,
                                                          kWidenedColumns)),
                         test_name);

// What the model rules out for its registers has none to spare on any architecture: it spills, or is within one
// allocation unit of the most that a thread of such a block can have. (The model is the same for all of them; their
// compilers differ by a few registers.) Other types are left out: for rows it is a little short, see above, for columns
// of halves a little long.
class RuledOutTest : public ConstraintsTest, public testing::WithParamInterface<std::tuple<int, Case>> {};

TEST_P(RuledOutTest, ForItsRegistersHasNoneToSpare) {
  const auto& [sm, job] = GetParam();
  const Chip chip = *reference_chip(sm);
  std::vector<Candidate> ruled_out = split(job.workload, chip).ruled_out;
  ASSERT_GE(ruled_out.size(), 8U);
  ruled_out = spread(ruled_out, job.most);
  const auto artifacts = compile(ruled_out, job.workload, chip);
  for (size_t i = 0; i < ruled_out.size(); ++i) {
    ASSERT_TRUE(artifacts[i]) << artifacts[i].error().what;
    constexpr int kRegisterUnit = 8;
    const int blocks = blocks_per_sm(ruled_out[i].variant);
    const auto short_of_registers = [&](const EntryResources& entry) {
      const int most = std::min(chip.max_registers_per_thread, chip.registers_per_sm / (entry.block_threads * blocks));
      return entry.spill_bytes > 0 || entry.registers_per_thread > most - kRegisterUnit;
    };
    EXPECT_TRUE(std::ranges::any_of(artifacts[i]->resources, short_of_registers)) << to_string(ruled_out[i].variant);
  }
}

INSTANTIATE_TEST_SUITE_P(Constraints, RuledOutTest,
                         testing::Combine(testing::Values(80, 86, 89, 90, 100, 120),
                                          testing::Values(kF32Rows, kF32Columns)),
                         test_name);

}  // namespace
}  // namespace scantune::cuda
