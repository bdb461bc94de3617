// The CPU kernels against the definition, at every vector instruction set this CPU has.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <cstring>
#include <limits>
#include <random>

#include "core/expected.h"
#include "cpu/families.h"
#include "cpu/team.h"
#include "device/verify.h"
#include "elements.h"

namespace scantune::cpu {
namespace {

using scantune::testing::bits_at;
using scantune::testing::exact_bits;
using scantune::testing::f16_bits;
using scantune::testing::get;
using scantune::testing::put;

constexpr u64 kSeed = 7;
constexpr auto kCanary = std::byte{0xC5};
constexpr int64_t kGap = 512;  // canaries on either side of the output, in bytes

struct NamedFamily {
  const char* name;
  Family run;
  std::vector<Ahead> prefetches;
  bool rows;
  bool columns;
};

const std::vector<NamedFamily>& families() {
  static const std::vector<NamedFamily> all = {{"two_pass", two_pass, {Ahead::falling}, true, true},
                                               {"row_carry", row_carry, {Ahead::falling, Ahead::rising}, true, false},
                                               {"tile_chain", tile_chain, {Ahead::falling}, true, false},
                                               {"column_carry", column_carry, {Ahead::falling}, false, true},
                                               {"column_chain", column_chain, {Ahead::falling}, false, true}};
  return all;
}

// The families that do a geometry.
std::vector<NamedFamily> families_for(const Geometry& g) {
  std::vector<NamedFamily> fitting;
  std::ranges::copy_if(families(), std::back_inserter(fitting),
                       [&](const NamedFamily& f) { return g.inner == 1 ? f.rows : f.columns; });
  return fitting;
}

Workload workload_of(Geometry g, TypePair types) {
  Workload workload;
  workload.shape = Shape{{g.outer, g.n, g.inner}, 1};
  workload.dtype = types == TypePair::i32_in_i64 ? DType::i32 : static_cast<DType>(types);
  workload.accumulator = types == TypePair::i32_in_i64 ? DType::i64 : default_accumulator(workload.dtype);
  return workload;
}

// Tensors at some distance, in elements, from vector alignment.
struct Problem {
  Problem(Geometry geometry, TypePair type_pair, int64_t in_offset = 0, int64_t out_offset = 0)
      : g(geometry), types(type_pair), workload(workload_of(g, types)), shift(out_offset) {
    in.resize(static_cast<size_t>(workload.bytes_read() + 64 + in_offset * size_bytes(workload.dtype)));
    out.resize(static_cast<size_t>(workload.bytes_written() + 64 + out_offset * size_bytes(workload.output_dtype()) +
                                   2 * kGap));
    x = aligned(in.data()) + in_offset * size_bytes(workload.dtype);
    y = aligned(out.data() + kGap - 64) + out_offset * size_bytes(workload.output_dtype());
  }

  static std::byte* aligned(std::byte* p) { return p + (64 - reinterpret_cast<uintptr_t>(p) % 64); }

  // The exact test's input (workload.h).
  void fill_exact() {
    const int bits = exact_bits(workload.dtype);
    for (int64_t e = 0; e < g.elements(); ++e) {
      put(x, workload.dtype, e,
          static_cast<double>(
              exact_x(kSeed, static_cast<u64>(e), e / g.inner % g.n, g.n, static_cast<u64>(g.inner), bits)));
    }
  }

  void run(const NamedFamily& family, const Leaves& leaves, Team& team, const Tuning& tuning, Workspace& workspace) {
    std::fill(out.begin(), out.end(), kCanary);
    family.run(leaves, team, {x, y, types, g.outer, g.n, g.inner}, tuning, workspace);
  }

  // The first wrong element of the exact test in words; empty where all are right and nothing else was written.
  [[nodiscard]] std::string fault() const {
    const int bits = exact_bits(workload.dtype);
    for (int64_t e = 0; e < g.elements(); ++e) {
      const auto expected = static_cast<double>(exact_y(kSeed, static_cast<u64>(e), bits));
      if (const double got = get(y, workload.output_dtype(), e); got != expected) {
        return fmt::format("element {}: {} instead of {}", e, got, expected);
      }
    }
    return stray();
  }

  [[nodiscard]] std::string stray() const {
    const auto untouched = [](std::byte b) { return b == kCanary; };
    const bool before = std::all_of<const std::byte*>(out.data(), y, untouched);
    const bool after = std::all_of<const std::byte*>(y + workload.bytes_written(), out.data() + out.size(), untouched);
    return before && after ? "" : before ? "wrote past the end" : "wrote before the beginning";
  }

  Geometry g;
  TypePair types;
  Workload workload;
  int64_t shift;
  std::vector<std::byte> in;
  std::vector<std::byte> out;
  std::byte* x;
  std::byte* y;
};

const std::vector<TypePair>& all_types() {
  static const std::vector<TypePair> all = {TypePair::f16, TypePair::bf16, TypePair::f32,       TypePair::f64,
                                            TypePair::i32, TypePair::i64,  TypePair::i32_in_i64};
  return all;
}

class CpuKernels : public ::testing::TestWithParam<const Leaves*> {
 protected:
  // Every tuning of every family on the problem.
  void check_all(Problem& problem, const std::vector<int64_t>& tiles, const std::vector<int>& threads) {
    problem.fill_exact();
    for (const NamedFamily& family : families_for(problem.g)) {
      for (const Ahead prefetch : family.prefetches) {
        for (const int64_t tile : tiles) {
          for (const int count : threads) {
            for (const int unroll : kUnrolls) {
              for (const Store store : {Store::cached, Store::streaming}) {
                const Tuning tuning{tile, count, unroll, store, prefetch};
                if (unroll != kCommonUnroll && (problem.types != TypePair::f32 || problem.g.inner > 1)) {
                  continue;
                }
                problem.run(family, *GetParam(), team, tuning, workspace);
                ASSERT_EQ(problem.fault(), "")
                    << family.name << " " << to_string(problem.workload) << " types " << static_cast<int>(problem.types)
                    << " tile " << tile << " threads " << count << " unroll " << unroll << " store "
                    << static_cast<int>(store) << " prefetch " << static_cast<int>(prefetch) << " output offset "
                    << problem.shift;
              }
            }
          }
        }
      }
    }
  }

  void check_all_types(Geometry g, const std::vector<int64_t>& tiles, const std::vector<int>& threads,
                       int64_t in_offset = 0, int64_t out_offset = 0) {
    for (const TypePair types : all_types()) {
      Problem problem(g, types, in_offset, out_offset);
      ASSERT_NO_FATAL_FAILURE(check_all(problem, tiles, threads));
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
      ASSERT_NO_FATAL_FAILURE(check_all_types({rows, n, 1}, {16, 128}, {1, 3}));
    }
  }
}

TEST_P(CpuKernels, SumTilesOfEveryAwkwardCut) {
  constexpr int64_t kTile = 1024;
  for (const int64_t n : {kTile - 1, kTile, kTile + 1, 2 * kTile, 3 * kTile - 5, 10 * kTile + 3}) {
    for (const int64_t rows : {1, 3}) {
      ASSERT_NO_FATAL_FAILURE(check_all_types({rows, n, 1}, {kTile}, {1, 4}));
    }
  }
}

TEST_P(CpuKernels, SumColumnsOfEveryAwkwardNumber) {
  for (const int64_t inner : {2, 3, 4, 5, 7, 8, 9, 13, 15, 16, 17, 31, 33, 64, 100, 255, 257, 1000}) {
    for (const auto& [outer, n] : std::vector<std::pair<int64_t, int64_t>>{{1, 1}, {1, 2}, {7, 3}, {2, 65}, {1, 200}}) {
      ASSERT_NO_FATAL_FAILURE(check_all_types({outer, n, inner}, {16, 1024}, {1, 3}));
    }
  }
}

TEST_P(CpuKernels, SumSlabsOfEveryAwkwardSize) {
  for (const int64_t inner : {2, 3, 5, 7, 11}) {
    for (int64_t n = 1; n < 20; ++n) {
      ASSERT_NO_FATAL_FAILURE(check_all_types({37, n, inner}, {1024}, {2}));
    }
  }
}

TEST_P(CpuKernels, SumColumnsOfManyTiles) {
  for (const auto& [n, inner] :
       std::vector<std::pair<int64_t, int64_t>>{{5000, 2}, {1000, 17}, {513, 300}, {3, 5001}}) {
    ASSERT_NO_FATAL_FAILURE(check_all_types({2, n, inner}, {1024, 4096}, {1, 4}));
  }
}

TEST_P(CpuKernels, NeedNoAlignment) {
  for (const int64_t offset : {1, 3, 8, 15}) {
    for (const Geometry g : {Geometry{17, 5, 1}, {17, 33, 1}, {17, 1000, 1}, {5, 70, 3}, {3, 70, 33}, {1, 70, 1000}}) {
      ASSERT_NO_FATAL_FAILURE(check_all_types(g, {1024}, {2}, 15 - offset, offset));
    }
  }
}

// Halves are scanned 64 at a time, with a row's end anywhere among them.
TEST_P(CpuKernels, EndRowsOfHalvesAnywhere) {
  for (const TypePair types : {TypePair::f16, TypePair::bf16}) {
    for (int64_t n = 1; n < 200; ++n) {
      Problem problem({7, n, 1}, types);
      ASSERT_NO_FATAL_FAILURE(check_all(problem, {1024}, {1}));
    }
    for (const int64_t offset : {1, 16, 31, 32, 33, 63}) {
      for (const int64_t n : {4, 65, 130, 190, 1000}) {
        Problem problem({17, n, 1}, types, 63 - offset, offset);
        ASSERT_NO_FATAL_FAILURE(check_all(problem, {1024}, {2}));
      }
    }
  }
}

TEST_P(CpuKernels, SumManyShortRows) {
  for (const int64_t n : {1, 2, 33, 64}) {
    Problem problem({20000, n, 1}, TypePair::f32);
    check_all(problem, {1024}, {4});
  }
}

// Which tile a thread sums while it scans another one, or on its own, is a matter of luck: the sum must not depend on
// it.
TEST_P(CpuKernels, SumATileTheSameWhateverIsScannedMeanwhile) {
  constexpr int64_t kElements = 8192;
  constexpr int64_t kNext = 1000;
  for (const TypePair types : {TypePair::f16, TypePair::bf16, TypePair::f32, TypePair::f64}) {
    Problem problem({1, kElements, 1}, types);
    // Of many sizes and with all the bits there are: a sum in another order has other bits.
    std::mt19937_64 random(kSeed);
    std::uniform_real_distribution<double> value(-1, 1);
    for (int64_t e = 0; e < kElements; ++e) {
      put(problem.x, problem.workload.dtype, e, std::ldexp(value(random), -static_cast<int>(e % 13)));
    }
    const ScanLeaves& leaves = GetParam()->scans[static_cast<int>(types)];
    for (const int64_t distance : {1024, 1023, 100, 7}) {
      const Sum alone = leaves.sum(problem.x, kNext, kNext + distance);
      for (int u = 0; u < kUnrollCount; ++u) {
        const ScanLeaves::Scan scan = leaves.scan[static_cast<int>(Ahead::summing)][u][static_cast<int>(Store::cached)];
        for (const int64_t n : {3, 33, 130, 333, 5000}) {
          for (const int64_t scanned : {1024, 993, 17, 3}) {
            const Sum meanwhile =
                scan == nullptr
                    ? alone
                    : scan({problem.x, problem.y, 4096, 4096 + scanned, n, Sum{}, kNext, distance}).next_sum;
            EXPECT_EQ(meanwhile.bits, alone.bits) << to_string(problem.workload) << ", " << distance << " beside "
                                                  << scanned << " in rows of " << n << ", unroll " << kUnrolls[u];
          }
        }
      }
    }
  }
}

TEST_P(CpuKernels, GiveTheSameBitsEveryRun) {
  for (const Geometry g : {Geometry{1, 300001, 1}, {7, 20011, 1}, {1, 30001, 10}, {2, 1001, 150}}) {
    for (const TypePair types : {TypePair::f16, TypePair::bf16, TypePair::f32, TypePair::f64}) {
      Problem problem(g, types);
      for (int64_t e = 0; e < g.elements(); ++e) {
        put(problem.x, problem.workload.dtype, e, mixed_value(kSeed, static_cast<u64>(e)));
      }
      for (const NamedFamily& family : families_for(g)) {
        const Tuning tuning{1024, 4, kCommonUnroll, Store::streaming, Ahead::falling};
        problem.run(family, *GetParam(), team, tuning, workspace);
        const std::vector<std::byte> first = problem.out;
        for (int time = 0; time < 3; ++time) {
          problem.run(family, *GetParam(), team, tuning, workspace);
          ASSERT_EQ(first, problem.out) << family.name << " " << to_string(problem.workload);
        }
      }
    }
  }
}

TEST_P(CpuKernels, StartAfreshWhenTheRunCounterOfTheChainWraps) {
  for (const Geometry g : {Geometry{1, 10000, 1}, {1, 2000, 5}}) {
    Problem problem(g, TypePair::f32);
    problem.fill_exact();
    const NamedFamily chain = families_for(g).back();
    const Tuning tuning{1024, 4, kCommonUnroll, Store::streaming, Ahead::falling};
    problem.run(chain, *GetParam(), team, tuning, workspace);
    workspace.run = UINT32_MAX - 1;
    for (int time = 0; time < 3; ++time) {
      problem.run(chain, *GetParam(), team, tuning, workspace);
      EXPECT_EQ(problem.fault(), "") << chain.name;
    }
  }
}

// Integers of all bits: sums wrap as two's complement does, and in i64 those of i32 do not wrap.
TEST_P(CpuKernels, WrapSumsOfIntegers) {
  for (const Geometry g : {Geometry{3, 5000, 1}, {2, 300, 7}, {2, 300, 40}}) {
    for (const TypePair types : {TypePair::i32, TypePair::i64, TypePair::i32_in_i64}) {
      Problem problem(g, types);
      std::mt19937_64 random(kSeed);
      const bool narrow_in = types != TypePair::i64;
      const bool narrow_out = types == TypePair::i32;
      for (int64_t e = 0; e < g.elements(); ++e) {
        const uint64_t bits = random();
        std::memcpy(problem.x + e * (narrow_in ? 4 : 8), &bits, narrow_in ? 4 : 8);
      }
      for (const NamedFamily& family : families_for(g)) {
        problem.run(family, *GetParam(), team, {1024, 3, kCommonUnroll, Store::streaming, Ahead::falling}, workspace);
        for (int64_t column = 0; column < g.outer * g.inner; ++column) {
          uint64_t sum = 0;
          for (int64_t i = g.n; i-- > 0;) {
            const int64_t e = (column / g.inner * g.n + i) * g.inner + column % g.inner;
            sum += narrow_in ? static_cast<uint64_t>(int64_t{bits_at<int32_t>(problem.x + e * 4)})
                             : bits_at<uint64_t>(problem.x + e * 8);
            if (narrow_out) {
              ASSERT_EQ(bits_at<uint32_t>(problem.y + e * 4), static_cast<uint32_t>(sum)) << family.name << " " << e;
            } else {
              ASSERT_EQ(bits_at<uint64_t>(problem.y + e * 8), sum) << family.name << " " << e;
            }
          }
        }
      }
    }
  }
}

// --- Infinities and NaN, compared with the serial definition.

constexpr double kInfinity = std::numeric_limits<double>::infinity();
constexpr double kNan = std::numeric_limits<double>::quiet_NaN();

void put_special(std::byte* array, DType dtype, int64_t at, double value) {
  if (dtype == DType::f16) {
    const uint16_t bits = std::isnan(value) ? 0x7E01 : value > 0 ? 0x7C00 : 0xFC00;
    std::memcpy(array + at * 2, &bits, sizeof bits);
  } else {
    put(array, dtype, at, value);
  }
}

double get_special(const std::byte* array, DType dtype, int64_t at) {
  const auto bits = dtype == DType::f16 ? bits_at<uint16_t>(array + at * 2) : uint16_t{0};
  if ((bits & 0x7C00) != 0x7C00) {
    return get(array, dtype, at);
  }
  return (bits & 0x3FF) != 0 ? kNan : bits == 0x7C00 ? kInfinity : -kInfinity;
}

// The first element that is not the serial sum, in words; empty where all are. Infinite and NaN where that is.
std::string serial_fault(const Problem& problem) {
  const DType dtype = problem.workload.dtype;
  const auto [outer, n, inner] = problem.g;
  for (int64_t column = 0; column < outer * inner; ++column) {
    double sum = 0;
    for (int64_t i = n; i-- > 0;) {
      const int64_t e = (column / inner * n + i) * inner + column % inner;
      sum += get_special(problem.x, dtype, e);
      const double got = get_special(problem.y, dtype, e);
      if (std::isnan(sum) ? !std::isnan(got) : got != sum) {
        return fmt::format("element {}: {} instead of {}", e, got, sum);
      }
    }
  }
  return {};
}

TEST_P(CpuKernels, KeepInfinitiesAndNansToTheLeftOfWhereTheyAre) {
  for (const Geometry g : {Geometry{2, 1000, 1}, {20, 9, 1}, {2, 500, 3}, {2, 300, 33}, {50, 3, 2}}) {
    for (const TypePair types : {TypePair::f16, TypePair::bf16, TypePair::f32, TypePair::f64}) {
      Problem problem(g, types);
      const DType dtype = problem.workload.dtype;
      // Few and small ones, so that every sum is an integer that each of the types has.
      for (int64_t e = 0; e < g.elements(); ++e) {
        const u64 h = hash(kSeed, static_cast<u64>(e));
        put(problem.x, dtype, e, h % 16 == 0 ? 1.0 : h % 16 == 1 ? -1.0 : 0.0);
      }
      put_special(problem.x, dtype, g.elements() / 4, kInfinity);
      put_special(problem.x, dtype, g.elements() / 4 - 2 * g.inner, -kInfinity);  // with the one before it: NaN
      put_special(problem.x, dtype, g.elements() / 2, -kInfinity);
      put_special(problem.x, dtype, g.elements() * 4 / 5, kNan);
      for (const NamedFamily& family : families_for(g)) {
        for (const Store store : {Store::cached, Store::streaming}) {
          problem.run(family, *GetParam(), team, {256, 2, kCommonUnroll, store, Ahead::falling}, workspace);
          ASSERT_EQ(serial_fault(problem), "") << family.name << " " << to_string(problem.workload);
        }
      }
    }
  }
}

// --- Halves: what is stored is the sum in f32, rounded once.

// Geometries whose halves go through each of the ways there are for them: masked and unmasked bundles of rows, lines of
// columns, columns in the order of memory.
const std::vector<Geometry>& ways_of_halves() {
  static const std::vector<Geometry> all = {{1 << 16, 3, 1}, {1 << 13, 256, 1}, {1 << 10, 3, 96}, {1 << 14, 3, 5}};
  return all;
}

// One for each column along the scan of a geometry: where in it a test puts its values, of which there are two.
int64_t place_of_values(const Geometry& g, int64_t column) {
  return static_cast<int64_t>(hash(kSeed, static_cast<u64>(column)) % static_cast<u64>(g.n - 1));
}

TEST_P(CpuKernels, ReadAndWriteEveryHalf) {
  for (const TypePair types : {TypePair::f16, TypePair::bf16}) {
    const int exponent = types == TypePair::f16 ? 0x7C00 : 0x7F80;
    for (const Geometry& g : ways_of_halves()) {
      const int64_t columns = g.outer * g.inner;
      const int64_t halves = 1 << 16;
      for (int64_t first = 0; first < halves; first += columns) {
        // One in each column, and else zeros: it is to be found from there to the column's beginning.
        Problem problem(g, types);
        for (int64_t column = 0; column < columns; ++column) {
          const auto bits = static_cast<uint16_t>(first + column);
          const int64_t e = (column / g.inner * g.n + place_of_values(g, column)) * g.inner + column % g.inner;
          std::memcpy(problem.x + 2 * e, &bits, 2);
        }
        const Tuning tuning{1024, 1, kCommonUnroll, Store::cached, Ahead::falling};
        problem.run(families_for(g)[1], *GetParam(), team, tuning, workspace);
        for (int64_t column = 0; column < columns; ++column) {
          const auto bits = static_cast<uint16_t>(first + column);
          for (int64_t i = 0; i < g.n; ++i) {
            const int64_t e = (column / g.inner * g.n + i) * g.inner + column % g.inner;
            const auto got = bits_at<uint16_t>(problem.y + 2 * e);
            if (i > place_of_values(g, column)) {
              ASSERT_EQ(got, 0);
            } else if ((bits & 0x7FFF) > exponent) {
              ASSERT_GT(got & 0x7FFF, exponent) << "NaN stays NaN";
            } else {
              ASSERT_EQ(got, (bits & 0x7FFF) == 0 ? got & 0x8000 : bits);  // a sum that begins with 0 has no -0
            }
          }
        }
      }
    }
  }
}

uint16_t rounded(TypePair types, float value) {
  if (types == TypePair::bf16) {
    return scantune::testing::bf16_bits(value);  // carries over to infinity by itself
  }
  return std::fabs(value) >= 65520.0f ? static_cast<uint16_t>(value < 0 ? 0xFC00 : 0x7C00) : f16_bits(value);
}

TEST_P(CpuKernels, RoundHalvesToNearestEvenOnTheWayOut) {
  for (const TypePair types : {TypePair::f16, TypePair::bf16}) {
    const int finite = types == TypePair::f16 ? 0x7C00 : 0x7F80;
    for (const Geometry& g : ways_of_halves()) {
      // Two in each column, and else zeros: sums of values close to each other in magnitude, of every exponent, need
      // all kinds of rounding, and some are infinite.
      Problem problem(g, types);
      std::mt19937_64 random(kSeed);
      const DType dtype = problem.workload.dtype;
      const auto element = [&](int64_t column, int64_t i) {
        return (column / g.inner * g.n + i) * g.inner + column % g.inner;
      };
      for (int64_t column = 0; column < g.outer * g.inner; ++column) {
        const auto a = static_cast<uint16_t>((random() % static_cast<u64>(finite)) | (random() & 0x8000));
        const auto near =
            std::clamp(static_cast<int>(a & 0x7FFF) + static_cast<int>(random() % 8000) - 4000, 0, finite - 1);
        const auto b = static_cast<uint16_t>(static_cast<u64>(near) | (random() & 0x8000));
        std::memcpy(problem.x + 2 * element(column, place_of_values(g, column)), &a, 2);
        std::memcpy(problem.x + 2 * element(column, place_of_values(g, column) + 1), &b, 2);
      }
      for (const Store store : {Store::cached, Store::streaming}) {
        const Tuning tuning{1024, 1, kCommonUnroll, store, Ahead::falling};
        problem.run(families_for(g)[1], *GetParam(), team, tuning, workspace);
        for (int64_t column = 0; column < g.outer * g.inner; ++column) {
          const int64_t place = place_of_values(g, column);
          const auto a = static_cast<float>(get(problem.x, dtype, element(column, place)));
          const auto b = static_cast<float>(get(problem.x, dtype, element(column, place + 1)));
          const uint16_t expected = rounded(types, a + b);
          for (int64_t i = 0; i <= place; ++i) {
            const auto got = bits_at<uint16_t>(problem.y + 2 * element(column, i));
            ASSERT_TRUE(got == expected || ((got | expected) & 0x7FFF) == 0)
                << a << " + " << b << ": " << got << " instead of " << expected;
          }
        }
      }
    }
  }
}

// The f16 values that make a tie of `bits`, or what is next to one: half a step more, and a `beside` of a little more
// or less. Zeros where there is no such: of infinities and NaN, and where f16 has no value so small.
std::array<double, 2> to_tie(uint16_t bits, int beside) {
  const int exponent = bits >> 10 & 31;
  const double smallest = std::ldexp(1.0, -24);
  const double half_step = std::ldexp(bits >> 15 != 0 ? -1.0 : 1.0, std::max(exponent, 1) - 26);
  const double little = beside * std::max(smallest, std::abs(half_step) / 1024);
  const bool is_one = exponent < 31 && std::abs(half_step) >= smallest && std::abs(half_step) > std::abs(little);
  return is_one ? std::array{half_step, little} : std::array{0.0, 0.0};
}

// The sums of three values at the top of each column; the first that is not rounded as it should be, in words.
std::string rounding_fault(const Problem& problem) {
  const auto [outer, n, inner] = problem.g;
  for (int64_t column = 0; column < outer * inner; ++column) {
    const int64_t top = column / inner * n * inner + column % inner;
    double sum = 0;
    for (int64_t i = 0; i < 3; ++i) {
      sum += get(problem.x, DType::f16, top + i * inner);
    }
    const auto value = static_cast<float>(sum);
    const auto got = bits_at<uint16_t>(problem.y + 2 * top);
    const uint16_t expected = rounded(TypePair::f16, value);
    if (value != sum || (got != expected && ((got | expected) & 0x7FFF) != 0)) {  // the sign of a sum of 0 is open
      return fmt::format("column {}: {} became {} instead of {}", column, sum, got, expected);
    }
  }
  return {};
}

// Each sum is exact in f32, so that the order of additions is of no matter.
TEST_P(CpuKernels, RoundEveryTieOfF16AndWhatIsNextToIt) {
  for (const Geometry& g : ways_of_halves()) {
    int64_t ties = 0;
    const int64_t columns = g.outer * g.inner;
    for (int64_t at = 0; at < 3 << 16; at += columns) {
      Problem problem(g, TypePair::f16);
      for (int64_t column = 0; column < columns; ++column) {
        const auto bits = static_cast<uint16_t>(at + column);
        const auto more = to_tie(bits, static_cast<int>((at + column) >> 16) - 1);
        if (more[0] == 0) {
          continue;
        }
        const int64_t top = column / g.inner * g.n * g.inner + column % g.inner;
        std::memcpy(problem.x + 2 * top, &bits, 2);
        put(problem.x, DType::f16, top + g.inner, more[0]);
        put(problem.x, DType::f16, top + 2 * g.inner, more[1]);
        ++ties;
      }
      for (const NamedFamily& family : families_for(g)) {
        problem.run(family, *GetParam(), team, {1024, 1, kCommonUnroll, Store::streaming, Ahead::falling}, workspace);
        ASSERT_EQ(rounding_fault(problem), "") << family.name << " " << to_string(problem.workload);
      }
    }
    EXPECT_GT(ties, 3 * 50000);
  }
}

TEST_P(CpuKernels, SumHalvesInF32) {
  // In f16 the sum would stay at 2048, in bf16 at 256.
  for (const TypePair types : {TypePair::f16, TypePair::bf16}) {
    for (const Geometry g : {Geometry{1, 4096, 1}, {1, 4096, 2}, {1, 4096, 50}}) {
      Problem problem(g, types);
      for (int64_t e = 0; e < g.elements(); ++e) {
        put(problem.x, problem.workload.dtype, e, 1);
      }
      for (const NamedFamily& family : families_for(g)) {
        problem.run(family, *GetParam(), team, {1024, 2, kCommonUnroll, Store::cached, Ahead::falling}, workspace);
        EXPECT_EQ(get(problem.y, problem.workload.dtype, 0), 4096) << family.name;
      }
    }
  }
}

TEST(CpuLeaves, AreThereForEveryInstructionSetBestFirst) {
  const auto found = all_leaves();
  ASSERT_FALSE(found.empty());
  EXPECT_TRUE(std::is_sorted(found.begin(), found.end(),
                             [](const Leaves* a, const Leaves* b) { return a->vector_bytes > b->vector_bytes; }));
}

TEST(CpuLeaves, KnowTheSizesOfTheirTypes) {
  for (const Leaves* leaves : all_leaves()) {
    for (const TypePair types : all_types()) {
      const Workload workload = workload_of({1, 1, 1}, types);
      EXPECT_EQ(*type_pair(workload), types);
      const ScanLeaves& scans = leaves->scans[static_cast<int>(types)];
      EXPECT_EQ(scans.input_bytes, size_bytes(workload.dtype));
      EXPECT_EQ(scans.accumulator_bytes, size_bytes(workload.accumulator));
      EXPECT_EQ(scans.output_bytes, size_bytes(workload.output_dtype()));
    }
  }
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
