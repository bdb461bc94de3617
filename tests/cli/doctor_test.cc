#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "sandbox.h"

namespace scantune::cli {
namespace {

using nlohmann::json;
using testing::ContainsRegex;
using testing::HasSubstr;

json check_of(const json& document, const std::string& subject) {
  for (const json& check : document["checks"]) {
    if (check["subject"] == subject) {
      return check;
    }
  }
  return nullptr;
}

TEST(Doctor, PrintsALineASubjectAndWhatToDo) {
  Sandbox sandbox;
  const Finished run = sandbox.run({"doctor"});
  EXPECT_EQ(run.err, "");
  EXPECT_THAT(run.out, ContainsRegex("\nok +results folder +results, .* free\n"));
  EXPECT_THAT(run.out, ContainsRegex("\n(ok|degraded) +CPU counters +"));
  EXPECT_THAT(run.out, ContainsRegex("[0-9]+ checks: [0-9]+ ok, [0-9]+ degraded, [0-9]+ broken\n$"));
  EXPECT_TRUE(sandbox.files().empty()) << "it leaves nothing behind";
}

TEST(Doctor, ExitsWith1WhereSomethingIsBroken) {
  Sandbox sandbox;
  sandbox.write("file", "text");
  const Finished run = sandbox.run({"doctor", "--cache-dir", "file/cubins", "--format", "json"});
  EXPECT_EQ(run.code, 1);
  const json document = json::parse(run.out);
  EXPECT_EQ(document["format"], "scantune-doctor");
  EXPECT_EQ(document["health"], "broken");
  EXPECT_EQ(check_of(document, "cache folder")["health"], "broken");
  EXPECT_THAT(check_of(document, "cache folder")["remedy"].get<std::string>(), HasSubstr("--cache-dir"));
  EXPECT_EQ(check_of(document, "results folder")["remedy"], nullptr);
}

TEST(Doctor, RefusesAFormatItDoesNotKnow) {
  Sandbox sandbox;
  const Finished run = sandbox.run({"doctor", "--format", "xml"});
  EXPECT_EQ(run.code, 2);
  EXPECT_EQ(line_count(run.err), 1U);
}

}  // namespace
}  // namespace scantune::cli
