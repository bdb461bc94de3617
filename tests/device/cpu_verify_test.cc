// What the verification of the CPU device lets pass, and what it catches.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <functional>

#include "device/verify.h"
#include "elements.h"

namespace scantune::cpu {
namespace {

using scantune::testing::exact_bits;
using scantune::testing::get;
using scantune::testing::put;
using scantune::testing::rows_of;
using scantune::testing::workload_of;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

constexpr uint64_t kSeed = 42;

std::vector<const Leaves*> all_leaves() {
  const LeafTables found = leaf_tables();
  return {found.tables, found.tables + found.count};
}

// A verifier with the tensors it works on.
struct Bench {
  Bench(const Leaves& leaves, const Workload& w)
      : workload(w),
        verifier(leaves, team, w, kSeed),
        in(static_cast<size_t>(w.bytes_read())),
        out(static_cast<size_t>(w.bytes_written())) {}

  // The right output of the exact test, by its definition.
  void write_exact_output() {
    for (int64_t i = 0; i < workload.elements(); ++i) {
      set_output(i, static_cast<double>(exact_y(kSeed, static_cast<u64>(i), exact_bits(workload.dtype))));
    }
  }

  // Sums the input row by row in `Sum` and rounds each to the output's type.
  template <class Sum>
  void write_summed_output() {
    const auto [outer, n, inner] = workload.geometry();
    for (int64_t row = 0; row < outer * inner; ++row) {
      Sum sum = 0;
      for (int64_t i = n; i-- > 0;) {
        const int64_t e = (row / inner * n + i) * inner + row % inner;
        sum += static_cast<Sum>(get(in.data(), workload.dtype, e));
        set_output(e, static_cast<double>(sum));
      }
    }
  }

  [[nodiscard]] double output(int64_t i) const { return get(out.data(), workload.output_dtype(), i); }
  void set_output(int64_t i, double value) { put(out.data(), workload.output_dtype(), i, value); }

  Workload workload;
  Team team{2};
  Verifier verifier;
  std::vector<std::byte> in;
  std::vector<std::byte> out;
};

class CpuVerify : public ::testing::TestWithParam<DType> {};

std::string dtype_name(const ::testing::TestParamInfo<DType>& info) { return std::string(name(info.param)); }

INSTANTIATE_TEST_SUITE_P(EveryType, CpuVerify, ::testing::ValuesIn(kAllDTypes), dtype_name);

std::vector<Workload> shapes(DType dtype) {
  std::vector<Workload> all;
  for (const auto& [rows, n] : std::vector<std::pair<int64_t, int64_t>>{
           {1, 1}, {1, 7}, {3, 1}, {5, 7}, {1000, 33}, {2, 513}, {3, 4096}, {1, 100003}, {70, 1000}}) {
    all.push_back(rows_of(rows, n, dtype));
  }
  for (const Geometry& g : {Geometry{1, 1, 9}, {1, 7, 2}, {3, 5, 3}, {2, 1025, 5}, {2, 513, 70}, {1, 3, 2050}}) {
    all.push_back(workload_of(g.outer, g.n, g.inner, dtype, default_accumulator(dtype)));
  }
  if (dtype == DType::i32) {
    for (const Geometry& g : {Geometry{70, 1000, 1}, {2, 1025, 5}, {2, 513, 70}}) {
      all.push_back(workload_of(g.outer, g.n, g.inner, dtype, DType::i64));
    }
  }
  return all;
}

TEST_P(CpuVerify, FillsTheInputsThatTheSharedHeaderDefines) {
  for (const Leaves* leaves : all_leaves()) {
    for (const Workload& workload : shapes(GetParam())) {
      SCOPED_TRACE(to_string(workload) + " " + leaves->isa);
      Bench bench(*leaves, workload);
      const auto [outer, n, inner] = workload.geometry();
      bench.verifier.fill_exact(bench.in.data());
      for (int64_t i = 0; i < workload.elements(); ++i) {
        ASSERT_EQ(get(bench.in.data(), workload.dtype, i),
                  static_cast<double>(exact_x(kSeed, static_cast<u64>(i), i / inner % n, n, static_cast<u64>(inner),
                                              exact_bits(workload.dtype))))
            << "exact input, element " << i;
      }
      ASSERT_EQ(bench.verifier.has_bound_test(), is_floating(workload.dtype) || workload.accumulator != workload.dtype);
      if (bench.verifier.has_bound_test()) {
        const double scale = is_floating(workload.dtype) ? 1 : 0x1p30;  // widened integers
        bench.verifier.fill_mixed(bench.in.data());
        for (int64_t i = 0; i < workload.elements(); ++i) {
          ASSERT_EQ(get(bench.in.data(), workload.dtype, i),
                    static_cast<double>(mixed_value(kSeed, static_cast<u64>(i))) * scale)
              << "mixed input, element " << i;
        }
      }
    }
  }
}

TEST_P(CpuVerify, LetsACorrectOutputPassBothTests) {
  for (const Leaves* leaves : all_leaves()) {
    for (const Workload& workload : shapes(GetParam())) {
      SCOPED_TRACE(to_string(workload) + " " + leaves->isa);
      Bench bench(*leaves, workload);
      bench.write_exact_output();
      EXPECT_THAT(bench.verifier.check_exact(bench.out.data()), IsEmpty());
      if (bench.verifier.has_bound_test()) {
        bench.verifier.fill_mixed(bench.in.data());
        if (workload.accumulator == DType::f32) {
          bench.write_summed_output<float>();
        } else {
          bench.write_summed_output<double>();
        }
        EXPECT_THAT(bench.verifier.check_bound(bench.out.data()), IsEmpty());
      }
    }
  }
}

// Errors in a correct output of one row of 5000 elements, and where the first of them lies.
struct Error {
  const char* name;
  std::function<void(Bench&)> plant;
};

// An element whose input is not 0, as one that is 0 is rightly not missed.
int64_t victim(const Bench& bench) {
  int64_t i = 3000;
  while (get(bench.in.data(), bench.workload.dtype, i) == 0) {
    ++i;
  }
  return i;
}

std::vector<Error> errors() {
  return {
      {"lost",
       [](Bench& bench) {
         const int64_t lost = victim(bench);
         const double x = get(bench.in.data(), bench.workload.dtype, lost);
         for (int64_t i = 0; i <= lost; ++i) {
           bench.set_output(i, bench.output(i) - x);
         }
       }},
      {"doubled",
       [](Bench& bench) {
         const int64_t doubled = victim(bench);
         const double x = get(bench.in.data(), bench.workload.dtype, doubled);
         for (int64_t i = 0; i <= doubled; ++i) {
           bench.set_output(i, bench.output(i) + x);
         }
       }},
      {"lost from one output only",
       [](Bench& bench) {
         const int64_t lost = victim(bench);
         bench.set_output(lost, bench.output(lost) - get(bench.in.data(), bench.workload.dtype, lost));
       }},
      {"shifted",
       [](Bench& bench) {
         const int64_t bytes = size_bytes(bench.workload.dtype);
         std::move(bench.out.begin() + 1000 * bytes, bench.out.begin() + 1016 * bytes,
                   bench.out.begin() + 1001 * bytes);
       }},
      {"late: a tile not written yet",
       [](Bench& bench) {
         const int64_t bytes = size_bytes(bench.workload.dtype);
         std::fill_n(bench.out.begin() + 2048 * bytes, 64 * bytes, static_cast<std::byte>(bench.verifier.poison()));
       }},
      {"late: the last element",
       [](Bench& bench) {
         const int64_t bytes = size_bytes(bench.workload.dtype);
         std::fill_n(bench.out.end() - bytes, bytes, static_cast<std::byte>(bench.verifier.poison()));
       }},
      {"late: the first element",
       [](Bench& bench) {
         const int64_t bytes = size_bytes(bench.workload.dtype);
         std::fill_n(bench.out.begin(), bytes, static_cast<std::byte>(bench.verifier.poison()));
       }},
  };
}

TEST_P(CpuVerify, CatchesAPlantedLostDoubledShiftedOrLateElement) {
  for (const Leaves* leaves : all_leaves()) {
    for (const Error& error : errors()) {
      SCOPED_TRACE(std::string(error.name) + " " + leaves->isa);
      Bench bench(*leaves, rows_of(1, 5003, GetParam()));
      bench.verifier.fill_exact(bench.in.data());
      bench.write_exact_output();
      error.plant(bench);
      EXPECT_THAT(bench.verifier.check_exact(bench.out.data()), HasSubstr("wrong"));
    }
  }
}

TEST_P(CpuVerify, NamesTheFirstWrongElementAndHowManyThereAre) {
  for (const Leaves* leaves : all_leaves()) {
    Bench bench(*leaves, rows_of(300, 1000, GetParam()));
    bench.write_exact_output();
    const double right = bench.output(123456);
    const double wrong = right == 5 ? 6 : 5;
    for (const int64_t i : {123456, 123457, 299999}) {
      bench.set_output(i, bench.output(i) == wrong ? wrong + 1 : wrong);
    }
    EXPECT_EQ(
        bench.verifier.check_exact(bench.out.data()),
        fmt::format("exact test: 3 of 300000 elements wrong, first at 123456: got {}, expected {}", wrong, right));
  }
}

TEST_P(CpuVerify, CatchesWhatTheBoundTestIsFor) {
  const DType dtype = GetParam();
  if (!is_floating(dtype)) {
    // Integers have no rounding: for them the exact test says all.
    EXPECT_EQ(tolerance(dtype, dtype).of_value, 0);
    return;
  }
  for (const Leaves* leaves : all_leaves()) {
    SCOPED_TRACE(leaves->isa);
    Bench bench(*leaves, rows_of(3, 40009, dtype));
    const int64_t elements = bench.workload.elements();
    const auto correct = [&] {
      bench.verifier.fill_mixed(bench.in.data());
      if (dtype == DType::f64) {
        bench.write_summed_output<double>();
      } else {
        bench.write_summed_output<float>();
      }
    };
    correct();
    ASSERT_THAT(bench.verifier.check_bound(bench.out.data()), IsEmpty());

    const int64_t last = elements - 1;
    bench.set_output(last, bench.output(last) * 1.25);
    EXPECT_THAT(bench.verifier.check_bound(bench.out.data()),
                HasSubstr(fmt::format("bound test: 1 of {} elements wrong, first at {}:", elements, last)));

    correct();
    const auto bytes = static_cast<size_t>(size_bytes(dtype));
    std::fill_n(bench.out.begin() + 777 * static_cast<int64_t>(bytes), bytes,
                static_cast<std::byte>(bench.verifier.poison()));
    EXPECT_THAT(bench.verifier.check_bound(bench.out.data()),
                HasSubstr(fmt::format("bound test: 1 of {} elements wrong, first at 777:", elements)));
  }
}

// Two slabs of 1100 lines of 37 columns: more than two chunks, and columns that fill no vector.
std::vector<Workload> columns_of(DType dtype) {
  std::vector<Workload> all = {workload_of(2, 1100, 37, dtype, default_accumulator(dtype))};
  if (dtype == DType::i32) {
    all.push_back(workload_of(2, 1100, 37, dtype, DType::i64));
    all.push_back(rows_of(2, 40700, dtype));
    all.back().accumulator = DType::i64;
  }
  return all;
}

TEST_P(CpuVerify, CatchesOneWrongElementAnywhereAlongAnyDimension) {
  for (const Leaves* leaves : all_leaves()) {
    for (const Workload& workload : columns_of(GetParam())) {
      SCOPED_TRACE(to_string(workload) + " " + leaves->isa);
      Bench bench(*leaves, workload);
      const int64_t elements = workload.elements();
      const auto expect_caught = [&](const char* test, auto check) {
        ASSERT_THAT(check(), IsEmpty());
        for (const int64_t at : {int64_t{0}, int64_t{36}, int64_t{37}, 511 * int64_t{37} + 5, 512 * int64_t{37},
                                 elements / 2 - 1, elements / 2, elements - 1}) {
          const double right = bench.output(at);
          bench.set_output(at, right * 1.5 + 1);
          EXPECT_THAT(check(),
                      HasSubstr(fmt::format("{} test: 1 of {} elements wrong, first at {}:", test, elements, at)));
          bench.set_output(at, right);
        }
      };
      bench.write_exact_output();
      expect_caught("exact", [&] { return bench.verifier.check_exact(bench.out.data()); });
      if (bench.verifier.has_bound_test()) {
        bench.verifier.fill_mixed(bench.in.data());
        if (workload.accumulator == DType::f32) {
          bench.write_summed_output<float>();
        } else {
          bench.write_summed_output<double>();
        }
        expect_caught("bound", [&] { return bench.verifier.check_bound(bench.out.data()); });
      }
    }
  }
}

TEST(CpuVerifyBound, CatchesWidenedSumsKeptIn32Bits) {
  for (const Workload& workload : columns_of(DType::i32)) {
    if (workload.accumulator == DType::i32) {
      continue;
    }
    Bench bench(*all_leaves().front(), workload);
    bench.verifier.fill_mixed(bench.in.data());
    bench.write_summed_output<double>();
    ASSERT_THAT(bench.verifier.check_bound(bench.out.data()), IsEmpty());
    for (int64_t i = 0; i < workload.elements(); ++i) {
      bench.set_output(i, static_cast<int32_t>(static_cast<uint32_t>(static_cast<int64_t>(bench.output(i)))));
    }
    EXPECT_THAT(bench.verifier.check_bound(bench.out.data()), HasSubstr("bound test"));
  }
}

TEST(CpuVerifyBound, CatchesASumKeptInTooNarrowAType) {
  Bench bench(*all_leaves().front(), rows_of(1, 100000, DType::f32));
  bench.verifier.fill_mixed(bench.in.data());
  float sum = 0;
  for (int64_t i = bench.workload.elements(); i-- > 0;) {
    const auto wide = sum + static_cast<float>(get(bench.in.data(), DType::f32, i));
    sum = std::bit_cast<float>(static_cast<uint32_t>(scantune::testing::bf16_bits(wide)) << 16);
    bench.set_output(i, sum);
  }
  EXPECT_THAT(bench.verifier.check_bound(bench.out.data()), HasSubstr("bound test"));
}

TEST(CpuVerifyBound, TellsSumsInDoubleFromSumsInFloat) {
  Bench bench(*all_leaves().front(), rows_of(1, 100000, DType::f64));
  bench.verifier.fill_mixed(bench.in.data());
  bench.write_summed_output<float>();
  EXPECT_THAT(bench.verifier.check_bound(bench.out.data()), HasSubstr("bound test"));
}

TEST(CpuVerifyBound, HoldsForTheSerialOrderOnALongRow) {
  Bench bench(*all_leaves().front(), rows_of(1, int64_t{1} << 24, DType::f32));
  bench.verifier.fill_mixed(bench.in.data());
  bench.write_summed_output<float>();
  EXPECT_THAT(bench.verifier.check_bound(bench.out.data()), IsEmpty());
}

}  // namespace
}  // namespace scantune::cpu
