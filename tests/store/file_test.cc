#include "store/file.h"

#include <gmock/gmock.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <functional>

#include "scratch.h"

namespace scantune::store {
namespace {

namespace fs = std::filesystem;
using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::StartsWith;

// Runs `body` in a child process and returns how it ended, as waitpid() reports it.
int in_child(const std::function<bool()>& body) {
  const pid_t child = ::fork();
  if (child == 0) {
    ::_exit(body() ? 0 : 1);
  }
  int status = 0;
  EXPECT_EQ(::waitpid(child, &status, 0), child);
  return status;
}

bool exited_well(int status) { return WIFEXITED(status) && WEXITSTATUS(status) == 0; }

void limit_file_size(rlim_t bytes) {
  const rlimit limit{bytes, bytes};
  ASSERT_EQ(::setrlimit(RLIMIT_FSIZE, &limit), 0);
}

mode_t mode_of(const fs::path& path) {
  struct stat file {};
  EXPECT_EQ(::stat(path.c_str(), &file), 0);
  return file.st_mode & 07777;
}

TEST(ReadFile, GivesTheWholeFile) {
  const Scratch scratch;
  const std::string text = std::string(200'000, 'a') + '\0' + "end";
  put(scratch / "file", text);
  EXPECT_EQ(read_file(scratch / "file").value(), text);
  put(scratch / "empty", "");
  EXPECT_EQ(read_file(scratch / "empty").value(), "");
}

TEST(ReadFile, AnErrorNamesThePathAndTheReason) {
  const Scratch scratch;
  const auto missing = read_file(scratch / "missing");
  ASSERT_FALSE(missing);
  EXPECT_EQ(missing.error().kind, ErrorKind::bad_input);
  EXPECT_EQ(missing.error().message,
            fmt::format("cannot read {}: No such file or directory; check the path", (scratch / "missing").string()));
  EXPECT_THAT(read_file(scratch.path()).error().message, HasSubstr("Is a directory"));
}

TEST(WriteAtomically, CreatesOrReplacesTheFileAndLeavesNothingElse) {
  const Scratch scratch;
  ASSERT_TRUE(write_atomically(scratch / "file", "one"));
  EXPECT_EQ(get(scratch / "file"), "one");
  ASSERT_TRUE(write_atomically(scratch / "file", "two, and longer"));
  EXPECT_EQ(get(scratch / "file"), "two, and longer");
  ASSERT_TRUE(write_atomically(scratch / "file", ""));
  EXPECT_EQ(get(scratch / "file"), "");
  EXPECT_THAT(scratch.names(), ElementsAre("file"));
}

TEST(WriteAtomically, WritesBesideTheWorkingFolderToo) {
  const Scratch scratch;
  EXPECT_TRUE(exited_well(
      in_child([&] { return ::chdir(scratch.path().c_str()) == 0 && write_atomically("file", "here").has_value(); })));
  EXPECT_EQ(get(scratch / "file"), "here");
}

TEST(WriteAtomically, AReaderOfTheOldFileStillReadsTheOldFile) {
  const Scratch scratch;
  put(scratch / "file", "old");
  std::ifstream reader(scratch / "file");
  ASSERT_TRUE(write_atomically(scratch / "file", "new"));
  EXPECT_EQ((std::string{std::istreambuf_iterator<char>(reader), {}}), "old");
}

TEST(WriteAtomically, KeepsTheModeOfAnExistingFile) {
  const Scratch scratch;
  put(scratch / "file", "old");
  ASSERT_EQ(::chmod((scratch / "file").c_str(), 0640), 0);
  ASSERT_TRUE(write_atomically(scratch / "file", "new"));
  EXPECT_EQ(mode_of(scratch / "file"), 0640U);
}

TEST(WriteAtomically, ANewFileHasTheModeOfTheUmask) {
  const Scratch scratch;
  EXPECT_TRUE(exited_well(in_child([&] {
    ::umask(027);
    return write_atomically(scratch / "file", "new").has_value();
  })));
  EXPECT_EQ(mode_of(scratch / "file"), 0640U);
}

TEST(WriteAtomically, WritesThroughASymbolicLink) {
  const Scratch scratch;
  fs::create_directory(scratch / "elsewhere");
  put(scratch / "elsewhere/file", "old");
  fs::create_symlink("elsewhere/file", scratch / "link");
  fs::create_symlink(scratch / "link", scratch / "link to link");
  ASSERT_TRUE(write_atomically(scratch / "link to link", "new"));
  EXPECT_TRUE(fs::is_symlink(scratch / "link"));
  EXPECT_TRUE(fs::is_symlink(scratch / "link to link"));
  EXPECT_EQ(get(scratch / "elsewhere/file"), "new");
  EXPECT_THAT(scratch.names(), ElementsAre("elsewhere", "link", "link to link"));
}

TEST(WriteAtomically, ALinkToNothingYetCreatesWhatItNames) {
  const Scratch scratch;
  fs::create_symlink("file", scratch / "link");
  ASSERT_TRUE(write_atomically(scratch / "link", "new"));
  EXPECT_TRUE(fs::is_symlink(scratch / "link"));
  EXPECT_EQ(get(scratch / "file"), "new");
}

TEST(WriteAtomically, RefusesALoopOfLinks) {
  const Scratch scratch;
  fs::create_symlink("b", scratch / "a");
  fs::create_symlink("a", scratch / "b");
  EXPECT_THAT(write_atomically(scratch / "a", "x").error().message, HasSubstr("Too many levels of symbolic links"));
}

TEST(WriteAtomically, RefusesWhatIsNoRegularFile) {
  const Scratch scratch;
  EXPECT_THAT(write_atomically(scratch.path(), "x").error().message,
              AllOf(HasSubstr("cannot write " + scratch.path().string()), HasSubstr("Is a directory")));
  EXPECT_THAT(write_atomically("/dev/full", "x").error().message,
              HasSubstr("cannot write /dev/full: not a regular file"));
  EXPECT_TRUE(fs::is_character_file("/dev/full"));
}

TEST(WriteAtomically, AnErrorNamesThePathAndTheReason) {
  const Scratch scratch;
  const auto missing = write_atomically(scratch / "no/folder", "x");
  ASSERT_FALSE(missing);
  EXPECT_THAT(missing.error().message, AllOf(StartsWith("cannot write " + (scratch / "no/folder").string()),
                                             HasSubstr("No such file or directory")));
  put(scratch / "file", "");
  EXPECT_THAT(write_atomically(scratch / "file/under", "x").error().message, HasSubstr("Not a directory"));
}

TEST(WriteAtomically, LeavesTheOldFileAndNoOtherWhereTheWriteFails) {
  const Scratch scratch;
  put(scratch / "file", "old");
  EXPECT_TRUE(exited_well(in_child([&] {
    // A limit on the size of files stands in for a full disk, which takes a mount to make.
    ::signal(SIGXFSZ, SIG_IGN);
    limit_file_size(1000);
    const auto written = write_atomically(scratch / "file", std::string(5000, 'x'));
    return !written && written.error().message.find("File too large") != std::string::npos &&
           written.error().kind == ErrorKind::environment;
  })));
  EXPECT_EQ(get(scratch / "file"), "old");
  EXPECT_THAT(scratch.names(), ElementsAre("file"));
}

TEST(WriteAtomically, ACrashWhileWritingLeavesTheOldFileWhole) {
  const Scratch scratch;
  put(scratch / "file", "old");
  const int status = in_child([&] {
    limit_file_size(1000);  // SIGXFSZ kills the process in the middle of write()
    const rlimit no_core{0, 0};
    ::setrlimit(RLIMIT_CORE, &no_core);
    ::signal(SIGXFSZ, SIG_DFL);
    return write_atomically(scratch / "file", std::string(5000, 'x')).has_value();
  });
  ASSERT_TRUE(WIFSIGNALED(status)) << "the child was to die while it wrote";
  EXPECT_EQ(get(scratch / "file"), "old");
  EXPECT_THAT(scratch.names(), ElementsAre(AllOf(StartsWith(".scantune-"), testing::EndsWith(".tmp")), "file"));
}

TEST(SystemError, SaysWhatToDoAboutAFullDisk) {
  const Error error = system_error("write", "results/best.json", ENOSPC);
  EXPECT_EQ(error.message,
            "cannot write results/best.json: No space left on device; free some space or name another file");
  EXPECT_EQ(error.kind, ErrorKind::environment);
  EXPECT_EQ(system_error("write", "f", EACCES).kind, ErrorKind::bad_input);
}

TEST(PrepareFile, MakesTheFolderThatWasNamed) {
  const Scratch scratch;
  EXPECT_EQ(prepare_file(scratch / "a/b/file", "x").value(), scratch / "a/b/file");
  EXPECT_TRUE(fs::is_directory(scratch / "a/b"));
}

TEST(PrepareFile, FollowsLinksButMakesNoFolderForThem) {
  const Scratch scratch;
  const auto why = [&](const std::string& name) {
    const auto prepared = prepare_file(scratch / name, "x");
    EXPECT_FALSE(prepared) << name;
    return prepared ? "" : prepared.error().message;
  };
  fs::create_symlink("missing/file", scratch / "link");
  fs::create_symlink("link", scratch / "link to link");
  fs::create_symlink("missing", scratch / "folder");
  EXPECT_THAT(why("link"), HasSubstr("missing cannot be used: No such file or directory; make it or name another"));
  EXPECT_THAT(why("link to link"), HasSubstr("cannot write " + (scratch / "link to link").string()));
  EXPECT_THAT(why("folder/file"), HasSubstr("cannot create the folder " + (scratch / "folder").string()));
  EXPECT_THAT(scratch.names(), ElementsAre("folder", "link", "link to link"));
  put(scratch / "missing", "");
  EXPECT_THAT(why("link"), HasSubstr("missing cannot be used: Not a directory"));
  fs::remove(scratch / "missing");
  fs::create_directory(scratch / "missing");
  EXPECT_EQ(prepare_file(scratch / "link to link", "x").value(), scratch / "missing/file");
  EXPECT_EQ(prepare_file(scratch / "folder/deep/file", "x").value(), scratch / "folder/deep/file");
  EXPECT_TRUE(fs::is_directory(scratch / "missing/deep"));
}

TEST(CheckWritable, LeavesEverythingAsItWas) {
  const Scratch scratch;
  EXPECT_TRUE(check_writable(scratch / "file"));
  EXPECT_THAT(scratch.names(), IsEmpty());
  put(scratch / "file", "old");
  EXPECT_TRUE(check_writable(scratch / "file"));
  EXPECT_EQ(get(scratch / "file"), "old");
  EXPECT_THAT(scratch.names(), ElementsAre("file"));
}

TEST(CheckWritable, FindsAFolderThatTakesNoFiles) {
  // /proc takes none, from root neither.
  EXPECT_THAT(check_writable("/proc/best.json").error().message, HasSubstr("cannot write /proc/best.json: "));
}

TEST(CheckWritable, FindsThatThereIsNoSpace) {
  const Scratch scratch;
  EXPECT_TRUE(exited_well(in_child([&] {
    ::signal(SIGXFSZ, SIG_IGN);
    limit_file_size(1000);
    return !check_writable(scratch / "file");
  })));
  EXPECT_THAT(scratch.names(), IsEmpty());
}

// Permission bits do not bind root: these run as nobody, where the test may become nobody.
int as_ordinary_user(const std::function<bool()>& body) {
  return in_child([&] {
    if (::geteuid() == 0 && (::setegid(65534) != 0 || ::seteuid(65534) != 0)) {
      return true;
    }
    return body();
  });
}

TEST(CheckWritable, FindsAFolderOfSomebodyElse) {
  const Scratch scratch;
  ASSERT_EQ(::chmod(scratch.path().c_str(), 0555), 0);
  EXPECT_TRUE(exited_well(as_ordinary_user([&] {
    const auto written = check_writable(scratch / "file");
    return !written && written.error().message.find("Permission denied; check its permissions") != std::string::npos;
  })));
  ASSERT_EQ(::chmod(scratch.path().c_str(), 0755), 0);
}

TEST(CheckWritable, FindsAFileThatIsProtectedInAFolderThatIsNot) {
  const Scratch scratch;
  ASSERT_EQ(::chmod(scratch.path().c_str(), 0777), 0);
  put(scratch / "file", "old");
  ASSERT_EQ(::chmod((scratch / "file").c_str(), 0444), 0);
  EXPECT_TRUE(exited_well(as_ordinary_user(
      [&] { return !check_writable(scratch / "file") && !write_atomically(scratch / "file", "new"); })));
  EXPECT_EQ(get(scratch / "file"), "old");
}

}  // namespace
}  // namespace scantune::store
