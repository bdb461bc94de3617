#include "catalog/prune.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>
#include <iterator>
#include <regex>
#include <set>

#include "catalog/catalog.h"
#include "catalog/occupancy.h"

namespace scantune {
namespace {

using testing::Contains;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;
using testing::StartsWith;

const Chip& h200() {
  static const Chip chip = *reference_chip(90);
  return chip;
}

Workload rows(int64_t outer, int64_t n, DType dtype = DType::f32) {
  return {.shape = {{outer, n}, 1}, .dtype = dtype, .accumulator = default_accumulator(dtype)};
}

Selection unpruned() { return {.kernels = {}, .settings = {}, .space = {}, .prune = false}; }

std::vector<Candidate> tried(const Workload& workload, const Selection& selection = {}, const Chip& chip = h200()) {
  auto all = candidates(workload, chip, selection);
  EXPECT_TRUE(all) << all.error().message;
  std::erase_if(*all, [](const Candidate& candidate) { return !candidate.broken.empty(); });
  return *std::move(all);
}

std::set<std::string> spellings(const std::vector<Candidate>& variants) {
  std::set<std::string> texts;
  for (const Candidate& candidate : variants) {
    texts.insert(to_string(candidate.variant));
  }
  return texts;
}

// Why a variant is left out; empty where it is tried.
std::string why_not(const std::string& variant, const Workload& workload) {
  const auto all = candidates(workload, h200(), {});
  for (const Candidate& candidate : all.value()) {
    if (to_string(candidate.variant) == variant) {
      return candidate.broken;
    }
  }
  return "it is not in the space";
}

struct Block {
  int threads;
  int registers;
  int64_t shared_bytes;
  int blocks;  // an SM holds of it
};

TEST(Occupancy, IsWhatDriversSay) {
  // Most are what cuOccupancyMaxActiveBlocksPerMultiprocessor said of kernels on an H200.
  const std::vector<Block> on_gh100 = {
      {256, 64, 0, 4},      {256, 32, 0, 8},      {256, 33, 0, 6},
      {1024, 64, 0, 1},     {1024, 32, 0, 2},     {128, 255, 0, 2},
      {64, 50, 0, 18},      {64, 94, 0, 10},      {64, 100, 0, 8},
      {64, 122, 0, 8},      {192, 96, 33152, 3},  {192, 104, 33152, 2},
      {192, 112, 33152, 2}, {192, 168, 65920, 2}, {192, 182, 65920, 1},
      {224, 95, 49536, 2},  {224, 139, 98688, 1}, {352, 84, 98688, 1},
      {352, 85, 49536, 1},  {32, 16, 0, 32},  // as many blocks as an SM can have
      {256, 32, 115712, 2},                   // shared memory: 113 KiB and the 1 KiB that the driver keeps, twice
      {256, 32, 115713, 1}, {256, 32, 232448, 1}, {256, 32, 233472, 0},  // none
  };
  for (const Block& b : on_gh100) {
    const ResourceEstimate estimate{b.registers, b.shared_bytes, 0};
    EXPECT_EQ(blocks_per_sm(estimate, b.threads, h200()), b.blocks)
        << b.threads << " threads, " << b.registers << " registers, " << b.shared_bytes << " bytes";
  }
  // 1536 threads and 24 blocks an SM.
  for (const Block& b : {Block{512, 40, 0, 3}, {1024, 32, 0, 1}, {256, 32, 0, 6}, {32, 16, 0, 24}}) {
    EXPECT_EQ(blocks_per_sm({b.registers, b.shared_bytes, 0}, b.threads, *reference_chip(89)), b.blocks);
  }
}

TEST(BytesInFlight, AreThoseOfTheBlocksThatAnSmHoldsAndOfTheWorkloadAtMost) {
  const Kernel& kernel = **find_kernel("row_carry", Backend::cuda);
  const Variant variant = parse_variant("row_carry tile=4096 warps=8 stages=2 storage=async").value();
  const ResourceEstimate estimate = kernel.estimate(variant, rows(32768, 32768), h200());
  EXPECT_EQ(estimate.bytes_in_flight_per_block, 2 * 16384);
  const int blocks = blocks_per_sm(estimate, 256, h200());
  EXPECT_EQ(bytes_in_flight_per_sm(kernel, variant, rows(32768, 32768), h200()), blocks * 2.0 * 16384);
  // 66 rows: a block on every other SM.
  EXPECT_EQ(bytes_in_flight_per_sm(kernel, variant, rows(66, 32768), h200()), 16384);
  // Rows shorter than the two tiles: no more than the row.
  EXPECT_EQ(bytes_in_flight_per_sm(kernel, variant, rows(132, 5000), h200()), 20000);
}

TEST(BytesInFlight, NeededAreBandwidthTimesLatencyOverTheSms) {
  EXPECT_NEAR(bytes_needed_per_sm(h200()), 4.8e12 * 1.25e-6 / 132, 1);
  Chip chip = h200();
  chip.dram_bytes_per_s = 0;
  EXPECT_EQ(bytes_needed_per_sm(chip), 0);
}

TEST(Prune, KeepsTheWinnersOnAnH200) {
  struct Winner {
    Workload workload;
    std::string variant;
  };
  for (const auto& [workload, variant] : std::vector<Winner>{
           {rows(32768, 32768), "row_carry tile=32768 warps=8 stages=1 storage=registers"},
           {rows(32768, 32768), "row_carry tile=16384 warps=8 stages=3 storage=async"},  // as fast
           {rows(32768, 32768), "row_carry tile=32768 warps=16 stages=1 storage=registers"},
           {rows(32768, 32768), "row_carry tile=16384 warps=8 stages=2 storage=async"},
           {rows(32768, 32768), "three_pass tile=8192 warps=4 stages=1"},
           {rows(32768, 32768), "three_pass tile=8192 warps=8 stages=1"},
           {rows(32768, 32768, DType::f16), "row_carry tile=16384 warps=4 stages=3 storage=async"},
           {rows(32768, 32768, DType::f16), "row_carry tile=16384 warps=4 stages=2 storage=async"},
           {rows(1000, 99991), "row_carry tile=16384 warps=8 stages=2 storage=registers"},
           {rows(1048576, 256), "short_row vectors=12 warps=1"},
           {rows(1048576, 256), "short_row vectors=12 warps=2"},
           {rows(1048576, 256), "short_row vectors=16 warps=8"},
           {rows(8388608, 33), "short_row vectors=12 warps=1"},
           {rows(8388608, 33), "short_row vectors=16 warps=8"},
           {rows(1, int64_t{1} << 28), "long_row tile=4096 warps=8 stages=6 loaders=1 storage=async"},
           {rows(1, int64_t{1} << 28), "long_row tile=8192 warps=8 stages=6 loaders=1 storage=async"},
           {rows(1, int64_t{1} << 24), "long_row tile=4096 warps=8 stages=4 loaders=1 storage=async"},
           {rows(1, int64_t{1} << 16), "three_pass tile=1024 warps=4 stages=1"},
           {rows(1, int64_t{1} << 20), "three_pass tile=4096 warps=8 stages=1"},
           {rows(1, int64_t{1} << 22), "three_pass tile=8192 warps=8 stages=1"},
           {rows(65536, 2048), "row_carry tile=2048 warps=8 stages=1 storage=registers"},
           {rows(128, 4000), "row_carry tile=4096 warps=8 stages=2 storage=registers"},
       }) {
    EXPECT_THAT(why_not(variant, workload), IsEmpty()) << variant << " for " << to_string(workload);
  }
}

TEST(Prune, KeepsTheWinnersOfTheRecordedResults) {
  std::ifstream file(SCANTUNE_SOURCE_DIR "/results/best.json");
  const std::string text{std::istreambuf_iterator<char>(file), {}};
  const std::regex entry(
      R"re("key": "NVIDIA H200\|(\d+)x(\d+)x1\|(\w+)\|[^"]*"[^]*?"winner": \{\s*"variant": "([^"]*)")re");
  int winners = 0;
  for (auto it = std::sregex_iterator(text.begin(), text.end(), entry); it != std::sregex_iterator(); ++it) {
    const std::smatch& match = *it;
    const Workload workload = rows(std::stoll(match[1]), std::stoll(match[2]), *parse_dtype(match[3].str()));
    // Recorded before there were rings: without the last parameter.
    EXPECT_THAT(spellings(tried(workload)), Contains(StartsWith(match[4].str()))) << to_string(workload);
    ++winners;
  }
  EXPECT_GE(winners, 1);
}

TEST(Prune, LeavesOutWhatCannotKeepDramBusy) {
  const Workload workload = rows(264, 12288);  // two blocks of row_carry an SM
  int left_out = 0;
  for (const Candidate& candidate : candidates(workload, h200(), unpruned()).value_or(std::vector<Candidate>())) {
    if (!candidate.broken.empty() || candidate.kernel->baseline) {
      continue;
    }
    // Large tiles have what is needed: half of it is what a variant must have.
    const double bytes = bytes_in_flight_per_sm(*candidate.kernel, candidate.variant, workload, h200());
    const bool enough = bytes >= bytes_needed_per_sm(h200()) / 2;
    const std::string text = to_string(candidate.variant);
    EXPECT_EQ(why_not(text, workload).empty(), enough) << text << ": " << bytes;
    left_out += enough ? 0 : 1;
  }
  EXPECT_GT(left_out, 10);
  // Ten rows: a block each.
  EXPECT_THAT(why_not("row_carry tile=1024 warps=4 stages=1 storage=registers", rows(10, 8192)),
              HasSubstr("in flight an SM, where"));
  EXPECT_THAT(why_not("row_carry tile=1024 warps=4 stages=1 storage=registers", rows(10, 8192)),
              HasSubstr("(--no-prune tries it)"));
}

TEST(Prune, ComparesBaselinesWithTheirOwnKindOnly) {
  for (const auto& workload : {rows(32768, 32768), rows(10, 8192), rows(1, 100), rows(1048576, 256),
                               rows(1, int64_t{1} << 28), rows(32768, 32768, DType::f64)}) {
    const auto variants = tried(workload);
    for (const bool baseline : {false, true}) {
      EXPECT_TRUE(std::ranges::any_of(variants, [&](const Candidate& c) { return c.kernel->baseline == baseline; }))
          << to_string(workload) << (baseline ? ": no baseline" : ": nothing but baselines");
    }
  }
  // What the rest is has no say: the same baselines are tried alone.
  std::set<std::string> beside;
  for (const std::string& variant : spellings(tried(rows(10, 8192)))) {
    if (variant.starts_with("three_pass")) {
      beside.insert(variant);
    }
  }
  EXPECT_EQ(spellings(tried(rows(10, 8192), {.kernels = {"three_pass"}, .settings = {}})), beside);
}

TEST(Prune, LeavesTheCpuAndUnknownBandwidthsAlone) {
  Chip cpu;
  cpu.backend = Backend::cpu;
  cpu.code_name = "avx2";
  cpu.multiprocessors = 8;
  cpu.dram_bytes_per_s = 1e12;
  Chip unknown = *reference_chip(80);
  unknown.dram_bytes_per_s = 0;
  for (const Chip& chip : {cpu, unknown}) {
    for (const auto& workload : {rows(32768, 32768), rows(10, 8192)}) {
      EXPECT_EQ(spellings(tried(workload, {}, chip)), spellings(tried(workload, unpruned(), chip)));
    }
  }
}

TEST(Prune, CanBeSwitchedOff) {
  const auto all = spellings(tried(rows(32768, 32768), unpruned()));
  const auto pruned = spellings(tried(rows(32768, 32768)));
  EXPECT_TRUE(std::ranges::includes(all, pruned));
  EXPECT_GT(all.size(), pruned.size() + 70);
}

TEST(Prune, NeverLeavesOutEverything) {
  // Any variant that works, asked for alone, is tried.
  for (const auto& workload : {rows(32768, 32768), rows(10, 8192), rows(1, 1), rows(3, int64_t{1} << 22)}) {
    for (const Candidate& candidate : tried(workload, unpruned())) {
      Selection only{.kernels = {candidate.variant.kernel}, .settings = {}};
      for (const Setting& setting : candidate.variant.settings) {
        only.settings.push_back({setting.name, {setting.value}});
      }
      EXPECT_EQ(tried(workload, only).size(), 1U) << to_string(candidate.variant) << " for " << to_string(workload);
    }
  }
}

TEST(SweepRules, LeaveAboutSeventyVariantsOfTheHeadlineShape) {
  const auto variants = tried(rows(32768, 32768));
  EXPECT_LE(variants.size(), 75U);
  EXPECT_GE(variants.size(), 60U);
  const auto values = [&](const std::string& param) {
    std::set<int64_t> found;
    for (const Candidate& candidate : variants) {
      if (candidate.variant.kernel == "row_carry") {
        found.insert(candidate.variant.number(param));
      }
    }
    return found;
  };
  EXPECT_GE(values("tile").size(), 5U);
  EXPECT_GE(values("warps").size(), 4U);
  EXPECT_GE(values("stages").size(), 3U);
}

// What came within 3% of the best of its sweep: docs/tune.md.
TEST(SweepRules, KeepWhatCameNearTheBest) {
  struct Near {
    Workload workload;
    std::vector<std::string> variants;  // tile, in KiB, warps, stages, storage
  };
  const std::vector<Near> sweeps = {
      {rows(32768, 32768),
       {"4 8 2 registers",   "32 4 2 async",      "32 4 3 async",       "32 8 3 registers",  "32 16 3 async",
        "32 16 3 registers", "32 32 2 async",     "32 32 3 registers",  "64 4 1 registers",  "64 8 2 async",
        "64 8 2 registers",  "64 8 3 async",      "64 8 3 registers",   "64 16 1 registers", "64 16 2 async",
        "64 16 2 registers", "64 16 3 async",     "64 32 1 registers",  "64 32 2 async",     "64 32 2 registers",
        "64 32 3 async",     "128 8 1 registers", "128 16 1 registers", "128 32 1 registers"}},
      {rows(32768, 32768, DType::f16),
       {"4 4 3 async", "4 8 2 async", "4 8 3 async", "4 8 3 bulk", "16 4 3 async", "16 8 2 async", "16 8 3 async",
        "16 16 2 async", "16 16 3 async", "32 4 1 registers", "32 4 2 async", "32 4 3 async", "32 8 1 registers"}},
      {rows(1000, 99991),
       {"4 4 2 registers",   "4 8 3 registers",   "8 4 1 registers",    "8 4 3 registers",   "8 8 2 registers",
        "16 4 2 registers",  "16 4 3 registers",  "16 8 1 registers",   "16 8 3 registers",  "16 16 2 registers",
        "32 4 2 registers",  "32 4 3 registers",  "32 8 1 registers",   "32 8 2 registers",  "32 8 3 registers",
        "32 16 2 registers", "32 16 3 registers", "32 32 2 registers",  "32 32 3 registers", "64 4 1 registers",
        "64 4 2 bulk",       "64 4 3 bulk",       "64 8 1 registers",   "64 8 2 bulk",       "64 8 2 registers",
        "64 8 3 bulk",       "64 8 3 registers",  "64 16 2 bulk",       "64 16 2 registers", "64 16 3 bulk",
        "64 32 2 registers", "128 8 1 registers", "128 16 1 registers", "128 32 1 registers"}}};
  for (const auto& [workload, variants] : sweeps) {
    const auto kept = spellings(tried(workload));
    for (const std::string& text : variants) {
      std::istringstream words(text);
      int64_t tile_kib = 0;
      int warps = 0;
      int stages = 0;
      std::string storage;
      words >> tile_kib >> warps >> stages >> storage;
      EXPECT_THAT(kept, Contains(fmt::format("row_carry tile={} warps={} stages={} storage={}",
                                             tile_kib * 1024 / size_bytes(workload.dtype), warps, stages, storage)))
          << to_string(workload);
    }
  }
}

TEST(SweepRules, HoldWhereTheSweepsWere) {
  const std::string slow = "row_carry tile=1024 warps=8 stages=2 storage=bulk";
  EXPECT_THAT(why_not(slow, rows(32768, 32768)), HasSubstr("a ring's tiles are 32 KiB at least"));
  EXPECT_THAT(why_not(slow, rows(32768, 32768)), HasSubstr("(--no-prune tries it)"));
  EXPECT_THAT(why_not(slow, rows(32768, 8192)), Not(HasSubstr("a ring's tiles are")));
  EXPECT_THAT(spellings(tried(rows(32768, 32768), {}, *reference_chip(100))), Contains(slow));
}

}  // namespace
}  // namespace scantune
