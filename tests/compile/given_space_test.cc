// What users give in spaces of their own is compiled only where it can be: a sample of the points that constraints
// leave of values that no default space has.
#include <gtest/gtest.h>

#include <atomic>
#include <map>
#include <thread>

#include "catalog/catalog.h"
#include "cuda/cuda.h"

namespace scantune::cuda {
namespace {

std::vector<Value> numbers(const std::vector<int64_t>& values) { return {values.begin(), values.end()}; }

// Values that nothing can be done with are among them.
const std::vector<KernelSpace>& wild_space() {
  static const std::vector<KernelSpace> space = {
      {"row_carry",
       {{"tile", numbers({192, 768, 1000, 3072, 5120, 12288})},
        {"warps", numbers({1, 2, 3, 4, 6, 32, 64})},
        {"stages", numbers({1, 2, 5, 32, 33})}}},
      {"three_pass",
       {{"tile", numbers({192, 3072, 10240})},
        {"warps", numbers({1, 2, 6, 16})},
        {"stages", numbers({1, 4, 32})},
        {"columns", numbers({2, 16, 48, 128, 8192})},
        {"rows", numbers({1, 5, 64, 65})}}},
      {"short_row", {{"vectors", numbers({9, 17, 24, 32, 33})}, {"warps", numbers({1, 6, 12, 32, 33})}}},
      {"long_row",
       {{"tile", numbers({128, 1024, 3072, 8192})},
        {"warps", numbers({1, 2, 6, 16, 32})},
        {"stages", numbers({1, 2, 7, 15, 31})},
        {"loaders", numbers({1, 3, 4})}}},
      {"column_carry",
       {{"columns", numbers({2, 16, 48, 128, 4096})},
        {"warps", numbers({1, 6, 4, 32})},
        {"rows", numbers({1, 5, 40, 65})},
        {"blocks", numbers({1, 3, 32, 33})},
        {"interleave", numbers({7, 100})}}},
      {"column_split",
       {{"columns", numbers({16, 48, 64})},
        {"tile", numbers({4096, 5120, 13824})},
        {"warps", numbers({2, 3, 4})},
        {"stages", numbers({2, 3, 15})},
        {"loaders", numbers({1, 2, 3})}}}};
  return space;
}

std::vector<Candidate> sample(const Workload& workload, const Chip& chip, size_t of_each) {
  const auto all = candidates(workload, chip, {.kernels = {}, .settings = {}, .space = wild_space(), .prune = false});
  std::map<std::string, std::vector<Candidate>> families;
  for (const Candidate& candidate : all.value()) {
    if (candidate.broken.empty()) {
      families[candidate.variant.kernel].push_back(candidate);
    }
  }
  std::vector<Candidate> chosen;
  for (const auto& [name, admitted] : families) {
    for (size_t i = 0; i < of_each; ++i) {
      chosen.push_back(admitted[i * (admitted.size() - 1) / (of_each - 1)]);
    }
  }
  return chosen;
}

class GivenSpaceTest : public testing::TestWithParam<DType> {};

TEST_P(GivenSpaceTest, IsCompiledWhereConstraintsAdmitIt) {
  CompilerOptions options;
  options.executable = SCANTUNE_BINARY;
  const auto compiler = make_compiler(options);
  ASSERT_TRUE(compiler) << compiler.error().message;
  const Chip chip = *reference_chip(90);
  constexpr size_t kOfEach = 6;
  for (const int dim : {0, 1}) {
    const Workload workload{
        .shape = {{512, 8192}, dim}, .dtype = GetParam(), .accumulator = default_accumulator(GetParam())};
    const std::vector<Candidate> wanted = sample(workload, chip, kOfEach);
    ASSERT_GE(wanted.size(), 3 * kOfEach);
    std::vector<tl::expected<Artifact, Failure>> artifacts(wanted.size(), tl::unexpected(Failure{}));
    std::atomic<size_t> next = 0;
    {
      std::vector<std::jthread> threads;
      threads.reserve(static_cast<size_t>((*compiler)->concurrency()));
      for (int i = 0; i < (*compiler)->concurrency(); ++i) {
        threads.emplace_back([&] {
          for (size_t job = next++; job < wanted.size(); job = next++) {
            artifacts[job] = (*compiler)->compile(*wanted[job].kernel, workload, wanted[job].variant, chip);
          }
        });
      }
    }
    for (size_t i = 0; i < wanted.size(); ++i) {
      const std::string name = to_string(wanted[i].variant);
      ASSERT_TRUE(artifacts[i]) << name << ": " << artifacts[i].error().what;
      for (size_t entry = 0; entry < artifacts[i]->resources.size(); ++entry) {
        const EntryResources& used = artifacts[i]->resources[entry];
        const Launch& launch = artifacts[i]->launches[entry];
        EXPECT_LE(launch.block_threads, chip.max_threads_per_block) << name;
        EXPECT_LE(used.registers_per_thread * launch.block_threads, chip.registers_per_sm) << name;
        EXPECT_LE(used.static_shared_bytes + launch.shared_bytes, chip.shared_bytes_per_block) << name;
      }
    }
  }
}

INSTANTIATE_TEST_SUITE_P(Types, GivenSpaceTest, testing::Values(DType::f16, DType::f32, DType::f64),
                         [](const auto& type) { return std::string(name(type.param)); });

}  // namespace
}  // namespace scantune::cuda
