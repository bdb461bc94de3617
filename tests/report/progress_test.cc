#include "report/progress.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>

namespace scantune::report {
namespace {

using testing::HasSubstr;
using testing::Not;
using testing::StartsWith;

// What a printer wrote to a stream.
class Written {
 public:
  Written() : stream_(open_memstream(&data_, &size_)) {}
  Written(const Written&) = delete;
  Written& operator=(const Written&) = delete;
  ~Written() {
    std::fclose(stream_);
    std::free(data_);
  }
  [[nodiscard]] std::FILE* stream() const { return stream_; }
  [[nodiscard]] std::string text() const {
    std::fflush(stream_);
    return {data_, size_};
  }

 private:
  char* data_ = nullptr;
  size_t size_ = 0;
  std::FILE* stream_;
};

Progress measuring() {
  return {.stage = Progress::Stage::measure,
          .families = {{"row_carry", 54, 12, 1, 2.049e6, 0.977}, {"three_pass", 18, 0, 0, {}, {}}},
          .eta_s = 4.2};
}

// What a terminal shows after the text: cursor up, erase line and return are all that is used.
std::vector<std::string> screen(const std::string& text) {
  std::vector<std::string> lines = {""};
  size_t row = 0;
  for (size_t i = 0; i < text.size(); ++i) {
    if (text.compare(i, 4, "\033[1A") == 0) {
      EXPECT_GT(row, 0U) << "the cursor left the screen";
      --row;
      i += 3;
    } else if (text.compare(i, 4, "\033[2K") == 0) {
      lines[row].clear();
      i += 3;
    } else if (text[i] == '\n') {
      ++row;
      lines.resize(std::max(lines.size(), row + 1));
    } else if (text[i] != '\r') {
      lines[row] += text[i];
    }
  }
  while (!lines.empty() && lines.back().empty()) {
    lines.pop_back();
  }
  return lines;
}

TEST(PlainProgress, WritesALineAStageAndNoControlCodes) {
  Written out;
  const auto printer = progress_printer(out.stream(), ProgressStyle::plain, {});
  Progress progress = measuring();
  printer->progress(progress);
  printer->progress(progress);  // at once: not repeated
  progress.stage = Progress::Stage::final;
  printer->progress(progress);
  EXPECT_EQ(
      out.text(),
      "measuring: 12 of 72 variants done, row_carry best 2.049 ms  0.977 of copy, about 4.2 s left\n"
      "final rounds of the best: 12 of 72 variants done, row_carry best 2.049 ms  0.977 of copy, about 4.2 s left\n");
}

TEST(LiveProgress, DrawsEachFamilyWithItsBestAndTheTimeLeft) {
  Written out;
  const auto printer = progress_printer(out.stream(), ProgressStyle::live, {});
  printer->progress(measuring());
  const auto lines = screen(out.text());
  ASSERT_EQ(lines.size(), 3U);
  EXPECT_THAT(lines[0], testing::AllOf(StartsWith("  row_carry     12 of 54"), HasSubstr("███░"),
                                       HasSubstr("best 2.049 ms  0.977 of copy  1 failed")));
  EXPECT_THAT(lines[2], HasSubstr("measuring, about 4.2 s left"));
}

TEST(LiveProgress, ErasesItselfAtTheEnd) {
  Written out;
  {
    const auto printer = progress_printer(out.stream(), ProgressStyle::live, {});
    printer->progress(measuring());
    printer->finish();
    EXPECT_THAT(screen(out.text()), testing::IsEmpty());
  }
  EXPECT_THAT(screen(out.text()), testing::IsEmpty());
}

TEST(LiveProgress, RedrawsAtMostTenTimesASecond) {
  Written out;
  const auto printer = progress_printer(out.stream(), ProgressStyle::live, {});
  for (int i = 0; i < 1000; ++i) {
    printer->progress(measuring());
  }
  EXPECT_LT(out.text().size(), 4000U);
}

TEST(LiveProgress, KeepsANoteAboveTheBlock) {
  Written out;
  const auto printer = progress_printer(out.stream(), ProgressStyle::live, {});
  printer->progress(measuring());
  printer->note("scantune: stopping");
  const auto lines = screen(out.text());
  ASSERT_EQ(lines.size(), 4U);
  EXPECT_EQ(lines[0], "scantune: stopping");
  printer->finish();
  EXPECT_THAT(screen(out.text()), testing::ElementsAre("scantune: stopping"));
}

TEST(LiveProgress, NeverWrapsALine) {
  Written out;
  const auto printer = progress_printer(out.stream(), ProgressStyle::live, {.width = 40, .utf8 = false});
  printer->progress(measuring());
  for (const std::string& line : screen(out.text())) {
    EXPECT_LT(line.size(), 40U) << line;
  }
}

TEST(Progress, WritesALineAnEventOnlyWhenVerbose) {
  const Event event{*parse_variant("row_carry tile=8192"), Failure{FailureKind::compile, "no such thing"}};
  Written quiet;
  progress_printer(quiet.stream(), ProgressStyle::plain, {})->event(event);
  EXPECT_EQ(quiet.text(), "");
  Written verbose;
  const auto printer = progress_printer(verbose.stream(), ProgressStyle::plain, {.verbose = true});
  printer->event(event);
  printer->event({event.variant, Compiled{1.25, false}});
  printer->event({event.variant, Measured{Phase::screen, {2e6, 1.9e6, 2.1e6}, {1, 0.9, 1.1}}});
  EXPECT_EQ(verbose.text(),
            "row_carry tile=8192: failed (compile): no such thing\n"
            "row_carry tile=8192: compiled in 1.2 s\n"
            "row_carry tile=8192: screen 2.000 ms ± 5.0%, 1.000 [0.900, 1.100] of copy\n");
}

TEST(Progress, WritesNothingButNotesWhenOff) {
  Written out;
  {
    const auto printer = progress_printer(out.stream(), ProgressStyle::none, {.verbose = true});
    printer->progress(measuring());
    printer->event({*parse_variant("row_carry tile=8192"), Verified{}});
    printer->note("scantune: note");
  }
  EXPECT_EQ(out.text(), "scantune: note\n");
}

TEST(Progress, IsAsciiWhereTheTerminalIs) {
  Written out;
  const auto printer = progress_printer(out.stream(), ProgressStyle::live, {.utf8 = false});
  printer->progress(measuring());
  EXPECT_THAT(out.text(), HasSubstr("###."));
  EXPECT_THAT(out.text(), Not(HasSubstr("█")));
}

}  // namespace
}  // namespace scantune::report
