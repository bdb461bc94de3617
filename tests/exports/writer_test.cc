#include "exports/writer.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>

#include "inputs.h"
#include "wire/export_json.h"

namespace scantune::exports {
namespace {

namespace fs = std::filesystem;
using testing::ElementsAre;
using testing::HasSubstr;

const Export kFiles = {{"a.txt", "one\n"}, {"include/b.h", "two\n"}};

class Writer : public testing::Test {
 protected:
  Expected<Written> write(const Export& files) { return write_export(out(), "test", input_, files); }
  [[nodiscard]] fs::path out() const { return folder_.path() / "out"; }
  [[nodiscard]] std::string text(const std::string& name) const { return folder_.read("out/" + name); }
  void put(const std::string& name, const std::string& contents) const {
    fs::create_directories((out() / name).parent_path());
    std::ofstream(out() / name) << contents;
  }
  [[nodiscard]] const fs::path& outside() const { return folder_.path(); }

 private:
  Folder folder_;
  ExportInput input_ = standard();
};

TEST_F(Writer, WritesFilesAndAManifestWithTheirDigests) {
  const auto written = write(kFiles);
  ASSERT_TRUE(written) << written.error().message;
  EXPECT_THAT(written->files, ElementsAre("a.txt", "include/b.h", "scantune-export.json"));
  EXPECT_EQ(text("include/b.h"), "two\n");
  const auto manifest = wire::parse_export_manifest(text("scantune-export.json"));
  ASSERT_TRUE(manifest) << manifest.error().message;
  EXPECT_EQ(manifest->export_format, "test");
  EXPECT_EQ(manifest->keys.size(), standard().entries.size());
  EXPECT_EQ(manifest->files.at("a.txt"),
            (wire::ExportedFile{4, {"2c8b08da5ce60398e1f19af0e5dccc744df274b826abe585eaba68c525434806"}}));
}

TEST_F(Writer, WritesTheSameBytesAgainAndSaysSo) {
  ASSERT_TRUE(write(kFiles));
  const std::string manifest = text("scantune-export.json");
  const auto again = write(kFiles);
  ASSERT_TRUE(again) << again.error().message;
  EXPECT_EQ(again->unchanged, 2);
  EXPECT_EQ(text("scantune-export.json"), manifest);
}

TEST_F(Writer, ReplacesAndRemovesWhatItWroteItself) {
  ASSERT_TRUE(write(kFiles));
  const auto again = write({{"a.txt", "three\n"}});
  ASSERT_TRUE(again) << again.error().message;
  EXPECT_EQ(text("a.txt"), "three\n");
  EXPECT_THAT(again->removed, ElementsAre("include/b.h"));
  EXPECT_FALSE(fs::exists(out() / "include")) << "a folder that it left empty stays";
}

TEST_F(Writer, KeepsFilesOfOthersBesideItsOwn) {
  put("include/mine.h", "mine");
  ASSERT_TRUE(write(kFiles));
  ASSERT_TRUE(write({{"a.txt", "three\n"}}));
  EXPECT_EQ(text("include/mine.h"), "mine");
}

TEST_F(Writer, RefusesToReplaceWhatItDidNotWriteBeforeAnythingIsWritten) {
  put("include/b.h", "mine");
  const auto refused = write(kFiles);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().kind, ErrorKind::bad_input);
  EXPECT_THAT(refused.error().message, HasSubstr("include/b.h is there already and was not written by scantune"));
  EXPECT_EQ(text("include/b.h"), "mine");
  EXPECT_FALSE(fs::exists(out() / "a.txt"));
  EXPECT_FALSE(fs::exists(out() / kManifestName));
}

TEST_F(Writer, RefusesToReplaceOrRemoveWhatWasChangedSince) {
  ASSERT_TRUE(write(kFiles));
  put("include/b.h", "edited");
  for (const Export& files : {kFiles, Export{{"a.txt", "three\n"}}}) {
    const auto refused = write(files);
    ASSERT_FALSE(refused);
    EXPECT_THAT(refused.error().message, HasSubstr("include/b.h was changed since scantune wrote it"));
  }
  EXPECT_EQ(text("include/b.h"), "edited");
  EXPECT_EQ(text("a.txt"), "one\n");
}

TEST_F(Writer, WritesAFileAgainThatIsGone) {
  ASSERT_TRUE(write(kFiles));
  fs::remove(out() / "a.txt");
  ASSERT_TRUE(write(kFiles));
  EXPECT_EQ(text("a.txt"), "one\n");
}

TEST_F(Writer, GoesOnWhereAnInterruptedExportStopped) {
  ASSERT_TRUE(write(kFiles));
  const auto old = wire::parse_export_manifest(text("scantune-export.json")).value();
  const Export next = {{"a.txt", "three\n"}, {"c.txt", "four\n"}};
  ASSERT_TRUE(write(next));
  // As the next export leaves the folder when it is killed after its first file: a manifest of both.
  auto both = wire::parse_export_manifest(text("scantune-export.json")).value();
  both.files["a.txt"].sha256.push_back(old.files.at("a.txt").sha256.front());
  both.files["include/b.h"] = old.files.at("include/b.h");
  fs::remove(out() / "c.txt");
  put("include/b.h", "two\n");
  put("scantune-export.json", wire::export_manifest_json(both));
  const auto again = write(next);
  ASSERT_TRUE(again) << again.error().message;
  EXPECT_EQ(text("a.txt"), "three\n");
  EXPECT_EQ(text("c.txt"), "four\n");
  EXPECT_THAT(again->removed, ElementsAre("include/b.h"));
}

TEST_F(Writer, NeverLeavesTheFolderWhateverThePath) {
  for (const char* path : {"", "/etc/passwd", "../up", "a/../../up", "a//b", "./a", "a/.", "a/", "-rf", "a/-b", "a\nb",
                           "a b", "a\\b", "C:x", "a\x7f", "\xc3\xa4", "$HOME", "a;b", "scantune-export.json"}) {
    const auto refused = write({{path, "x"}});
    ASSERT_FALSE(refused) << path;
    EXPECT_EQ(refused.error().kind, ErrorKind::bad_input) << path;
    EXPECT_EQ(refused.error().message.find('\n'), std::string::npos) << path;
  }
  ASSERT_FALSE(write({{std::string("a\0b", 3), "x"}}));
  ASSERT_FALSE(write({{std::string(300, 'a'), "x"}}));
  EXPECT_TRUE(fs::is_empty(outside()));
}

TEST_F(Writer, RefusesAPathTwiceAndAFileThatIsAFolder) {
  EXPECT_FALSE(write({{"a", "1"}, {"a", "2"}}));
  EXPECT_FALSE(write({{"a", "1"}, {"a/b", "2"}}));
}

TEST_F(Writer, FollowsNoLinkBelowTheFolder) {
  const fs::path elsewhere = outside() / "elsewhere";
  fs::create_directories(elsewhere);
  fs::create_directories(out());
  fs::create_symlink(elsewhere, out() / "include");
  EXPECT_FALSE(write(kFiles));
  fs::remove(out() / "include");
  fs::create_symlink(elsewhere / "target", out() / "a.txt");  // goes nowhere yet
  EXPECT_FALSE(write(kFiles));
  fs::remove(out() / "a.txt");
  fs::create_symlink(elsewhere / "manifest", out() / kManifestName);
  EXPECT_FALSE(write(kFiles));
  EXPECT_TRUE(fs::is_empty(elsewhere));
}

TEST_F(Writer, ObeysNoManifestThatNamesFilesElsewhere) {
  std::ofstream(outside() / "victim") << "two\n";
  ASSERT_TRUE(write(kFiles));
  auto manifest = wire::parse_export_manifest(text("scantune-export.json")).value();
  manifest.files["../victim"] = manifest.files.at("include/b.h");  // whose digest it has
  put("scantune-export.json", wire::export_manifest_json(manifest));
  ASSERT_TRUE(write({{"a.txt", "three\n"}}));
  EXPECT_TRUE(fs::exists(outside() / "victim"));
}

TEST_F(Writer, RefusesAManifestThatIsNone) {
  for (const char* contents : {"", "{}", "[]", R"({"format": "scantune-best", "version": 1})"}) {
    put("scantune-export.json", contents);
    const auto refused = write(kFiles);
    ASSERT_FALSE(refused) << contents;
    EXPECT_THAT(refused.error().message, HasSubstr("is not the manifest of an export"));
  }
}

TEST_F(Writer, RefusesAFolderThatIsAFile) {
  std::ofstream(out()) << "x";
  const auto refused = write(kFiles);
  ASSERT_FALSE(refused);
  EXPECT_THAT(refused.error().message, HasSubstr("not a folder"));
}

}  // namespace
}  // namespace scantune::exports
