#include "cli/options.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>

#include "cli/devices.h"
#include "cli/suggest.h"
#include "cli/table.h"

namespace scantune::cli {
namespace {

using testing::HasSubstr;

TEST(Budget, IsATimeOrANumberOfVariants) {
  EXPECT_EQ(parse_budget("60s")->seconds, 60);
  EXPECT_EQ(parse_budget("5m")->seconds, 300);
  EXPECT_EQ(parse_budget("1.5h")->seconds, 5400);
  EXPECT_EQ(parse_budget("200")->trials, 200);
  EXPECT_FALSE(parse_budget("200")->seconds.has_value());
  EXPECT_FALSE(parse_budget("60s")->trials.has_value());
}

TEST(Budget, RefusesWhatIsNeither) {
  for (const char* text : {"", "s", "ten", "60 s", "-5", "-5s", "0", "0s", "60x", "nans", "infs", "1e400s", "1.5",
                           "99999999999999999999", "60s "}) {
    const auto budget = parse_budget(text);
    ASSERT_FALSE(budget) << "'" << text << "'";
    EXPECT_EQ(budget.error().kind, ErrorKind::bad_input);
    EXPECT_THAT(budget.error().message, HasSubstr(text));
  }
}

TEST(Profiled, IsANumberOfVariantsOrAllOfThem) {
  EXPECT_EQ(*parse_profiled("12"), 12);
  EXPECT_GT(*parse_profiled("all"), 1'000'000);
  for (const char* wrong : {"0", "-1", "", "most", "1.5"}) {
    EXPECT_FALSE(parse_profiled(wrong)) << wrong;
  }
}

TEST(Seed, IsAnyUnsignedInteger) {
  EXPECT_EQ(parse_seed("0"), 0U);
  EXPECT_EQ(parse_seed("18446744073709551615"), ~uint64_t{0});
  for (const char* text : {"", "-1", "1.5", "0x10", "18446744073709551616", "one"}) {
    EXPECT_FALSE(parse_seed(text)) << text;
  }
}

TEST(DeviceOption, IsAutoCpuOrAGpuByNumber) {
  EXPECT_TRUE(parse_device(std::nullopt)->automatic);
  EXPECT_TRUE(parse_device("auto")->automatic);
  EXPECT_FALSE(parse_device("cpu")->automatic);
  EXPECT_EQ(parse_device("cpu")->backend, Backend::cpu);
  EXPECT_EQ(parse_device("cuda:12")->ordinal, 12);
  EXPECT_EQ(parse_device("cuda:12")->backend, Backend::cuda);
  EXPECT_TRUE(parse_device("cuda:all")->all);
  for (const char* text : {"", "gpu", "cuda", "cuda:", "cuda:-1", "cuda:x", "cuda:1x", "CPU", "cuda:99999999999"}) {
    const auto device = parse_device(text);
    ASSERT_FALSE(device) << text;
    EXPECT_THAT(device.error().message, HasSubstr("auto, cpu, cuda:N"));
  }
}

TEST(SelectionOptions, TakeTheValuesOfOneParameterTogether) {
  Target target;
  target.kernels = "row_carry,three_pass";
  target.settings = {"tile=4096,8192", "load=bulk", "tile=1024"};
  const auto selection = parse_selection(target);
  ASSERT_TRUE(selection);
  EXPECT_THAT(selection->kernels, testing::ElementsAre("row_carry", "three_pass"));
  ASSERT_EQ(selection->settings.size(), 2U);
  EXPECT_EQ(selection->settings[0].param, "tile");
  EXPECT_THAT(selection->settings[0].values,
              testing::ElementsAre(Value(int64_t{4096}), Value(int64_t{8192}), Value(int64_t{1024})));
  EXPECT_THAT(selection->settings[1].values, testing::ElementsAre(Value(std::string("bulk"))));
}

TEST(SelectionOptions, RefuseWhatIsNotASetting) {
  for (const char* text : {"", "tile", "=4", "tile=", "tile=4,,8", "tile=4,"}) {
    Target target;
    target.settings = {text};
    const auto selection = parse_selection(target);
    ASSERT_FALSE(selection) << text;
    EXPECT_THAT(selection.error().message, testing::StartsWith("--set"));
  }
}

TEST(ShapeOptions, MakeAWorkloadAShape) {
  Target target;
  target.shapes = {"64Kx1K", "1x2^28"};
  target.dim = "0";
  target.dtype = "bf16";
  const auto workloads = parse_shapes(target);
  ASSERT_TRUE(workloads);
  ASSERT_EQ(workloads->size(), 2U);
  EXPECT_EQ((*workloads)[0].shape.extents, (std::vector<int64_t>{65536, 1024}));
  EXPECT_EQ((*workloads)[1].shape.dim, 0);
  EXPECT_EQ((*workloads)[1].dtype, DType::bf16);
  EXPECT_EQ((*workloads)[1].accumulator, DType::f32);
}

TEST(ShapeOptions, TakeTheAccumulatorThatGoesWithTheType) {
  const auto sums_in = [](const std::string& dtype, const std::string& accumulate) {
    Target target;
    target.shapes = {"4x4"};
    target.dtype = dtype;
    target.accumulate = accumulate;
    return parse_shapes(target).map([](const auto& workloads) { return workloads[0].accumulator; });
  };
  EXPECT_EQ(sums_in("i32", "i64"), DType::i64);
  EXPECT_EQ(sums_in("i32", "i32"), DType::i32);
  EXPECT_EQ(sums_in("f16", "f32"), DType::f32);
  EXPECT_EQ(sums_in("i32", "f64").error().message, "--accumulate f64: i32 cannot be summed in f64; possible: i32, i64");
  EXPECT_EQ(sums_in("f16", "f16").error().message, "--accumulate f16: f16 cannot be summed in f16; possible: f32");
  EXPECT_THAT(sums_in("f32", "wide").error().message, testing::StartsWith("--accumulate wide: unknown dtype"));
}

TEST(Options, AskForTheSameBitsEveryRun) {
  Target target;
  target.shapes = {"8x8"};
  EXPECT_FALSE(parse_shapes(target)->front().deterministic);
  target.deterministic = true;
  EXPECT_TRUE(parse_shapes(target)->front().deterministic);
}

TEST(ShapeOptions, BlameTheOptionAtFault) {
  const auto message = [](const std::string& shape, const std::optional<std::string>& dim) {
    Target target;
    target.shapes = {shape};
    target.dim = dim;
    return parse_shapes(target).error().message;
  };
  EXPECT_EQ(message("32768xten", std::nullopt),
            "--shape 32768xten: 'ten' is not a size; write integers joined by x, such as 32768x1024, 1x2^28 or 64Kx1K");
  EXPECT_THAT(message("4x4", "2"), testing::StartsWith("--dim 2: dim 2 is out of range"));
  EXPECT_THAT(message("4x0", std::nullopt), testing::StartsWith("--shape 4x0: "));
  EXPECT_THAT(message("4x4", "last"), testing::StartsWith("--dim last: 'last' is not a dimension"));
}

TEST(Suggestion, IsTheClosestWordOrNone) {
  const std::vector<std::string> known = {"--shape", "--suite", "--seed", "--set"};
  EXPECT_EQ(closest("--shpae", known), "--shape");
  EXPECT_EQ(closest("--sed", known), "--seed");
  EXPECT_EQ(closest("--verbosity", known), "");
  EXPECT_EQ(closest("", known), "");
}

TEST(CacheFolder, FollowsTheXdgConvention) {
  const char* const old_xdg = std::getenv("XDG_CACHE_HOME");
  const std::string saved = old_xdg == nullptr ? "" : old_xdg;
  setenv("XDG_CACHE_HOME", "/x/cache", 1);
  EXPECT_EQ(default_cache_dir(), "/x/cache/scantune");
  setenv("XDG_CACHE_HOME", "relative", 1);  // to be ignored, says the convention
  EXPECT_EQ(default_cache_dir().filename(), "scantune");
  EXPECT_TRUE(default_cache_dir().is_absolute());
  old_xdg == nullptr ? unsetenv("XDG_CACHE_HOME") : setenv("XDG_CACHE_HOME", saved.c_str(), 1);
}

TEST(Table, PadsByWhatIsSeenAndLeavesNoTrailingBlanks) {
  EXPECT_EQ(to_text({{"a", "head"}, {{"± 1", "x"}, {"wide cell", ""}}}),
            "a          head\n"
            "± 1        x\n"
            "wide cell\n");
}

}  // namespace
}  // namespace scantune::cli
