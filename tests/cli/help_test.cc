#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>

#include "sandbox.h"

namespace scantune::cli {
namespace {

using testing::HasSubstr;
using testing::Not;

TEST(Help, FitsAScreen) {
  Sandbox sandbox;
  for (const auto& arguments : {std::vector<std::string>{"--help"},
                                {"profile", "--help"},
                                {"compare", "--help"},
                                {"export", "--help"},
                                {"list", "--help"},
                                {"journal", "--help"},
                                {"report", "--help"},
                                {"doctor", "--help"},
                                {"check", "--help"},
                                {"verify", "--help"},
                                {"show", "--help"},
                                {"merge", "--help"}}) {
    const Finished help = sandbox.run(arguments);
    EXPECT_EQ(help.code, 0);
    EXPECT_EQ(help.err, "");
    EXPECT_LE(line_count(help.out), 50U);
    std::istringstream lines(help.out);
    for (std::string line; std::getline(lines, line);) {
      EXPECT_LE(line.size(), 100U) << line;
    }
  }
}

TEST(Help, ShowsThreeExamplesTheGroupsAndTheExitCodes) {
  Sandbox sandbox;
  const std::string help = sandbox.run({"-h"}).out;
  for (const char* part : {"  scantune --shape 32768x32768 ", "  scantune --shape 1x2^28 ", "  scantune --suite ",
                           "\nWhat to tune:\n", "\nWhere:\n", "\nHow long and how much:\n", "\nOutput:\n",
                           "Exit codes: 0 done, 1 no variant worked", "130 interrupted"}) {
    EXPECT_THAT(help, HasSubstr(part));
  }
}

TEST(Help, NamesEveryOptionOfTheMainJob) {
  Sandbox sandbox;
  const std::string help = sandbox.run({"--help"}).out;
  for (const char* option :
       {"--shape",       "--suite",       "--dim",        "--dtype",     "--accumulate", "--device",
        "--kernels",     "--set",         "--space",      "--no-prune",  "--metrics",    "--profiled",
        "--budget",      "--seed",        "--out",        "--cache-dir", "--format",     "-q, --quiet",
        "-v, --verbose", "--no-progress", "--in-process", "--version",   "-h, --help"}) {
    EXPECT_THAT(help, HasSubstr("\n  " + std::string(option) + " ")) << option;
  }
  EXPECT_THAT(help, Not(HasSubstr("compile-server"))) << "for the tool's own use";
}

TEST(Help, IsGivenBesideAWrongOption) {
  Sandbox sandbox;
  EXPECT_EQ(sandbox.run({"--help", "--shpae", "3"}).code, 0);
  EXPECT_EQ(sandbox.run({"list", "--help", "--foo"}).code, 0);
  EXPECT_EQ(sandbox.run({"journal", "merge", "--help", "--foo"}).code, 0);
}

TEST(Help, OpensNothingOfCuda) {
  Sandbox sandbox;
  for (const char* argument : {"--help", "--version"}) {
    // ld.so then names every file it opens, those of dlopen included.
    const Finished run = sandbox.run({argument}, {"LD_DEBUG=files"});
    EXPECT_EQ(run.code, 0);
    EXPECT_THAT(run.err, HasSubstr("libc.so")) << "ld.so did not say what it opens";
    for (const char* library : {"libcuda", "libnvrtc", "libcupti", "libnvperf", "libnvidia"}) {
      EXPECT_THAT(run.err, Not(HasSubstr(library)));
    }
  }
}

TEST(Help, AnswersAtOnce) {
  Sandbox sandbox;
  const auto begin = std::chrono::steady_clock::now();
  EXPECT_EQ(sandbox.run({"--help"}).code, 0);
  // Some 5 ms are usual; the bound is for a machine that is busy or runs under a sanitizer.
  EXPECT_LT(std::chrono::steady_clock::now() - begin, std::chrono::milliseconds(500));
}

TEST(Version, IsOneLine) {
  Sandbox sandbox;
  const Finished version = sandbox.run({"--version"});
  EXPECT_EQ(version.code, 0);
  EXPECT_THAT(version.out, testing::MatchesRegex("scantune [0-9]+\\.[0-9]+\\.[0-9]+\n"));
}

TEST(StandardOutput, ThatCannotBeWrittenIsAnError) {
  Sandbox sandbox;
  const std::string command =
      std::string(SCANTUNE_BINARY) + " --version > /dev/full 2> " + (sandbox.work() / "err").string();
  const int status = std::system(command.c_str());
  EXPECT_EQ(WEXITSTATUS(status), 2);
  EXPECT_EQ(read_text(sandbox.work() / "err"), "scantune: standard output cannot be written\n");
}

}  // namespace
}  // namespace scantune::cli
