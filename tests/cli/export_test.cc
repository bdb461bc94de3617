// scantune export, end to end.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "sandbox.h"

namespace scantune::cli {
namespace {

using testing::EndsWith;
using testing::HasSubstr;

const std::string kBest = std::string(SCANTUNE_SOURCE_DIR) + "/results/h200-standard.json";

TEST(Export, WritesALibraryAsTheDocumentationSays) {
  Sandbox box;
  const Finished done = box.run({"export", "--best", kBest, "--format", "cmake", "--out", "build/scantune_kernels"});
  EXPECT_EQ(done.code, 0) << done.err;
  EXPECT_THAT(done.out, HasSubstr("build/scantune_kernels: "));
  EXPECT_THAT(read_text(box.work() / "build/scantune_kernels/include/scantune_kernels/reverse_cumsum.h"),
              HasSubstr("cudaError_t reverse_cumsum(const float* in, float* out"));
}

TEST(Export, WritesOneHeader) {
  Sandbox box;
  const Finished done = box.run({"export", "--best", kBest, "--format", "header", "--out", "build/include"});
  EXPECT_EQ(done.code, 0) << done.err;
  EXPECT_EQ(read_text(box.work() / "build/include/scantune_kernels.cuh").find("#include \""), std::string::npos);
}

TEST(Export, ListsItsFormats) {
  Sandbox box;
  const Finished done = box.run({"export", "--list"});
  EXPECT_EQ(done.code, 0);
  for (const char* format : {"cmake", "header", "bundle"}) {
    EXPECT_THAT(done.out, HasSubstr(format));
  }
}

TEST(Export, RefusesFilesThatAreNotItsOwn) {
  Sandbox box;
  const std::vector<std::string> command = {"export", "--best", kBest, "--format", "header", "--out", "out"};
  ASSERT_EQ(box.run(command).code, 0);
  const Finished again = box.run(command);
  EXPECT_EQ(again.code, 0) << "its own may be written again";
  box.write("out/scantune_kernels.cuh", "edited");
  const Finished refused = box.run(command);
  EXPECT_EQ(refused.code, 2);
  EXPECT_THAT(refused.err, HasSubstr("was changed since scantune wrote it"));
  EXPECT_THAT(refused.err, EndsWith("move it away or name another folder with --out\n"));
  EXPECT_EQ(line_count(refused.err), line_count(again.err) + 1)
      << refused.err;  // the note on sources, if any, and this
}

TEST(Export, SaysInOneLineWhatIsWrong) {
  Sandbox box;
  box.write("broken.json", "{\"format\": ");
  const std::vector<std::pair<std::vector<std::string>, std::string>> cases = {
      {{}, "--format is missing"},
      {{"--format", "cmkae", "--out", "x"}, "did you mean cmake?"},
      {{"--format", "cmake"}, "--out is missing"},
      {{"--format", "cmake", "--out", "x", "--best", "none.json"}, "none.json"},
      {{"--format", "cmake", "--out", "x", "--best", "broken.json"}, "broken.json: "},
      {{"--format", "cmake", "--out", "x", "--best", kBest, "--dtype", "f8"}, "unknown dtype"},
      {{"--format", "cmake", "--out", "x", "--best", kBest, "--dim", "one"}, "--dim one: not a dimension"},
      {{"--format", "cmake", "--out", "x", "--best", kBest, "--shape", "7x7"}, "none of the best file's 21 entries"},
      {{"--format", "cmake", "--out", "broken.json", "--best", kBest}, "not a folder"},
  };
  for (const auto& [arguments, expected] : cases) {
    std::vector<std::string> command = {"export"};
    command.insert(command.end(), arguments.begin(), arguments.end());
    const Finished refused = box.run(command);
    EXPECT_EQ(refused.code, 2) << expected;
    EXPECT_THAT(refused.err, HasSubstr(expected));
  }
  EXPECT_FALSE(std::filesystem::exists(box.work() / "x")) << "something was written";
}

}  // namespace
}  // namespace scantune::cli
