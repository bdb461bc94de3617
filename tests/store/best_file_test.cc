#include "store/best_file.h"

#include <gmock/gmock.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <ctime>
#include <set>
#include <thread>

#include "scratch.h"
#include "store/file_lock.h"

namespace scantune::store {
namespace {

namespace fs = std::filesystem;
using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;
using testing::StartsWith;

// An entry of its own key for each n.
BestEntry entry(int64_t n) {
  BestEntry entry;
  entry.workload.shape = *make_shape({1, n}, 1);
  entry.chip.name = "chip";
  entry.contenders.push_back({.variant = {"k", {{"tile", n}}},
                              .time_ns = {100, 99, 101},
                              .ratio_to_copy = {0.9, 0.8, 1.0},
                              .resources = {},
                              .profile = {},
                              .source_digest = {}});
  entry.rounds = {{Phase::screen, {{kCopy, 90}, {0, 100}}}};
  return entry;
}

std::set<int64_t> stored(const fs::path& path) {
  const auto entries = read_best_file(path);
  EXPECT_TRUE(entries) << (entries ? "" : entries.error().message);
  std::set<int64_t> sizes;
  for (const BestEntry& entry : entries.value_or(std::vector<BestEntry>())) {
    sizes.insert(entry.workload.geometry().n);
  }
  return sizes;
}

TEST(BestFile, IsCreatedWithItsFolders) {
  const Scratch scratch;
  const fs::path path = scratch / "a/b/best.json";
  ASSERT_TRUE(merge_into_best_file(path, {entry(1)}));
  EXPECT_THAT(read_best_file(path).value(), ElementsAre(entry(1)));
  ASSERT_TRUE(merge_into_best_file(path, {entry(2)}));
  EXPECT_THAT(read_best_file(path).value(), ElementsAre(entry(1), entry(2)));
  EXPECT_EQ(std::distance(fs::directory_iterator(scratch / "a/b"), {}), 1);
}

TEST(BestFile, ThatIsNotOursIsRefusedAndLeftAlone) {
  const Scratch scratch;
  const fs::path path = scratch / "best.json";
  const std::vector<std::pair<std::string, std::string>> foreign = {
      {"# notes\n", "not JSON at line 1, column 1"},
      {R"({"format": "scantune-best", "version": 1, "entr)", "not JSON at line 1"},
      {R"({"name": "package"})", "JSON, but not a scantune best file"},
      {R"({"format": "scantune-best", "version": 7, "entries": []})", "written by a newer scantune: version 7"},
      {R"({"format":"scantune-best","version":1,"entries":[null,5]})", "entry 1 of 2: expected an object, found null"},
      {R"({"format": "scantune-best", "version": 1, "entries": [{"key": "chip|1x1x1|f32|f32|cold|any"}]})",
       "entry 1 of 1: the member \"workload\" is missing"},
  };
  for (const auto& [text, why] : foreign) {
    put(path, text);
    for (const auto& result : {check_best_file(path), merge_into_best_file(path, {entry(1)})}) {
      ASSERT_FALSE(result) << text;
      EXPECT_EQ(result.error().kind, ErrorKind::bad_input);
      EXPECT_THAT(result.error().message,
                  AllOf(StartsWith(path.string() + ": "), HasSubstr(why), HasSubstr("name another file")));
      EXPECT_EQ(result.error().message.find('\n'), std::string::npos);
    }
    EXPECT_EQ(get(path), text);
    EXPECT_THAT(read_best_file(path).error().message, AllOf(StartsWith(path.string()), HasSubstr(why)));
  }
  EXPECT_THAT(scratch.names(), ElementsAre("best.json"));
}

TEST(BestFile, ThatBecameUnreadableBeforeTheMergeLosesNothing) {
  const Scratch scratch;
  const fs::path path = scratch / "best.json";
  ASSERT_TRUE(merge_into_best_file(path, {entry(1), entry(2)}));
  ASSERT_TRUE(check_best_file(path));
  // The entry that is to be replaced, and another.
  for (const char* member : {"\"n\": 1,", "\"n\": 2,"}) {
    std::string text = get(path);
    const size_t winner = text.find("\"winner\"", text.find(member));
    ASSERT_NE(winner, std::string::npos);
    text.replace(winner, 8, "\"wimmer\"");
    put(scratch / "spoilt.json", text);
    const auto result = merge_into_best_file(scratch / "spoilt.json", {entry(1)});
    ASSERT_FALSE(result) << member;
    EXPECT_THAT(result.error().message, HasSubstr("the member \"winner\" is missing"));
    EXPECT_EQ(get(scratch / "spoilt.json"), text);
  }
  EXPECT_THAT(scratch.names(), ElementsAre("best.json", "spoilt.json"));
}

// Reading every entry is to cost nothing that anybody notices.
TEST(CheckBestFile, OfAMegabyteTakesNoTime) {
  const Scratch scratch;
  const fs::path path = scratch / "best.json";
  std::vector<BestEntry> entries;
  for (int64_t n = 1; n <= 100; ++n) {
    entries.push_back(entry(n));
    entries.back().rounds.assign(200, entries.back().rounds.front());
  }
  ASSERT_TRUE(merge_into_best_file(path, entries));
  ASSERT_GT(fs::file_size(path), 1U << 20);
  const std::clock_t begin = std::clock();
  ASSERT_TRUE(check_best_file(path));
  // Far more than it takes, for builds with sanitizers.
  EXPECT_LT(std::clock() - begin, CLOCKS_PER_SEC);
}

TEST(CheckBestFile, MakesFoldersButLeavesNoFile) {
  const Scratch scratch;
  EXPECT_TRUE(check_best_file(scratch / "a/b/best.json"));
  EXPECT_TRUE(fs::is_directory(scratch / "a/b"));
  EXPECT_TRUE(fs::is_empty(scratch / "a/b"));
}

TEST(CheckBestFile, LeavesAGoodFileByteForByte) {
  const Scratch scratch;
  const std::string text = "{ \"format\":\"scantune-best\",\n\"version\":1, \"entries\":[ ] }";
  put(scratch / "best.json", text);
  EXPECT_TRUE(check_best_file(scratch / "best.json"));
  EXPECT_EQ(get(scratch / "best.json"), text);
  put(scratch / "empty.json", "");
  EXPECT_TRUE(check_best_file(scratch / "empty.json"));
  EXPECT_THAT(scratch.names(), ElementsAre("best.json", "empty.json"));
}

TEST(CheckBestFile, FindsWhatCannotBeWritten) {
  const Scratch scratch;
  put(scratch / "file", "");
  const auto why = [](const fs::path& path) {
    const auto checked = check_best_file(path);
    EXPECT_FALSE(checked) << path;
    return checked ? "" : checked.error().message;
  };
  EXPECT_THAT(why(scratch.path()), HasSubstr("Is a directory; name a regular file"));
  EXPECT_THAT(why(scratch.path() / ""), HasSubstr("it names no file"));
  EXPECT_THAT(why(""), HasSubstr("it names no file"));
  EXPECT_THAT(why(scratch / "file/best.json"), AllOf(HasSubstr("cannot create the folder"), HasSubstr("directory")));
  EXPECT_THAT(why("/proc/scantune/best.json"), HasSubstr("cannot create the folder /proc/scantune"));
  EXPECT_THAT(why("/proc/best.json"), HasSubstr("/proc/best.json"));
  EXPECT_THAT(why("/dev/null"), HasSubstr("cannot write /dev/null: not a regular file"));
  EXPECT_THAT(why("/dev/zero"), HasSubstr("not a regular file"));  // reading it would not end
}

TEST(CheckBestFile, DoesNotWaitForAPipe) {
  const Scratch scratch;
  ASSERT_EQ(::mkfifo((scratch / "pipe").c_str(), 0600), 0);
  EXPECT_THAT(check_best_file(scratch / "pipe").error().message, HasSubstr("not a regular file"));
}

TEST(BestFile, BehindALinkIsMergedIntoWhereItLies) {
  const Scratch scratch;
  fs::create_directory(scratch / "shared");
  fs::create_symlink("shared/best.json", scratch / "best.json");
  ASSERT_TRUE(merge_into_best_file(scratch / "best.json", {entry(1)}));
  ASSERT_TRUE(merge_into_best_file(scratch / "shared/best.json", {entry(2)}));
  EXPECT_TRUE(fs::is_symlink(scratch / "best.json"));
  EXPECT_EQ(stored(scratch / "best.json"), (std::set<int64_t>{1, 2}));
}

TEST(BestFile, BehindALinkIntoAFolderThatIsNotThereIsRefused) {
  const Scratch scratch;
  fs::create_symlink("missing/deep/best.json", scratch / "best.json");
  for (const auto& result : {check_best_file(scratch / "best.json"), merge_into_best_file(scratch / "best.json", {})}) {
    ASSERT_FALSE(result);
    EXPECT_EQ(result.error().kind, ErrorKind::bad_input);
    EXPECT_THAT(result.error().message,
                AllOf(HasSubstr("cannot write " + (scratch / "best.json").string()),
                      HasSubstr("the folder " + (scratch / "missing/deep").string() + " cannot be used: No such file"),
                      HasSubstr("name another file")));
    EXPECT_EQ(result.error().message.find('\n'), std::string::npos);
  }
  EXPECT_THAT(scratch.names(), ElementsAre("best.json"));
}

TEST(BestFile, MergesOfTwoProcessesAllLand) {
  const Scratch scratch;
  const fs::path path = scratch / "best.json";
  constexpr int kMerges = 50;
  const auto merge_all = [&](int64_t first) {
    for (int64_t i = 0; i < kMerges; ++i) {
      if (!merge_into_best_file(path, {entry(first + i)})) {
        return false;
      }
    }
    return true;
  };
  const pid_t child = ::fork();
  if (child == 0) {
    ::_exit(merge_all(1000) ? 0 : 1);
  }
  EXPECT_TRUE(merge_all(1));
  int status = 0;
  ASSERT_EQ(::waitpid(child, &status, 0), child);
  EXPECT_TRUE(WIFEXITED(status) && WEXITSTATUS(status) == 0);
  EXPECT_THAT(stored(path), SizeIs(2 * kMerges));
  EXPECT_THAT(scratch.names(), ElementsAre("best.json"));
}

TEST(BestFile, MergesOfSeveralThreadsAllLand) {
  const Scratch scratch;
  const fs::path path = scratch / "best.json";
  constexpr int kThreads = 4;
  constexpr int kMerges = 15;
  {
    std::vector<std::jthread> threads;
    for (int64_t t = 0; t < kThreads; ++t) {
      threads.emplace_back([&path, t] {
        for (int64_t i = 0; i < kMerges; ++i) {
          EXPECT_TRUE(merge_into_best_file(path, {entry(1 + t * 1000 + i)}));
        }
      });
    }
  }
  EXPECT_THAT(stored(path), SizeIs(kThreads * kMerges));
  EXPECT_THAT(scratch.names(), ElementsAre("best.json"));
}

TEST(FileLock, IsHeldByOneAtATimeAndLeavesNothing) {
  const Scratch scratch;
  {
    const auto held = FileLock::take(scratch / "file");
    ASSERT_TRUE(held);
    const auto second = FileLock::take(scratch / "file", std::chrono::milliseconds(20));
    ASSERT_FALSE(second);
    EXPECT_EQ(second.error().kind, ErrorKind::environment);
    EXPECT_THAT(second.error().message, HasSubstr(fmt::format("process {} has held", ::getpid())));
    const auto at_once = FileLock::take(scratch / "file", std::chrono::milliseconds(0), "wait");
    ASSERT_FALSE(at_once);
    EXPECT_EQ(at_once.error().message,
              fmt::format("{} is in use by process {}; wait", (scratch / "file").string(), ::getpid()));
    EXPECT_TRUE(FileLock::take(scratch / "other file", std::chrono::milliseconds(20)));
  }
  EXPECT_TRUE(FileLock::take(scratch / "file", std::chrono::milliseconds(20)));
  EXPECT_THAT(scratch.names(), IsEmpty());
}

TEST(FileLock, OneLeftByACrashIsTakenOver) {
  const Scratch scratch;
  const pid_t child = ::fork();
  if (child == 0) {
    const auto held = FileLock::take(scratch / "file");
    ::_exit(held ? 0 : 1);  // dies holding it, as a killed process does
  }
  int status = 0;
  ASSERT_EQ(::waitpid(child, &status, 0), child);
  ASSERT_EQ(scratch.names(), std::vector<std::string>{".file.lock"});
  EXPECT_TRUE(FileLock::take(scratch / "file", std::chrono::milliseconds(20)));
  EXPECT_THAT(scratch.names(), IsEmpty());
}

TEST(FileLock, InAPlaceThatIsTakenIsRefusedAndWhatIsThereLeftAlone) {
  const Scratch scratch;
  const fs::path place = scratch / ".file.lock";
  const auto is_refused = [&](const std::string& what) {
    const auto held = FileLock::take(scratch / "file", std::chrono::milliseconds(20));
    ASSERT_FALSE(held) << what;
    EXPECT_EQ(held.error().kind, ErrorKind::bad_input);
    EXPECT_THAT(held.error().message, AllOf(StartsWith(place.string() + ": "), HasSubstr("move it away")));
    EXPECT_EQ(held.error().message.find('\n'), std::string::npos);
  };
  for (const std::string& text :
       {std::string("precious\n"), std::string("4711"), std::string("4711\n"), std::string("4711 host and more\n"),
        std::string("4711 host\nmore\n"), std::string(" host\n"), std::string("4711 host"), std::string(1000, '1'),
        "4711 " + std::string(600, 'h') + "\n", std::string("\0\0x", 3)}) {
    put(place, text);
    is_refused(text);
    EXPECT_EQ(get(place), text);
  }
  fs::remove(place);
  fs::create_directory(place);
  is_refused("a folder");
  fs::remove(place);
  put(scratch / "precious", "");
  fs::create_symlink("precious", place);
  is_refused("a link");
  EXPECT_TRUE(fs::is_symlink(place));
  fs::remove(place);
  ASSERT_EQ(::mkfifo(place.c_str(), 0600), 0);
  is_refused("a pipe");
  EXPECT_TRUE(fs::is_fifo(place));
}

TEST(FileLock, LeftByACrashIsTakenOverWhateverTheCrashLeftOfIt) {
  const Scratch scratch;
  for (const std::string& text :
       {std::string(), std::string("4711 node17\n"), std::string("4711 \n"), std::string(12, '\0')}) {
    put(scratch / ".file.lock", text);
    EXPECT_TRUE(FileLock::take(scratch / "file", std::chrono::milliseconds(20))) << text;
    EXPECT_THAT(scratch.names(), IsEmpty());
  }
}

TEST(ReadBestFile, AMissingFileIsNamed) {
  const Scratch scratch;
  EXPECT_THAT(read_best_file(scratch / "best.json").error().message, HasSubstr("No such file or directory"));
}

}  // namespace
}  // namespace scantune::store
