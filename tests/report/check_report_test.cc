// Checks as text and as CI servers read them.
#include "report/check_report.h"

#include <gmock/gmock.h>

#include "fixture.h"

namespace scantune::report {
namespace {

using testing::HasSubstr;
using testing::Not;

EntryCheck entry(CheckVerdict verdict) {
  EntryCheck check;
  check.workload = headline();
  check.variant = variant("row_carry tile=8192 warps=16 stages=2");
  check.verdict = verdict;
  check.why = "a reason";
  check.slowdown = {0.05, 0.04, 0.06};
  check.rounds_then = 30;
  check.rounds_now = 10;
  check.ratio_then = {0.99, 0.98, 1.0};
  check.ratio_now = {0.943, 0.94, 0.95};
  check.seconds = 1.5;
  return check;
}

Check check_of(const std::vector<EntryCheck>& entries) {
  Check check;
  check.baseline = "best.json";
  check.device = h200();
  check.now.time = "2026-11-23T01:00:00Z";
  check.now.host = "ci-1";
  check.entries = entries;
  check.verdict = overall(entries);
  return check;
}

EntryCheck with_everything(CheckVerdict verdict) {
  EntryCheck check = entry(verdict);
  check.changes = {{"driver", "570", "580", "driver 580, then 570", 0.9}};
  check.counters_reason = "the baseline has no counters";
  check.other_work = "another process uses this GPU: python3 (pid 4711)";
  check.better = Better{variant("row_carry tile=4096 warps=8 stages=1"), {0.995, 0.99, 1}, 1.03};
  check.planted = PlantedCheck{0.02, {0.022, 0.02, 0.024}, {0.021, 0.02, 0.022}, CheckVerdict::regression};
  check.level_change = LevelChange{20, 12, "2026-01-01T00:00:00Z", "abc", 0.95, 0.94, 0.001};
  return check;
}

const std::vector<std::string> kEverything = {"driver 580, then 570",
                                              "the baseline has no counters",
                                              "another process uses this GPU: python3 (pid 4711)",
                                              "a faster variant exists: row_carry tile=4096 warps=8 stages=1",
                                              "planted 2.0% of extra traffic",
                                              "history: its level changed by -1.1% at 2026-01-01T00:00:00Z"};

TEST(CheckReport, SaysAllThereIsToSayInEveryFormat) {
  for (const CheckVerdict verdict : {CheckVerdict::regression, CheckVerdict::inconclusive, CheckVerdict::pass}) {
    const Check check = check_of({with_everything(verdict)});
    TextStyle wide;
    wide.width = 200;
    for (const std::string& line : kEverything) {
      EXPECT_THAT(check_text(check, wide), HasSubstr(line));
      EXPECT_THAT(check_junit(check), HasSubstr(line));
    }
    // These two mark what has a meaning of its own there.
    for (const char* line : {"driver 580, then 570", "the baseline has no counters", "python3 (pid 4711)",
                             "a faster variant exists", "planted 2.0", "its level changed"}) {
      EXPECT_THAT(check_markdown(check), HasSubstr(line));
      if (verdict != CheckVerdict::pass || line != std::string("driver 580, then 570")) {
        EXPECT_THAT(check_github(check), HasSubstr(line));
      }
    }
  }
}

TEST(CheckReport, DoesNotSayTwiceWhoUsesTheDevice) {
  EntryCheck busy = entry(CheckVerdict::inconclusive);
  busy.other_work = "another process uses this GPU: python3 (pid 4711)";
  busy.why = "too noisy; " + busy.other_work;
  EXPECT_TRUE(check_details(busy, 4).empty());
}

TEST(CheckReport, OfManyChangesShowsThoseThatExplainMost) {
  EntryCheck slower = entry(CheckVerdict::regression);
  for (int i = 0; i < 9; ++i) {
    slower.changes.push_back({"c", "", "", fmt::format("change {}", i), 1.0 - 0.1 * i});
  }
  const std::string brief = check_text(check_of({slower}), {});
  EXPECT_THAT(brief, HasSubstr("change 3"));
  EXPECT_THAT(brief, Not(HasSubstr("change 4")));
  TextStyle verbose;
  verbose.verbose = true;
  EXPECT_THAT(check_text(check_of({slower}), verbose), HasSubstr("change 8"));
}

TEST(CheckReport, NeitherNoiseNorAMissedPlantedKernelShowsAsPassedInJunit) {
  EntryCheck missed = with_everything(CheckVerdict::pass);
  missed.planted->verdict = CheckVerdict::pass;
  std::string text = check_junit(check_of({missed}));
  EXPECT_THAT(text, HasSubstr(R"(tests="2" failures="0" errors="1")"));
  EXPECT_THAT(text, HasSubstr("2.0% planted\""));
  EXPECT_THAT(text, HasSubstr("not found"));
  text = check_junit(check_of({with_everything(CheckVerdict::regression)}));
  EXPECT_THAT(text, HasSubstr(R"(tests="2" failures="1" errors="0")"));
  Check aa = check_of({});
  aa.noise = {
      {.key = "k", .variant = "v", .sessions = 8, .rounds = 20, .round_sd = 0.1, .rounds_needed = 0, .draws = 1},
      {.key = "l", .variant = "v", .sessions = 8, .rounds = 20, .round_sd = 0.001, .rounds_needed = 9}};
  text = check_junit(aa);
  EXPECT_THAT(text, HasSubstr(R"(tests="2" failures="0" errors="1")"));
  EXPECT_THAT(text, HasSubstr("noise of k"));
}

TEST(CheckReport, EscapesWhatXmlAndWorkflowCommandsTakeForTheirOwn) {
  EntryCheck hostile = entry(CheckVerdict::regression);
  hostile.why = "<b> & \"q\" \x01 50%\nsecond line";
  const Check check = check_of({hostile});
  const std::string junit = check_junit(check);
  EXPECT_THAT(junit, HasSubstr("&lt;b&gt; &amp; &quot;q&quot; ? 50%"));
  EXPECT_THAT(junit, Not(HasSubstr("<b>")));
  const std::string github = check_github(check);
  EXPECT_THAT(github, HasSubstr("50%25%0Asecond line"));
  EXPECT_EQ(std::ranges::count(github, '\n'), 1) << "one command, one line";
  EXPECT_THAT(check_markdown(check), HasSubstr("\\<b>"));
}

}  // namespace
}  // namespace scantune::report
