// The CPU kernels against the definition, at every vector instruction set this CPU has.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cstring>

#include "core/expected.h"
#include "cpu/families.h"
#include "cpu/team.h"
#include "workload.h"

namespace scantune::cpu {
namespace {

constexpr u64 kSeed = 7;
constexpr int kBits = static_cast<int>(ExactBits::f32);
constexpr float kCanary = -12345.5f;
constexpr int64_t kGap = 64;  // canaries on either side of the output, in elements

using Family = void (*)(const Leaves&, Team&, const Matrix&, const Tuning&, Workspace&);
struct NamedFamily {
  const char* name;
  Family run;
  std::vector<Ahead> prefetches;
};

const std::vector<NamedFamily>& families() {
  static const std::vector<NamedFamily> all = {{"two_pass", two_pass, {Ahead::falling}},
                                               {"row_carry", row_carry, {Ahead::falling, Ahead::rising}},
                                               {"tile_chain", tile_chain, {Ahead::falling}}};
  return all;
}

// A matrix of the exact test at some distance from vector alignment.
struct Problem {
  Problem(int64_t row_count, int64_t length, int64_t in_offset, int64_t out_offset)
      : rows(row_count), n(length), shift(out_offset) {
    in.resize(static_cast<size_t>(rows * n + in_offset));
    out.resize(static_cast<size_t>(rows * n + out_offset + 2 * kGap));
    x = in.data() + in_offset;
    y = out.data() + kGap + out_offset;
    for (int64_t i = 0; i < rows * n; ++i) {
      x[i] = static_cast<float>(exact_x(kSeed, static_cast<u64>(i), i % n, n, 1, kBits));
    }
  }

  void poison() { std::fill(out.begin(), out.end(), kCanary); }
  [[nodiscard]] Matrix matrix() const { return {x, y, rows, n}; }

  // The first wrong element in words; empty where all are right and nothing else was written.
  [[nodiscard]] std::string fault() const {
    for (int64_t i = 0; i < rows * n; ++i) {
      const auto expected = static_cast<float>(exact_y(kSeed, static_cast<u64>(i), kBits));
      if (y[i] != expected) {
        return fmt::format("element {}: {} instead of {}", i, y[i], expected);
      }
    }
    for (int64_t i = 1; i <= kGap; ++i) {
      if (y[-i] != kCanary || y[rows * n + i - 1] != kCanary) {
        return fmt::format("wrote {} elements outside", i);
      }
    }
    return {};
  }

  int64_t rows;
  int64_t n;
  int64_t shift;
  std::vector<float> in;
  std::vector<float> out;
  float* x;
  float* y;
};

class CpuKernels : public ::testing::TestWithParam<const Leaves*> {
 protected:
  // Every tuning of every family on the problem.
  void check_all(Problem& problem, const std::vector<int64_t>& tiles, const std::vector<int>& threads) {
    for (const NamedFamily& family : families()) {
      for (const Ahead prefetch : family.prefetches) {
        for (const int64_t tile : tiles) {
          for (const int count : threads) {
            for (const int unroll : kUnrolls) {
              for (const Store store : {Store::cached, Store::streaming}) {
                problem.poison();
                family.run(*GetParam(), team, problem.matrix(), {tile, count, unroll, store, prefetch}, workspace);
                ASSERT_EQ(problem.fault(), "")
                    << family.name << " " << problem.rows << "x" << problem.n << " tile " << tile << " threads "
                    << count << " unroll " << unroll << " store " << static_cast<int>(store) << " prefetch "
                    << static_cast<int>(prefetch) << " output offset " << problem.shift;
              }
            }
          }
        }
      }
    }
  }

  Team team{4};
  Workspace workspace;
};

std::string isa_name(const ::testing::TestParamInfo<const Leaves*>& info) { return info.param->isa; }

std::vector<const Leaves*> all_leaves() {
  const LeafTables found = leaf_tables();
  return {found.tables, found.tables + found.count};
}

INSTANTIATE_TEST_SUITE_P(EveryIsa, CpuKernels, ::testing::ValuesIn(all_leaves()), isa_name);

TEST_P(CpuKernels, SumRowsOfEveryAwkwardLength) {
  for (const int64_t n : {1, 2, 3, 7, 8, 15, 16, 17, 31, 33, 63, 64, 65, 127, 128, 129, 255, 256, 257, 1000}) {
    for (const int64_t rows : {1, 2, 3, 50}) {
      Problem problem(rows, n, 0, 0);
      check_all(problem, {16, 128}, {1, 3});
    }
  }
}

TEST_P(CpuKernels, SumTilesOfEveryAwkwardCut) {
  constexpr int64_t kTile = 1024;
  for (const int64_t n : {kTile - 1, kTile, kTile + 1, 2 * kTile, 3 * kTile - 5, 10 * kTile + 3}) {
    for (const int64_t rows : {1, 3}) {
      Problem problem(rows, n, 0, 0);
      check_all(problem, {kTile}, {1, 2, 4});
    }
  }
}

TEST_P(CpuKernels, NeedNoAlignment) {
  for (const int64_t offset : {1, 3, 8, 15}) {
    for (const int64_t n : {5, 33, 1000}) {
      Problem problem(17, n, 15 - offset, offset);
      check_all(problem, {1024}, {2});
    }
  }
}

TEST_P(CpuKernels, SumManyShortRows) {
  for (const int64_t n : {1, 2, 33, 64}) {
    Problem problem(20000, n, 0, 0);
    check_all(problem, {1024}, {4});
  }
}

TEST_P(CpuKernels, GiveTheSameBitsEveryRun) {
  constexpr int64_t kElements = 300001;
  std::vector<float> in(kElements);
  for (int64_t i = 0; i < kElements; ++i) {
    in[static_cast<size_t>(i)] = mixed_value(kSeed, static_cast<u64>(i));
  }
  for (const NamedFamily& family : families()) {
    std::vector<float> out(kElements);
    const Tuning tuning{1024, 4, 4, Store::streaming, Ahead::falling};
    family.run(*GetParam(), team, {in.data(), out.data(), 1, kElements}, tuning, workspace);
    const std::vector<float> first = out;
    for (int time = 0; time < 5; ++time) {
      family.run(*GetParam(), team, {in.data(), out.data(), 1, kElements}, tuning, workspace);
      ASSERT_EQ(std::memcmp(first.data(), out.data(), first.size() * sizeof(float)), 0) << family.name;
    }
  }
}

TEST_P(CpuKernels, StartAfreshWhenTheRunCounterOfTheChainWraps) {
  Problem problem(1, 10000, 0, 0);
  const Tuning tuning{1024, 4, 4, Store::streaming, Ahead::falling};
  problem.poison();
  tile_chain(*GetParam(), team, problem.matrix(), tuning, workspace);
  workspace.run = UINT32_MAX - 1;
  for (int time = 0; time < 3; ++time) {
    problem.poison();
    tile_chain(*GetParam(), team, problem.matrix(), tuning, workspace);
    EXPECT_EQ(problem.fault(), "");
  }
}

TEST_P(CpuKernels, KeepInfinitiesAndNansToTheLeftOfWhereTheyAre) {
  const float infinity = std::numeric_limits<float>::infinity();
  for (const NamedFamily& family : families()) {
    std::vector<float> in(2000, 1.0f);
    std::vector<float> out(2000);
    in[1500] = infinity;  // row 1 of 2, column 500
    family.run(*GetParam(), team, {in.data(), out.data(), 2, 1000}, {1024, 2, 4, Store::cached, Ahead::falling},
               workspace);
    EXPECT_EQ(out[1501], 499.0f) << family.name;
    EXPECT_EQ(out[1500], infinity) << family.name;
    EXPECT_EQ(out[1000], infinity) << family.name;
    EXPECT_EQ(out[999], 1.0f) << family.name;
    EXPECT_EQ(out[0], 1000.0f) << family.name;
  }
}

TEST(CpuLeaves, AreThereForEveryInstructionSetBestFirst) {
  const auto found = all_leaves();
  ASSERT_FALSE(found.empty());
  EXPECT_TRUE(std::is_sorted(found.begin(), found.end(),
                             [](const Leaves* a, const Leaves* b) { return a->vector_bytes > b->vector_bytes; }));
}

TEST(CpuLeaves, CopyAndFillEveryByteAndNoMore) {
  for (const Leaves* leaves : all_leaves()) {
    for (const int64_t bytes : {1, 63, 64, 65, 255, 256, 257, 10007}) {
      alignas(64) static std::byte from[16384];
      alignas(64) static std::byte to[16384];
      for (size_t i = 0; i < sizeof from; ++i) {
        from[i] = static_cast<std::byte>(i * 7 + 1);
      }
      leaves->stream_fill(to, 0xAB, static_cast<int64_t>(sizeof to));
      leaves->stream_copy(from, to, bytes);
      leaves->fence();
      EXPECT_EQ(std::memcmp(from, to, static_cast<size_t>(bytes)), 0) << leaves->isa << " " << bytes;
      EXPECT_TRUE(std::all_of(to + bytes, to + sizeof to, [](std::byte b) { return b == std::byte{0xAB}; }));
      leaves->stream_fill(to, 0x5C, bytes);
      leaves->fence();
      EXPECT_TRUE(std::all_of(to, to + bytes, [](std::byte b) { return b == std::byte{0x5C}; }));
      EXPECT_TRUE(std::all_of(to + bytes, to + sizeof to, [](std::byte b) { return b == std::byte{0xAB}; }));
    }
  }
}

}  // namespace
}  // namespace scantune::cpu
