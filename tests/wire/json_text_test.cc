#include "wire/json_text.h"

#include <gmock/gmock.h>

#include <limits>
#include <nlohmann/json.hpp>

#include "example.h"
#include "wire/best_json.h"

namespace scantune::wire {
namespace {

using testing::HasSubstr;

TEST(JsonText, PutsOnALineWhatIsReadAtAGlance) {
  const Json value = {{"name", "x"},
                      {"interval", {{"median", 1.5}, {"low", 1.0}, {"high", 2.0}}},
                      {"none", Json::array()},
                      {"nothing", Json::object()},
                      {"numbers", Json::array({1, 2.25, nullptr})}};
  EXPECT_EQ(to_text(value), R"({
  "name": "x",
  "interval": {"median": 1.5, "low": 1.0, "high": 2.0},
  "none": [],
  "nothing": {},
  "numbers": [1, 2.25, null]
}
)");
}

TEST(JsonText, BreaksObjectsThatAreTooLongButNotArraysOfNumbers) {
  Json value = {{"numbers", std::vector<int>(100, 123456)},
                {"words", std::vector<std::string>(3, std::string(50, 'w'))}};
  const std::string text = to_text(value);
  EXPECT_EQ(std::ranges::count(text, '\n'), 8);
  EXPECT_THAT(text, HasSubstr("\n    \"www"));
}

TEST(JsonText, TakesALinePerRoundAndPerMetric) {
  const std::string text = merge_best("", {testing_example::entry()}).value();
  EXPECT_THAT(text, HasSubstr("\n          {\"phase\": \"final\", \"order\": [0, 1, 2, 3, 0], \"time_ns\": [2002048.0, "
                              "2018304.0, 2021120.0, 3080320.0, 2001920.0]},\n"));
  EXPECT_THAT(text, HasSubstr("\n              {\"requested\": \"dram__bytes_read.sum\", \"read_as\": "
                              "\"dram__bytes_read.sum\", \"value\": 4295032832.0, \"unit\": \"bytes\"},\n"));
}

TEST(JsonText, WritesTheShortestNumberThatReadsBack) {
  EXPECT_EQ(to_text(Json(0.1)), "0.1\n");
  EXPECT_EQ(to_text(Json(1.0)), "1.0\n");
  EXPECT_EQ(to_text(Json(-0.0)), "-0.0\n");
  EXPECT_EQ(to_text(Json(4.8e12)), "4.8e+12\n");
  EXPECT_EQ(to_text(Json(1)), "1\n");
  EXPECT_EQ(to_text(Json(18446744073709551615U)), "18446744073709551615\n");
  for (const double number : {1.0 / 3, 2018432.1250000002, 5e-324, 1.7976931348623157e308}) {
    EXPECT_EQ(parse_json(to_text(Json(number)))->get<double>(), number);
  }
}

TEST(JsonText, WritesNullForWhatJsonLacks) {
  EXPECT_EQ(to_text(Json(std::numeric_limits<double>::quiet_NaN())), "null\n");
  EXPECT_EQ(to_text(Json(-std::numeric_limits<double>::infinity())), "null\n");
}

TEST(JsonText, StaysJsonWhateverBytesAStringHolds) {
  using std::string_literals::operator""s;
  const std::string bytes = "quote \" backslash \\ newline \n zero \0 \x01 caf\xc3\xa9 broken \xff"s;
  const std::string text = to_text(Json{{bytes, bytes}});
  ASSERT_TRUE(parse_json(text)) << parse_json(text).error().message;
  EXPECT_THAT(text, HasSubstr("caf\xc3\xa9 broken \xef\xbf\xbd"));
}

TEST(JsonText, ReadsAndWritesAnyValueUnchanged) {
  const Json value =
      Json::parse(R"([{"a": [[1, [2, {"b": []}]], "text", true, null, -7, 1e-7, 12345678901234567890]}, {}])");
  EXPECT_EQ(parse_json(to_text(value)).value(), value);
  EXPECT_EQ(to_text(parse_json(to_text(value)).value()), to_text(value));
}

}  // namespace
}  // namespace scantune::wire
