#include "wire/suite_json.h"

#include <gmock/gmock.h>

#include <fstream>
#include <iterator>

namespace scantune::wire {
namespace {

using testing::HasSubstr;
using testing::SizeIs;

// A suite of two workloads, the second as given.
std::string suite_with(std::string_view workload) {
  return fmt::format(R"({{"name": "mine", "workloads": [{{"shape": [4, 5], "dim": 0, "dtype": "f32"}}, {}]}})",
                     workload);
}

std::string refusal(std::string_view text) {
  const auto suite = parse_suite(text);
  EXPECT_FALSE(suite) << text;
  if (!suite) {
    EXPECT_EQ(suite.error().kind, ErrorKind::bad_input);
    EXPECT_EQ(suite.error().message.find('\n'), std::string::npos);
  }
  return suite ? "" : suite.error().message;
}

TEST(Suite, TheStandardOneIsRead) {
  std::ifstream file(SCANTUNE_SOURCE_DIR "/configs/suites/standard.json");
  const std::string text{std::istreambuf_iterator<char>(file), {}};
  const auto suite = parse_suite(text);
  ASSERT_TRUE(suite) << suite.error().message;
  EXPECT_EQ(suite->name, "standard");
  ASSERT_THAT(suite->workloads, SizeIs(21));
  EXPECT_EQ(to_string(suite->workloads[0]), "32768x32768 f32 dim 1");
  EXPECT_EQ(suite->workloads[15].dtype, DType::f16);
  EXPECT_EQ(suite->workloads[15].accumulator, DType::f32);
}

TEST(Suite, WorkloadsMayAskForMoreThanAShape) {
  const auto suite = parse_suite(suite_with(R"({"shape": [2, 3], "dim": -1, "dtype": "i32", "accumulator": "i64",
                                                "cache": "hot", "deterministic": true, "why": "w", "note": "n"})"));
  ASSERT_TRUE(suite) << suite.error().message;
  const Workload expected{.shape = *make_shape({2, 3}, -1),
                          .dtype = DType::i32,
                          .accumulator = DType::i64,
                          .cache = CacheState::hot,
                          .deterministic = true};
  EXPECT_EQ(suite->workloads.at(1), expected);
  EXPECT_EQ(suite->workloads.at(0).cache, CacheState::cold);
  EXPECT_FALSE(suite->workloads.at(0).deterministic);
}

TEST(Suite, AnErrorNamesTheWorkloadAndTheMember) {
  const auto in_second = [](std::string_view workload) { return refusal(suite_with(workload)); };
  EXPECT_THAT(in_second(R"({"shape": [2], "dim": 0, "dtype": "f16", "accumulator": "f16"})"),
              HasSubstr("workload 2 of 2: accumulator: f16 cannot be summed in f16; possible: f32"));
  EXPECT_THAT(in_second(R"({"shape": [2], "dim": 0, "dtype": "f31"})"),
              HasSubstr("workload 2 of 2: dtype: unknown dtype 'f31'; known: f16"));
  EXPECT_THAT(in_second(R"({"shape": [2], "dim": 1, "dtype": "f32"})"),
              HasSubstr("workload 2 of 2: shape: dim 1 is out of range for 2"));
  EXPECT_THAT(in_second(R"({"shape": [0], "dim": 0, "dtype": "f32"})"),
              HasSubstr("workload 2 of 2: shape: the tensor 0"));
  EXPECT_THAT(in_second(R"({"shape": [], "dim": 0, "dtype": "f32"})"), HasSubstr("shape: a shape has 1 to 8 extents"));
  EXPECT_THAT(in_second(R"({"shape": "2x2", "dim": 0, "dtype": "f32"})"),
              HasSubstr("workload 2 of 2: shape: expected an array, found \"2x2\""));
  EXPECT_THAT(in_second(R"({"shape": [2, 2.5], "dim": 0, "dtype": "f32"})"),
              HasSubstr("shape[1]: expected an integer"));
  EXPECT_THAT(in_second(R"({"shape": [18446744073709551615], "dim": 0, "dtype": "f32"})"),
              HasSubstr("shape[0]: expected an integer of 64 bits"));
  EXPECT_THAT(in_second(R"({"shape": [4611686018427387904, 4], "dim": 0, "dtype": "f32"})"),
              HasSubstr("2^58 elements"));
  EXPECT_THAT(in_second(R"({"dim": 0, "dtype": "f32"})"), HasSubstr("the member \"shape\" is missing"));
  EXPECT_THAT(in_second(R"({"shape": [2], "dtype": "f32"})"), HasSubstr("the member \"dim\" is missing"));
  EXPECT_THAT(in_second(R"({"shape": [2], "dim": 0})"), HasSubstr("the member \"dtype\" is missing"));
  EXPECT_THAT(in_second(R"({"shape": [2], "dim": 0, "dtype": "f32", "accumulator": "f8"})"),
              HasSubstr("accumulator: unknown dtype 'f8'"));
  EXPECT_THAT(in_second(R"({"shape": [2], "dim": 0, "dtype": "f32", "cache": "warm"})"),
              HasSubstr("cache: unknown cache state 'warm'"));
  EXPECT_THAT(in_second(R"({"shape": [2], "dim": 0, "dtype": "f32", "deterministic": "yes"})"),
              HasSubstr("deterministic: expected true or false, found \"yes\""));
  EXPECT_THAT(in_second("[2, 2]"), HasSubstr("workload 2 of 2: expected an object such as"));
}

TEST(Suite, UnknownMembersAreRefusedByName) {
  EXPECT_THAT(refusal(suite_with(R"({"shape": [2], "dim": 0, "dtype": "f32", "dtpye": "f16"})")),
              HasSubstr("workload 2 of 2: unknown member \"dtpye\"; known: shape, dim, dtype"));
  EXPECT_THAT(refusal(R"({"name": "x", "workload": []})"), HasSubstr("the suite: unknown member \"workload\""));
}

TEST(Suite, NeedsANameAndAWorkload) {
  EXPECT_THAT(refusal(R"({"workloads": []})"), HasSubstr("the member \"name\" is missing"));
  EXPECT_THAT(refusal(R"({"name": "x"})"), HasSubstr("the member \"workloads\" is missing"));
  EXPECT_THAT(refusal(R"({"name": "x", "workloads": []})"), HasSubstr("expected an array of at least one workload"));
  EXPECT_THAT(refusal(R"({"name": "x", "workloads": {}})"), HasSubstr("expected an array of at least one workload"));
  EXPECT_THAT(refusal("[]"), HasSubstr("the suite: expected an object such as"));
}

TEST(Suite, TextThatIsNotJsonIsRefusedWithItsPosition) {
  EXPECT_THAT(refusal("{\n\"name\": mine}"), HasSubstr("not JSON at line 2, column 9"));
  EXPECT_THAT(refusal(""), HasSubstr("not JSON at line 1, column 1"));
}

}  // namespace
}  // namespace scantune::wire
