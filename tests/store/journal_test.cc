#include "store/journal.h"

#include <gmock/gmock.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <chrono>
#include <csignal>
#include <functional>
#include <optional>
#include <random>
#include <thread>

#include "journal_scratch.h"

namespace scantune::store {
namespace {

namespace fs = std::filesystem;
using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;
using testing::StartsWith;

std::vector<JournalEvent> rounds(int begin, int end) {
  std::vector<JournalEvent> events;
  for (int i = begin; i < end; ++i) {
    events.push_back(round_event(i));
  }
  return events;
}

std::vector<size_t> damaged_lines(const std::vector<JournalDamage>& damaged) {
  std::vector<size_t> lines(damaged.size());
  std::ranges::transform(damaged, lines.begin(), &JournalDamage::line);
  return lines;
}

TEST(Journal, IsMadeWithItsFolderAndContinued) {
  const Scratch scratch;
  const fs::path path = scratch / "a/b/journal.jsonl";
  std::vector<JournalEvent> written;
  for (const JournalWhat& what : example::every_kind()) {
    if (what != JournalWhat(example::began(32768, true))) {
      written.push_back({id(), what});
    }
  }
  for (const JournalEvent& event : written) {
    Journal journal = open_or_throw(path);
    append(journal, event);
  }
  EXPECT_EQ(read(path), written);
  EXPECT_EQ(open_or_throw(path).events(id()).value(), written);
}

TEST(Journal, GivesTheEventsOfOneContextInOrderThoseJustAppendedIncluded) {
  const Scratch scratch;
  const std::string other = example::context_id(4096);
  Journal journal = open_or_throw(scratch / "journal.jsonl");
  for (int i = 0; i < 10; ++i) {
    append(journal, round_event(i, i % 3 == 0 ? other : id()));
  }
  EXPECT_EQ(journal.events(other).value(),
            (std::vector{round_event(0, other), round_event(3, other), round_event(6, other), round_event(9, other)}));
  EXPECT_THAT(journal.events(id()).value(), SizeIs(6));
  EXPECT_THAT(journal.events(std::string(32, '0')).value(), IsEmpty());
}

TEST(Journal, StartsAtTheLastFreshStartOfTheContext) {
  const Scratch scratch;
  Journal journal = open_or_throw(scratch / "journal.jsonl");
  const std::string other = example::context_id(4096);
  append(journal, {id(), example::began()});
  append(journal, round_event(1));
  append(journal, round_event(1, other));
  append(journal, {id(), example::began(32768, true)});
  append(journal, round_event(2));
  append(journal, {id(), example::began()});
  append(journal, round_event(3));
  EXPECT_EQ(journal.events(id()).value(),
            (std::vector<JournalEvent>{
                {id(), example::began(32768, true)}, round_event(2), {id(), example::began()}, round_event(3)}));
  EXPECT_THAT(journal.events(other).value(), SizeIs(1)) << "another context has no part in it";
}

TEST(Journal, ThatHoldsNothingIsNotLeftBehind) {
  const Scratch scratch;
  { const Journal journal = open_or_throw(scratch / "journal.jsonl"); }
  EXPECT_THAT(scratch.names(), IsEmpty());
}

TEST(Journal, IsWrittenThroughALink) {
  const Scratch scratch;
  fs::create_symlink("real.jsonl", scratch / "link.jsonl");
  make_journal(scratch / "link.jsonl", 1);
  EXPECT_TRUE(fs::is_symlink(scratch / "link.jsonl"));
  EXPECT_EQ(read(scratch / "real.jsonl"), rounds(0, 1));
}

// --- Damage ---

TEST(TornJournal, CutAtAnyByteOfItsLastLineIsReportedAndContinued) {
  const Scratch scratch(in_memory());
  const fs::path path = scratch / "journal.jsonl";
  make_journal(path, 3);
  const std::string whole = get(path);
  const std::string index = get(JournalIndex::path_of(path));
  const size_t last = wire::to_line(round_event(2)).size();
  for (size_t kept = 0; kept < last; ++kept) {
    const std::string cut = whole.substr(0, whole.size() - last + kept);
    // Without its newline the line is whole; without more, it is torn.
    const bool torn = kept > 0 && kept < last - 1;
    const auto reported = torn ? std::vector<size_t>{3} : std::vector<size_t>{};
    const int left = kept == last - 1 ? 3 : 2;
    put(path, cut);
    put(JournalIndex::path_of(path), kept % 2 == 0 ? index : "");
    {
      Journal journal = open_or_throw(path);
      EXPECT_EQ(damaged_lines(journal.damaged()), reported) << kept;
      EXPECT_EQ(journal.events(id()).value(), rounds(0, left)) << kept;
      append(journal, round_event(left));
      EXPECT_EQ(journal.events(id()).value(), rounds(0, left + 1)) << kept;
    }
    // What was torn is still there, and is still told.
    EXPECT_EQ(damaged_lines(JournalReader::open(path)->damaged()), reported) << kept;
    EXPECT_EQ(damaged_lines(open_or_throw(path).damaged()), reported) << kept;
    EXPECT_THAT(get(path), StartsWith(cut));
    EXPECT_EQ(read(path), rounds(0, left + 1)) << kept;
    EXPECT_EQ(open_or_throw(path).events(id()).value(), rounds(0, left + 1)) << kept;
  }
}

TEST(TornJournal, IsLeftAsItIsByWhoOnlyReadsIt) {
  const Scratch scratch;
  const fs::path path = scratch / "journal.jsonl";
  make_journal(path, 2);
  const std::string torn = get(path).substr(0, get(path).size() - 20);
  put(path, torn);
  fs::remove(JournalIndex::path_of(path));
  EXPECT_EQ(read(path), rounds(0, 1));
  EXPECT_EQ(get(path), torn);
  EXPECT_THAT(scratch.names(), ElementsAre("journal.jsonl"));
  { const Journal journal = open_or_throw(path); }
  EXPECT_EQ(get(path), torn) << "nothing was appended";
}

TEST(CorruptJournal, HasEveryFlippedByteFoundAndLosesOnlyTheLinesItIsIn) {
  const Scratch scratch(in_memory());
  const fs::path path = scratch / "journal.jsonl";
  make_journal(path, 3);
  const std::string whole = get(path);
  const std::string index = get(JournalIndex::path_of(path));
  const size_t third = whole.size() - wire::to_line(round_event(2)).size();
  for (size_t i = 0; i < third; ++i) {
    std::string flipped = whole;
    flipped[i] = static_cast<char>(flipped[i] ^ 1);
    // With the index of what it was, and without.
    for (const std::string& beside : {index, std::string()}) {
      put(path, flipped);
      put(JournalIndex::path_of(path), beside);
      Journal journal = open_or_throw(path);
      const auto events = journal.events(id()).value();
      EXPECT_THAT(journal.damaged(), testing::Not(IsEmpty())) << i;
      // A newline that is lost joins two lines.
      const size_t lost = whole[i] == '\n' ? 2 : 1;
      EXPECT_THAT(events, SizeIs(3 - lost)) << i;
    }
  }
}

TEST(CorruptJournal, TellsTheLineItsPlaceAndWhatIsWrong) {
  const Scratch scratch;
  const fs::path path = scratch / "journal.jsonl";
  const std::string first = wire::to_line(round_event(0));
  const std::string second = wire::to_line(round_event(1));
  std::string corrupt = second;
  corrupt[100] = static_cast<char>(corrupt[100] ^ 1);
  put(path, first + "\n" + corrupt + "notes\n" + second.substr(0, 50) + "\n" + second);
  const auto reader = JournalReader::open(path);
  ASSERT_TRUE(reader);
  const auto damaged = reader->damaged();
  EXPECT_EQ(damaged_lines(damaged), (std::vector<size_t>{2, 3, 4, 5}));
  EXPECT_EQ(damaged[1],
            (JournalDamage{3, first.size() + 1, corrupt.size() - 1, "corrupt: its checksum is not that of its text"}));
  EXPECT_THAT(notes("j", damaged, 2, 3),
              ElementsAre("j: line 2 is skipped: it is empty",
                          "j: line 3 is skipped: corrupt: its checksum is not that of its text",
                          "j: line 4 is skipped: not a line that scantune writes",
                          "j: 1 more skipped; scantune journal verify j lists all",
                          "j: 2 lines are of kinds that only a newer scantune knows: left alone"));
  EXPECT_THAT(notes("j", damaged, 1, 4), testing::Contains("j: line 5 is skipped: torn: its end is missing"));
}

TEST(CorruptJournal, OfOneDamagedLineIsStillOne) {
  const Scratch scratch(in_memory());
  const fs::path path = scratch / "journal.jsonl";
  make_journal(path, 1);
  const std::string whole = get(path);
  for (size_t i = 0; i + 1 < whole.size(); ++i) {
    std::string flipped = whole;
    flipped[i] = static_cast<char>(flipped[i] ^ 1);
    put(path, flipped);
    const auto reader = JournalReader::open(path);
    ASSERT_TRUE(reader) << i;
    EXPECT_THAT(reader->damaged(), SizeIs(1)) << i;
  }
}

TEST(Journal, SkipsALineThatIsWholeButSaysSomethingElse) {
  const Scratch scratch;
  const fs::path path = scratch / "journal.jsonl";
  const std::string start = fmt::format(R"({{"context":"{}","kind":)", id());
  put(path, line_around(start + R"("round","phase":"middle"})") + line_around(start + R"("dreamt"})") +
                wire::to_line(round_event(0)));
  Journal journal = open_or_throw(path);
  EXPECT_EQ(journal.newer(), 1U);
  EXPECT_THAT(journal.damaged(), IsEmpty());
  for (int time = 0; time < 2; ++time) {
    EXPECT_EQ(journal.events(id()).value(), rounds(0, 1));
    ASSERT_THAT(journal.damaged(), SizeIs(1));
    EXPECT_THAT(journal.damaged()[0].why, HasSubstr("not understood: round: phase"));
  }
}

TEST(Journal, ThatIsSomethingElseIsRefusedAndLeftAlone) {
  const Scratch scratch;
  const fs::path path = scratch / "journal.jsonl";
  for (const std::string& text : {std::string("# notes\n"), std::string("{\n  \"format\": \"scantune-best\"\n}\n"),
                                  std::string("\x7f\x45LF\0\0\0", 7), std::string("\n\n")}) {
    put(path, text);
    const auto journal = Journal::open(path);
    ASSERT_FALSE(journal) << text;
    EXPECT_EQ(journal.error().kind, ErrorKind::bad_input);
    EXPECT_THAT(journal.error().message,
                AllOf(StartsWith(path.string() + ": not a scantune journal"), HasSubstr("name another file")));
    EXPECT_FALSE(JournalReader::open(path));
    EXPECT_EQ(get(path), text);
  }
}

// --- The index ---

TEST(JournalIndex, SkipsALineThatIsLongerThanAny) {
  const Scratch scratch;
  const fs::path path = scratch / "journal.jsonl";
  make_journal(path, 1);
  constexpr size_t kLong = 3 * JournalIndex::kMaxLineBytes + 5;
  // A hole in the file: a line of zeros, as a loss of power leaves them.
  fs::resize_file(path, fs::file_size(path) + kLong);
  std::ofstream(path, std::ios::app) << "\n" << wire::to_line(round_event(1)) << "\n";
  const auto reader = JournalReader::open(path);
  ASSERT_TRUE(reader);
  const auto damaged = reader->damaged();
  EXPECT_EQ(damaged_lines(damaged), (std::vector<size_t>{2, 4}));
  EXPECT_THAT(damaged[0].why, HasSubstr("longer than any line"));
  EXPECT_EQ(damaged[0].bytes, kLong);
  EXPECT_EQ(read(path), rounds(0, 2));
}

TEST(JournalIndex, SavesReadingTheJournalAgain) {
  const Scratch scratch;
  const fs::path path = scratch / "journal.jsonl";
  make_journal(path, 50);
  Journal journal = open_or_throw(path);
  EXPECT_EQ(journal.scanned_bytes(), 0U);
  EXPECT_EQ(journal.events(id()).value(), rounds(0, 50));
  append(journal, round_event(50));
  EXPECT_EQ(journal.events(id()).value(), rounds(0, 51));
}

TEST(JournalIndex, OfFiftyThousandEventsSaysWhatTheJournalSays) {
  const Scratch scratch;
  const fs::path path = scratch / "journal.jsonl";
  constexpr size_t kContexts = 7;
  constexpr size_t kEvents = 50000;
  std::vector<std::string> contexts;
  for (size_t i = 0; i < kContexts; ++i) {
    contexts.push_back(example::context_id(static_cast<int64_t>(i) + 1));
  }
  {
    std::ofstream file(path);
    for (size_t i = 0; i < kEvents; ++i) {
      file << wire::to_line(round_event(static_cast<int>(i), contexts[i % kContexts]));
    }
  }
  {
    const Journal journal = open_or_throw(path);
    EXPECT_EQ(journal.scanned_bytes(), fs::file_size(path));
    EXPECT_THAT(journal.lines(), SizeIs(kEvents));
  }
  Journal journal = open_or_throw(path);
  EXPECT_EQ(journal.scanned_bytes(), 0U);
  EXPECT_THAT(journal.lines(), SizeIs(kEvents));
  const auto events = journal.events(contexts[3]).value();
  ASSERT_THAT(events, SizeIs((kEvents - 4) / kContexts + 1));
  for (size_t i = 0; i < events.size(); ++i) {
    ASSERT_EQ(events[i], round_event(static_cast<int>(i * kContexts + 3), contexts[3]));
  }
}

TEST(JournalIndex, ThatIsOlderIsReadOnFrom) {
  const Scratch scratch;
  const fs::path path = scratch / "journal.jsonl";
  make_journal(path, 10);
  const std::string index = get(JournalIndex::path_of(path));
  const size_t bytes = fs::file_size(path);
  {
    Journal journal = open_or_throw(path);
    append(journal, round_event(10));
  }
  put(JournalIndex::path_of(path), index);
  Journal journal = open_or_throw(path);
  EXPECT_EQ(journal.scanned_bytes(), fs::file_size(path) - bytes);
  EXPECT_EQ(journal.events(id()).value(), rounds(0, 11));
}

TEST(JournalIndex, ThatIsMissingOfAnotherJournalTornOrCorruptIsMadeAnew) {
  const Scratch scratch(in_memory());
  const fs::path path = scratch / "journal.jsonl";
  const fs::path index_path = JournalIndex::path_of(path);
  make_journal(scratch / "longer.jsonl", 20);
  make_journal(scratch / "other.jsonl", 10, example::context_id(7));  // as long as ours
  make_journal(path, 10);
  ASSERT_EQ(fs::file_size(path), fs::file_size(scratch / "other.jsonl"));
  const std::string good = get(index_path);
  const auto is_made_anew = [&](const std::string& what) {
    {
      Journal journal = open_or_throw(path);
      EXPECT_EQ(journal.scanned_bytes(), fs::file_size(path)) << what;
      EXPECT_EQ(journal.events(id()).value(), rounds(0, 10)) << what;
    }
    EXPECT_EQ(get(index_path), good) << what;
  };
  fs::remove(index_path);
  is_made_anew("missing");
  for (const char* other : {"longer.jsonl", "other.jsonl"}) {
    put(index_path, get(JournalIndex::path_of(scratch / other)));
    is_made_anew(other);
  }
  for (size_t bytes = 0; bytes < good.size(); bytes += 7) {
    put(index_path, good.substr(0, bytes));
    is_made_anew(fmt::format("the first {} bytes", bytes));
  }
  put(index_path, good + "x");
  is_made_anew("a byte more");
  put(index_path, std::string(good.size(), '\0'));
  is_made_anew("zeros, as a loss of power leaves them");
  std::string swapped = good.substr(0, 8);
  std::ranges::reverse(swapped);
  put(index_path, swapped + good.substr(8));
  is_made_anew("of a machine of the other byte order");
  for (size_t i = swapped.size(); i < good.size(); i += 3) {
    std::string flipped = good;
    flipped[i] = static_cast<char>(flipped[i] ^ 1);
    put(index_path, flipped);
    is_made_anew(fmt::format("byte {} flipped", i));
  }
}

TEST(JournalIndex, OfAJournalThatWasCutOrEditedIsNotBelieved) {
  const Scratch scratch;
  const fs::path path = scratch / "journal.jsonl";
  make_journal(path, 30);
  const std::string whole = get(path);
  const size_t line = wire::to_line(round_event(0)).size();
  // A line in the middle replaced by one of the same length: far from the tail that is compared.
  ASSERT_GT(whole.size(), 3 * line + 4096);
  const std::string other = example::context_id(7);
  put(path, wire::to_line(round_event(0, other)) + whole.substr(line));
  {
    Journal journal = open_or_throw(path);
    ASSERT_EQ(journal.scanned_bytes(), 0U) << "the index is of before";
    EXPECT_EQ(journal.events(id()).value(), rounds(1, 30));
    EXPECT_EQ(journal.events(other).value(), (std::vector{round_event(0, other)}));
  }
  // Shorter: the lines at the end are gone, and the index is longer than the journal.
  put(path, whole.substr(0, line));
  EXPECT_EQ(open_or_throw(path).events(id()).value(), rounds(0, 1));
}

TEST(JournalIndex, IsNotWrittenOverAnotherFile) {
  const Scratch scratch;
  const fs::path path = scratch / "journal.jsonl";
  const fs::path index_path = JournalIndex::path_of(path);
  const auto is_refused = [&](const std::string& text) {
    put(index_path, text);
    const auto names = scratch.names();
    const auto journal = Journal::open(path);
    ASSERT_FALSE(journal) << text;
    EXPECT_EQ(journal.error().kind, ErrorKind::bad_input);
    EXPECT_EQ(
        journal.error().message,
        fmt::format("{}: it is in the place of the index of journal.jsonl, but not one of scantune's; move it away "
                    "or give --journal another file",
                    index_path.string()));
    EXPECT_EQ(get(index_path), text);
    EXPECT_EQ(scratch.names(), names);
  };
  for (const std::string& text : {std::string("precious\n"), std::string("sj-x"), std::string("sj-indy1 and more"),
                                  std::string(100, '\0') + "x"}) {
    is_refused(text);
  }
  fs::remove(index_path);
  make_journal(path, 3);
  const std::string whole = get(path);
  is_refused("precious\n");
  EXPECT_EQ(get(path), whole);
  // Who only reads the journal is not kept from it, and does not write either.
  EXPECT_EQ(read(path), rounds(0, 3));
  EXPECT_FALSE(JournalReader::open(path)->save_index());
  EXPECT_EQ(get(index_path), "precious\n");
}

TEST(JournalIndex, ThatTurnsUpWhileTheJournalIsOpenIsLeftAlone) {
  const Scratch scratch;
  const fs::path path = scratch / "journal.jsonl";
  const fs::path index_path = JournalIndex::path_of(path);
  {
    const Journal empty = open_or_throw(path);
    put(index_path, "precious\n");
  }
  EXPECT_THAT(scratch.names(), ElementsAre("journal.jsonl.index"));
  fs::remove(index_path);
  {
    Journal journal = open_or_throw(path);
    append(journal, round_event(0));
    put(index_path, "precious\n");
  }
  EXPECT_EQ(get(index_path), "precious\n");
  EXPECT_EQ(read(path), rounds(0, 1));
}

TEST(JournalIndex, ThatCannotBeWrittenIsDoneWithout) {
  const Scratch scratch;
  const fs::path path = scratch / "journal.jsonl";
  fs::create_directory(JournalIndex::path_of(path));
  make_journal(path, 3);
  EXPECT_EQ(open_or_throw(path).events(id()).value(), rounds(0, 3));
}

// --- Several processes ---

// Runs in a child; its exit code is what the body returns.
int in_child(const std::function<int()>& body) {
  const pid_t child = ::fork();
  if (child == 0) {
    ::_exit(body());
  }
  int status = 0;
  ::waitpid(child, &status, 0);
  return WIFEXITED(status) ? WEXITSTATUS(status) : 100;
}

TEST(Journal, IsOneProcessAtATime) {
  const Scratch scratch;
  const fs::path path = scratch / "journal.jsonl";
  {
    Journal journal = open_or_throw(path);
    append(journal, round_event(0));
    const std::string said = fmt::format(
        "{} is in use by process {}; wait for it to end, or give --journal another file", path.string(), ::getpid());
    EXPECT_EQ(in_child([&] {
                const auto begin = std::chrono::steady_clock::now();
                const auto second = Journal::open(path);
                if (second || second.error().kind != ErrorKind::environment || second.error().message != said) {
                  return 1;
                }
                if (std::chrono::steady_clock::now() - begin > std::chrono::seconds(1)) {
                  return 2;
                }
                // Reading needs no lock.
                auto reader = JournalReader::open(path);
                return reader && reader->events(id()).value() == rounds(0, 1) ? 0 : 3;
              }),
              0);
    append(journal, round_event(1));
  }
  EXPECT_EQ(in_child([&] { return Journal::open(path) ? 0 : 1; }), 0) << "the lock ends with its holder";
}

TEST(Journal, IsOneHandleAtATimeInAProcessToo) {
  const Scratch scratch;
  const Journal first = open_or_throw(scratch / "journal.jsonl");
  const auto second = Journal::open(scratch / "journal.jsonl");
  ASSERT_FALSE(second);
  EXPECT_THAT(second.error().message, HasSubstr(fmt::format("in use by process {}", ::getpid())));
}

TEST(Journal, MovedToAnotherHandleIsStillLocked) {
  const Scratch scratch;
  const fs::path path = scratch / "journal.jsonl";
  std::optional<Journal> kept;
  {
    Journal journal = open_or_throw(path);
    append(journal, round_event(0));
    kept.emplace(std::move(journal));
  }
  EXPECT_FALSE(Journal::open(path));
  append(*kept, round_event(1));
  kept.reset();
  EXPECT_EQ(read(path), rounds(0, 2));
  EXPECT_TRUE(Journal::open(path));
}

TEST(Journal, ChangedBehindItsBackIsReadAgain) {
  const Scratch scratch;
  const fs::path path = scratch / "journal.jsonl";
  Journal journal = open_or_throw(path);
  append(journal, round_event(0));
  std::ofstream(path, std::ios::app) << wire::to_line(round_event(1)) << "torn";
  append(journal, round_event(2));
  EXPECT_EQ(journal.events(id()).value(), rounds(0, 3));
  EXPECT_EQ(damaged_lines(journal.damaged()), (std::vector<size_t>{3}));
  EXPECT_EQ(read(path), rounds(0, 3));
}

TEST(Journal, KilledAtAnyMomentHasEveryRoundThatWasReported) {
  const Scratch scratch;
  const fs::path path = scratch / "journal.jsonl";
  std::mt19937 random(1);
  size_t reported_in_all = 0;
  for (int kill = 0; kill < 100; ++kill) {
    const std::string context = example::context_id(kill + 1);
    std::array<int, 2> pipe{};
    ASSERT_EQ(::pipe(pipe.data()), 0);
    const pid_t child = ::fork();
    if (child == 0) {
      // One byte for each append that returned.
      Journal journal = open_or_throw(path);
      for (int i = 0;; ++i) {
        if (!journal.append(round_event(i, context)) || ::write(pipe[1], "r", 1) != 1) {
          ::_exit(1);
        }
      }
    }
    ::close(pipe[1]);
    std::this_thread::sleep_for(std::chrono::microseconds(random() % 6000));
    ASSERT_EQ(::kill(child, SIGKILL), 0);
    int status = 0;
    ASSERT_EQ(::waitpid(child, &status, 0), child);
    ASSERT_TRUE(WIFSIGNALED(status)) << "it ended before it was killed";
    size_t reported = 0;
    std::array<char, 4096> bytes{};
    for (ssize_t got = 0; (got = ::read(pipe[0], bytes.data(), bytes.size())) > 0;) {
      reported += static_cast<size_t>(got);
    }
    ::close(pipe[0]);
    reported_in_all += reported;

    const auto events = read(path, context);
    EXPECT_GE(events.size(), reported);
    EXPECT_LE(events.size(), reported + 1) << "at most the one that was not yet reported";
    for (size_t i = 0; i < events.size(); ++i) {
      ASSERT_EQ(events[i], round_event(static_cast<int>(i), context));
    }
  }
  EXPECT_GT(reported_in_all, 100U) << "the moments were too early to tell anything";
}

// --- Disks that are full, read-only or gone ---

TEST(FullDisk, IsAnErrorThatLeavesNothingHalfWritten) {
  const Scratch scratch;
  const fs::path path = scratch / "journal.jsonl";
  make_journal(path, 5);
  const std::string before = get(path);
  const std::string said =
      fmt::format("cannot write {}: File too large; raise the limit of a file's size (ulimit -f) or name another file",
                  path.string());
  // A limit of the file's size: write() takes what fits and then fails, as on a full disk.
  for (const size_t room : {size_t{0}, size_t{1}, size_t{100}, wire::to_line(round_event(5)).size() - 1}) {
    EXPECT_EQ(in_child([&] {
                std::signal(SIGXFSZ, SIG_IGN);
                Journal journal = open_or_throw(path);
                const rlimit limit = {before.size() + room, before.size() + room};
                if (::setrlimit(RLIMIT_FSIZE, &limit) != 0) {
                  return 1;
                }
                const auto done = journal.append(round_event(5));
                if (done || done.error().kind != ErrorKind::environment || done.error().message != said) {
                  return 2;
                }
                return journal.events(id()).value() == rounds(0, 5) ? 0 : 3;
              }),
              0);
    EXPECT_EQ(get(path), before) << room;
  }
  Journal journal = open_or_throw(path);
  append(journal, round_event(5));
  EXPECT_EQ(read(path), rounds(0, 6));
}

TEST(FullDisk, LeavesALineThatWasTornBeforeAsItWas) {
  const Scratch scratch;
  const fs::path path = scratch / "journal.jsonl";
  make_journal(path, 2);
  const std::string torn = get(path).substr(0, get(path).size() - 20);
  put(path, torn);
  EXPECT_EQ(in_child([&] {
              std::signal(SIGXFSZ, SIG_IGN);
              Journal journal = open_or_throw(path);
              const rlimit limit = {torn.size() + 30, torn.size() + 30};
              return ::setrlimit(RLIMIT_FSIZE, &limit) == 0 && !journal.append(round_event(5)) ? 0 : 1;
            }),
            0);
  EXPECT_EQ(get(path), torn);
}

TEST(MissingFolder, IsAnErrorAtTheNextAppendAndNotALossInSilence) {
  const Scratch scratch;
  const fs::path path = scratch / "results/journal.jsonl";
  Journal journal = open_or_throw(path);
  append(journal, round_event(0));
  fs::remove_all(scratch / "results");
  const auto gone = journal.append(round_event(1));
  ASSERT_FALSE(gone);
  EXPECT_EQ(gone.error().kind, ErrorKind::environment);
  EXPECT_THAT(gone.error().message,
              AllOf(StartsWith("cannot write " + path.string()), HasSubstr("removed or replaced")));
  // Nor is another file taken for it.
  fs::create_directory(scratch / "results");
  put(path, "mine");
  EXPECT_FALSE(journal.append(round_event(1)));
  EXPECT_EQ(get(path), "mine");
}

TEST(MissingFolder, IsNotMadeAgainByTheEnd) {
  const Scratch scratch;
  {
    Journal journal = open_or_throw(scratch / "results/journal.jsonl");
    append(journal, round_event(0));
    fs::remove_all(scratch / "results");
  }
  EXPECT_THAT(scratch.names(), IsEmpty());
}

TEST(UnusablePath, IsNamedWithTheReasonAndWhatToDo) {
  const Scratch scratch;
  put(scratch / "file", "x");
  fs::create_directory(scratch / "folder");
  ASSERT_EQ(::mkfifo((scratch / "pipe").c_str(), 0600), 0);
  const std::vector<std::pair<fs::path, std::string>> unusable = {
      {scratch / "file/journal.jsonl", "check the path"},
      {scratch / "folder", "name a regular file"},
      {scratch / "pipe", "name a regular file"},
      {"/dev/null", "name a regular file"},
      {"/proc/journal.jsonl", "; "},
      {"", "it names no file; name one such as results/journal.jsonl"},
  };
  for (const auto& [path, said] : unusable) {
    const auto journal = Journal::open(path);
    ASSERT_FALSE(journal) << path;
    EXPECT_THAT(journal.error().message,
                AllOf(StartsWith("cannot "), HasSubstr(path.parent_path().string()), HasSubstr(said)));
    EXPECT_EQ(journal.error().message.find('\n'), std::string::npos);
    EXPECT_FALSE(JournalReader::open(path)) << path;
  }
  EXPECT_THAT(JournalReader::open(scratch / "none.jsonl").error().message, HasSubstr("No such file"));
  EXPECT_THAT(scratch.names(), ElementsAre("file", "folder", "pipe"));
}

TEST(ReadOnlyFolder, IsAnErrorForWhoWritesAndNoneForWhoReads) {
  const Scratch scratch;
  const fs::path path = scratch / "results/journal.jsonl";
  make_journal(path, 2);
  fs::permissions(scratch.path(), fs::perms::all);
  fs::permissions(path, fs::perms::all);
  fs::permissions(scratch / "results", static_cast<fs::perms>(0555));
  const std::string said =
      fmt::format("cannot write {}: Permission denied; check its permissions or name another file", path.string());
  EXPECT_EQ(in_child([&] {
              // Permission bits do not bind root.
              if (::geteuid() == 0 && ::seteuid(65534) != 0) {
                return 1;
              }
              const auto journal = Journal::open(path);
              if (journal || journal.error().message != said) {
                return 2;
              }
              const auto reader = JournalReader::open(path);
              return reader && reader->lines().size() == 2 ? 0 : 3;
            }),
            0);
  fs::permissions(scratch / "results", fs::perms::owner_all);
  EXPECT_EQ(read(path), rounds(0, 2));
}

}  // namespace
}  // namespace scantune::store
