// Spaces that users give: what they may say, and that no value of theirs gets to a compiler that a kernel cannot be
// instantiated with.
#include "catalog/given_space.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <set>

#include "catalog/catalog.h"

namespace scantune {
namespace {

using testing::HasSubstr;
using testing::UnorderedElementsAre;

const Chip& h200() {
  static const Chip chip = *reference_chip(90);
  return chip;
}

Chip cpu() {
  Chip chip;
  chip.backend = Backend::cpu;
  chip.code_name = "avx2";
  chip.multiprocessors = 8;
  return chip;
}

Workload rows(int64_t outer, int64_t n) { return {.shape = {{outer, n}, 1}}; }

std::vector<Value> numbers(const std::vector<int64_t>& values) { return {values.begin(), values.end()}; }

Selection of(const std::vector<KernelSpace>& space) { return {.kernels = {}, .settings = {}, .space = space}; }

std::vector<Candidate> all_of(const std::vector<KernelSpace>& space, const Workload& workload,
                              const Chip& chip = h200()) {
  auto all = candidates(workload, chip, {.kernels = {}, .settings = {}, .space = space, .prune = false});
  EXPECT_TRUE(all) << all.error().message;
  return all ? *std::move(all) : std::vector<Candidate>{};
}

std::set<std::string> admitted(const std::vector<KernelSpace>& space, const Workload& workload,
                               const Chip& chip = h200()) {
  std::set<std::string> texts;
  for (const Candidate& candidate : all_of(space, workload, chip)) {
    if (candidate.broken.empty()) {
      texts.insert(to_string(candidate.variant));
    }
  }
  return texts;
}

// Why the one point of a space is ruled out.
std::string broken(const std::string& variant, const Workload& workload = rows(32768, 32768),
                   const Chip& chip = h200()) {
  const Variant parsed = parse_variant(variant).value();
  KernelSpace space{parsed.kernel, {}};
  for (const Setting& setting : parsed.settings) {
    space.params.push_back({setting.name, {setting.value}});
  }
  const auto all = all_of({space}, workload, chip);
  EXPECT_EQ(all.size(), 1U) << variant;
  return all.empty() ? "" : all.front().broken;
}

TEST(GivenSpace, TakesThePlaceOfTheValuesItNamesAndOfNoOthers) {
  const std::vector<KernelSpace> space = {
      {"row_carry", {{"tile", numbers({12288})}, {"warps", numbers({8})}, {"storage", {std::string("registers")}}}}};
  EXPECT_THAT(admitted(space, rows(32768, 32768)),
              UnorderedElementsAre("row_carry tile=12288 warps=8 stages=1 storage=registers",
                                   "row_carry tile=12288 warps=8 stages=2 storage=registers",
                                   "row_carry tile=12288 warps=8 stages=3 storage=registers"));
}

TEST(GivenSpace, TriesOnlyTheFamiliesItNames) {
  for (const Candidate& candidate : all_of({{"three_pass", {}}}, rows(32768, 32768))) {
    EXPECT_EQ(candidate.variant.kernel, "three_pass");
  }
  EXPECT_EQ(all_of({{"three_pass", {}}}, rows(32768, 32768)).size(), 48U);
}

TEST(GivenSpace, MayBeForSeveralShapesAndDevices) {
  const std::vector<KernelSpace> space = {{"short_row", {}}, {"row_carry", {}}, {"cpu_row_carry", {}}};
  for (const Candidate& candidate : all_of(space, rows(100, 32768))) {
    EXPECT_EQ(candidate.variant.kernel, "row_carry");  // rows are too long for short_row
  }
  for (const Candidate& candidate : all_of(space, rows(100, 32768), cpu())) {
    EXPECT_EQ(candidate.variant.kernel, "cpu_row_carry");
  }
  const auto refused = candidates(rows(1, 1 << 20), h200(), of({{"short_row", {}}}));
  ASSERT_FALSE(refused);
  EXPECT_THAT(refused.error().message, HasSubstr("no kernel of the space can do 1x1048576 f32 dim 1; short_row: its"));
  const auto elsewhere = candidates(rows(8, 8), cpu(), of({{"short_row", {}}}));
  ASSERT_FALSE(elsewhere);
  EXPECT_THAT(elsewhere.error().message, HasSubstr("no kernel of the space is one of this device, a CPU"));
}

TEST(GivenSpace, IsNarrowedByKernelsAndSettings) {
  const std::vector<KernelSpace> space = {{"row_carry", {{"tile", numbers({12288, 4096})}}}, {"three_pass", {}}};
  const auto narrowed = [&](std::vector<std::string> kernels, std::vector<ParamValues> settings) {
    return candidates(rows(32768, 32768), h200(),
                      {.kernels = std::move(kernels), .settings = std::move(settings), .space = space});
  };
  const auto chosen = narrowed({"row_carry"}, {{"tile", numbers({12288})}});
  for (const Candidate& candidate : chosen.value()) {
    EXPECT_EQ(candidate.variant.kernel, "row_carry");
    EXPECT_EQ(candidate.variant.number("tile"), 12288);
  }
  EXPECT_THAT(narrowed({"long_row"}, {}).error().message,
              HasSubstr("long_row is not in the space given, which has row_carry, three_pass"));
  // A default value, but not one of the space in force.
  EXPECT_THAT(narrowed({"row_carry"}, {{"tile", numbers({16384})}}).error().message,
              HasSubstr("tile=16384 is not in the space; tile takes 12288, 4096"));
  EXPECT_THAT(narrowed({}, {{"tile", numbers({32768})}}).error().message,
              HasSubstr("the space given has other values"));
}

TEST(GivenSpace, IsRefusedWhereItNamesWhatThereIsNot) {
  const auto refusal = [](const KernelSpace& space) {
    const auto checked = check_space({space});
    EXPECT_FALSE(checked);
    return checked ? "" : checked.error().message;
  };
  EXPECT_THAT(refusal({"row_cary", {}}), HasSubstr("kernels: unknown kernel 'row_cary'; known: three_pass, row_carry"));
  EXPECT_EQ(refusal({"row_carry", {{"tiles", numbers({1})}}}),
            "kernels: row_carry: unknown parameter 'tiles'; it takes tile, warps, stages, storage");
  EXPECT_EQ(refusal({"row_carry", {{"warps", {int64_t{8}, std::string("eight")}}}}),
            "kernels: row_carry: warps[1]: 'eight' is not a value of warps; it takes integers from 1 to 2^30");
  EXPECT_THAT(refusal({"row_carry", {{"tile", numbers({-4096})}}}), HasSubstr("tile[0]: '-4096' is not a value"));
  EXPECT_THAT(refusal({"row_carry", {{"tile", numbers({int64_t{1} << 40})}}}), HasSubstr("integers from 1 to 2^30"));
  EXPECT_EQ(refusal({"long_row", {{"storage", {std::string("registers")}}}}),
            "kernels: long_row: storage[0]: 'registers' is not a value of storage; it takes async, bulk");
  EXPECT_THAT(refusal({"row_carry", {{"storage", numbers({2})}}}), HasSubstr("it takes registers, async, bulk"));
  EXPECT_THAT(refusal({"cpu_row_carry", {{"store", {std::string("nowhere")}}}}), HasSubstr("streaming, cached"));
  EXPECT_TRUE(check_space({{"row_carry", {{"tile", numbers({12288})}}}, {"cpu_two_pass", {}}}));
}

TEST(GivenSpace, IsRefusedWhereItHasTooManyPoints) {
  std::vector<int64_t> many;
  for (int64_t i = 1; i <= 50'000; ++i) {
    many.push_back(i);
  }
  const std::vector<KernelSpace> space = {
      {"row_carry", {{"tile", numbers(many)}, {"warps", numbers(many)}, {"stages", numbers(many)}}}};
  const auto refused = candidates(rows(8, 8), h200(), of(space));
  ASSERT_FALSE(refused);
  EXPECT_THAT(refused.error().message, HasSubstr("kernels: row_carry: it has more than 100000 points"));
}

TEST(GivenSpace, RulesOutWhatAKernelCannotBeInstantiatedWith) {
  EXPECT_THAT(broken("row_carry tile=12288 warps=6 stages=1 storage=registers"), HasSubstr("a power of two up to 32"));
  EXPECT_THAT(broken("row_carry tile=65536 warps=64 stages=1 storage=registers"), HasSubstr("a power of two up to 32"));
  EXPECT_THAT(broken("row_carry tile=5000 warps=8 stages=1 storage=registers"), HasSubstr("a multiple of 512 bytes"));
  EXPECT_THAT(broken("row_carry tile=512 warps=8 stages=1 storage=registers"), HasSubstr("a multiple of 512 bytes"));
  EXPECT_THAT(broken("row_carry tile=1073741824 warps=8 stages=1 storage=registers"), HasSubstr("at most 1 MiB"));
  EXPECT_THAT(broken("row_carry tile=4096 warps=8 stages=1000000000 storage=registers"), HasSubstr("1 to 32 stages"));
  EXPECT_THAT(broken("row_carry tile=4096 warps=8 stages=1 storage=async"), HasSubstr("at least two tiles"));
  EXPECT_THAT(broken("row_carry tile=4096 warps=1 stages=2 storage=async"), HasSubstr("and the block two warps"));
  EXPECT_THAT(broken("row_carry tile=4096 warps=8 stages=2 storage=bulk", rows(32768, 32768), *reference_chip(89)),
              HasSubstr("bulk copies need sm_90"));
  EXPECT_THAT(broken("three_pass tile=12288 warps=3 stages=1"), HasSubstr("a power of two up to 32"));
  EXPECT_THAT(broken("three_pass tile=4096 warps=8 stages=33"), HasSubstr("1 to 32 stages"));
  const Workload row = rows(1, int64_t{1} << 28);
  EXPECT_THAT(broken("long_row tile=16384 warps=32 stages=2 loaders=1 storage=async", row), HasSubstr("up to 16"));
  EXPECT_THAT(broken("long_row tile=12288 warps=8 stages=2 loaders=1 storage=async", row),
              HasSubstr("a power of two, each 512 bytes"));
  EXPECT_THAT(broken("long_row tile=4096 warps=8 stages=1 loaders=1 storage=async", row),
              HasSubstr("two stages at least"));
  EXPECT_THAT(broken("long_row tile=2048 warps=16 stages=17 loaders=1 storage=async", row),
              HasSubstr("32 warps at most"));
  EXPECT_THAT(broken("long_row tile=4096 warps=8 stages=2 loaders=1 storage=bulk", row, *reference_chip(80)),
              HasSubstr("sm_90"));
  EXPECT_THAT(broken("long_row tile=4096 warps=8 stages=2 loaders=3 storage=async", row), HasSubstr("1, 2 or 4 warps"));
  EXPECT_THAT(broken("long_row tile=128 warps=1 stages=2 loaders=1 storage=async", rows(1, int64_t{1} << 39)),
              HasSubstr("fewer than 2^31 tiles"));
  const Workload columns{.shape = {{4096, 4096}, 0}};
  EXPECT_THAT(broken("three_pass columns=100 warps=8 rows=8", columns), HasSubstr("columns one of 16 bytes at least"));
  EXPECT_THAT(broken("column_carry columns=2 warps=8 rows=8 blocks=1 interleave=100", columns),
              HasSubstr("columns one of 16 bytes at least"));
  EXPECT_THAT(broken("column_carry columns=64 warps=8 rows=65 blocks=1 interleave=100", columns), HasSubstr("64 rows"));
  EXPECT_THAT(broken("column_carry columns=64 warps=8 rows=8 blocks=33 interleave=100", columns),
              HasSubstr("1 to 32 blocks"));
  EXPECT_THAT(broken("column_carry columns=64 warps=8 rows=8 blocks=1 interleave=1001", columns), HasSubstr("1000"));
  EXPECT_THAT(broken("column_split columns=64 tile=8192 warps=4 stages=15 loaders=1", columns),
              HasSubstr("2 to 14 stages"));
  EXPECT_THAT(broken("short_row vectors=1000000000 warps=8", rows(1024, 33)), HasSubstr("1 to 32 times 16 bytes"));
  EXPECT_THAT(broken("short_row vectors=4 warps=33", rows(1024, 33)), HasSubstr("1 to 32 warps"));
  EXPECT_THAT(
      broken("cpu_row_carry tile=1000 prefetch=falling threads=8 unroll=4 store=cached", rows(32768, 32768), cpu()),
      HasSubstr("a multiple of 16 elements"));
  EXPECT_THAT(
      broken("cpu_row_carry tile=1024 prefetch=falling threads=9 unroll=4 store=cached", rows(32768, 32768), cpu()),
      HasSubstr("no more threads than CPUs"));
  EXPECT_THAT(
      broken("cpu_row_carry tile=1024 prefetch=falling threads=8 unroll=3 store=cached", rows(32768, 32768), cpu()),
      HasSubstr("unroll is 2, 4 or 8"));
  EXPECT_THAT(broken("cpu_column_carry strip=100 threads=8 store=cached", columns, cpu()),
              HasSubstr("a multiple of 16 columns"));
}

// Launch rules count in int; constraints that come first keep what would overflow from those that come later.
TEST(GivenSpace, OfWildValuesIsLookedAtWithoutOverflow) {
  const std::vector<int64_t> wild = {1, 2, 3, 7, 32, 33, 1000, 4096, (int64_t{1} << 20) + 128, int64_t{1} << 30};
  for (const Chip& chip : {h200(), *reference_chip(89), cpu()}) {
    for (const Kernel& kernel : kernels()) {
      for (const Workload& workload :
           {rows(1, 1), rows(32768, 32768), rows(1, int64_t{1} << 40), Workload{.shape = {{64, 4096, 100}, 1}}}) {
        if (kernel.backend != chip.backend || !kernel.refuses(workload, chip).empty()) {
          continue;
        }
        KernelSpace space{kernel.name, {}};
        for (const Param& param : kernel.space(workload, chip).params) {
          if (param.words.empty()) {
            space.params.push_back({param.name, numbers(wild)});
          }
        }
        ASSERT_TRUE(check_space({space}));
        EXPECT_TRUE(candidates(workload, chip, of({space}))) << kernel.name;
      }
    }
  }
}

}  // namespace
}  // namespace scantune
