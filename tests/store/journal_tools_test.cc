#include "store/journal_tools.h"

#include <gmock/gmock.h>

#include "journal_scratch.h"

namespace scantune::store {
namespace {

namespace fs = std::filesystem;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;

JournalEvent of(const JournalWhat& what, const std::string& context = id()) { return {context, what}; }

std::string lines(const std::vector<JournalEvent>& events) {
  std::string text;
  for (const JournalEvent& event : events) {
    text += wire::to_line(event);
  }
  return text;
}

TrialCompiled compiled(int64_t tile, double seconds) { return {example::trial(tile), seconds, false}; }

// A line of a kind that is not known here.
std::string newer_line(int number) {
  return line_around(fmt::format(R"({{"context":"{}","kind":"dreamt","of":{}}})", id(), number));
}

std::vector<size_t> shown(const fs::path& path, const JournalFilter& filter) {
  std::vector<size_t> lines;
  const auto done = show_journal(path, filter, [&](const JournalRow& row) { lines.push_back(row.line); });
  EXPECT_TRUE(done) << done.error().message;
  return lines;
}

TEST(ShowJournal, GivesEveryEventInOrderAndWhatItSkipped) {
  const Scratch scratch;
  const fs::path path = scratch / "journal.jsonl";
  put(path, lines({of(example::began()), round_event(1)}) + "torn\n" + newer_line(1) + lines({round_event(2)}));
  std::vector<JournalEvent> events;
  const auto done = show_journal(path, {}, [&](const JournalRow& row) {
    if (row.event == nullptr) {
      EXPECT_EQ(row.line, 4U);
      EXPECT_THAT(std::string(row.text), HasSubstr("dreamt"));
    } else {
      events.push_back(*row.event);
    }
  });
  ASSERT_TRUE(done);
  EXPECT_EQ(events, (std::vector{of(example::began()), round_event(1), round_event(2)}));
  EXPECT_THAT(done->damaged, SizeIs(1));
  EXPECT_EQ(done->newer, 1U);
}

TEST(ShowJournal, FiltersByContextKindVariantAndTail) {
  const Scratch scratch;
  const fs::path path = scratch / "journal.jsonl";
  const std::string other = example::context_id(7);
  put(path, lines({of(compiled(64, 1)), of(compiled(128, 1)), of(compiled(64, 1), other), round_event(1),
                   of(TrialFailed{example::trial(64), {FailureKind::crash, "tile=128 was fine"}})}) +
                newer_line(1));
  EXPECT_THAT(shown(path, {}), ElementsAre(1, 2, 3, 4, 5, 6));
  EXPECT_THAT(shown(path, {.context_prefix = other.substr(0, 6)}), ElementsAre(3));
  EXPECT_THAT(shown(path, {.kind = EventKind::compiled}), ElementsAre(1, 2, 3));
  EXPECT_THAT(shown(path, {.variant = "tile=64"}), ElementsAre(1, 3, 5));
  EXPECT_THAT(shown(path, {.variant = "tile=128"}), ElementsAre(2)) << "a message is no variant";
  EXPECT_THAT(shown(path, {.variant = "three_pass"}), ElementsAre(4)) << "a round is of all its variants";
  EXPECT_THAT(shown(path, {.tail = 2}), ElementsAre(5, 6));
  EXPECT_THAT(shown(path, {.tail = 0}), IsEmpty());
  EXPECT_THAT(shown(path, {.tail = 99}), SizeIs(6));
  EXPECT_THAT(shown(path, {.context_prefix = id(), .kind = EventKind::compiled, .variant = "tile=", .tail = 1}),
              ElementsAre(2));
}

TEST(JournalStats, CountWhatThereIs) {
  const Scratch scratch;
  const fs::path path = scratch / "journal.jsonl";
  RoundTaken discarded = example::round_taken();
  discarded.discarded = "noise";
  RunBegan later = example::began(32768, true);
  later.provenance.time = "2026-01-01T00:00:00Z";
  const std::string other = example::context_id(7);
  put(path, lines({of(example::began()), round_event(0), of(later), of(compiled(64, 1)), of(compiled(64, 2)),
                   of(TrialFailed{example::trial(64), {}}), of(TrialFailed{example::trial(64), {}}), of(discarded),
                   round_event(1), round_event(1, other), of(RunEnded{})}) +
                newer_line(1) + "torn");
  const auto stats = journal_stats(path);
  ASSERT_TRUE(stats) << stats.error().message;
  EXPECT_EQ(stats->bytes, fs::file_size(path));
  EXPECT_EQ(stats->lines, 13U);
  EXPECT_THAT(stats->events, ElementsAre(2, 2, 0, 4, 0, 0, 2, 1, 0));
  EXPECT_EQ(stats->newer, 1U);
  EXPECT_THAT(stats->damaged, SizeIs(1));
  wire::ContextStats first;
  first.id = id();
  first.context = later.context;
  first.runs = 2;
  first.trials = 3;
  first.failed_trials = 1;
  first.rounds = 3;
  first.discarded_rounds = 1;
  first.samples = 12;
  first.history_events = 2;
  first.first_time = "2025-11-22T16:51:07Z";
  first.last_time = later.provenance.time;
  wire::ContextStats second;
  second.id = other;
  second.trials = 2;
  second.rounds = 1;
  second.samples = 4;
  EXPECT_EQ(stats->contexts, (std::vector{first, second}));
}

TEST(VerifyJournal, FindsWhatIsDamagedAndWhatIsNotUnderstood) {
  const Scratch scratch;
  const fs::path path = scratch / "journal.jsonl";
  put(path, lines({round_event(0)}) + newer_line(1));
  EXPECT_THAT(verify_journal(path)->damaged, IsEmpty());
  const std::string start = fmt::format(R"({{"context":"{}","kind":)", id());
  put(path, lines({round_event(0)}) + line_around(start + R"("round"})") + line_around(start + R"("dreamt")") + "torn");
  const auto check = verify_journal(path);
  ASSERT_TRUE(check);
  ASSERT_THAT(check->damaged, SizeIs(3));
  EXPECT_THAT(check->damaged[0].why, HasSubstr("not understood: round: the member \"phase\" is missing"));
  EXPECT_THAT(check->damaged[1].why, HasSubstr("not JSON"));
  EXPECT_EQ(check->damaged[2].line, 4U);
  EXPECT_EQ(check->lines, 4U);
}

TEST(CompactJournal, DropsHistoryDamageAndRepetitionsAndKeepsTheRest) {
  const Scratch scratch;
  const fs::path path = scratch / "journal.jsonl";
  const std::string other = example::context_id(7);
  const std::string fresh = lines({of(example::began(32768, true))});
  Trial rebuilt = example::trial(64);
  rebuilt.build = "another";
  put(path, lines({of(example::began()), of(compiled(64, 1)), round_event(0), round_event(0, other)}) + newer_line(1) +
                fresh + "torn\n" +
                lines({of(compiled(64, 2)), round_event(1), of(compiled(64, 3)), of(TrialCompiled{rebuilt, 4, false}),
                       of(compiled(64, 5), other)}) +
                newer_line(2) + lines({round_event(1), of(TrialFailed{example::trial(64), {}})}));
  const auto before = read(path);
  const auto done = compact_journal(path);
  ASSERT_TRUE(done) << done.error().message;
  EXPECT_EQ(get(path), lines({round_event(0, other)}) + newer_line(1) + fresh +
                           lines({round_event(1), of(compiled(64, 3)), of(TrialCompiled{rebuilt, 4, false}),
                                  of(compiled(64, 5), other)}) +
                           newer_line(2) + lines({round_event(1), of(TrialFailed{example::trial(64), {}})}));
  EXPECT_EQ(done->lines_before, 15U);
  EXPECT_EQ(done->lines_after, 10U);
  EXPECT_EQ(done->history, 3U);
  EXPECT_EQ(done->duplicates, 1U);
  EXPECT_THAT(done->damaged, SizeIs(1));
  EXPECT_EQ(done->bytes_after, fs::file_size(path));
  EXPECT_EQ(read(path).size() + 1, before.size()) << "one compiled twice";
  EXPECT_EQ(open_or_throw(path).scanned_bytes(), 0U) << "its index was written, too";
  // A second time there is nothing to do, and nothing is done.
  const auto time = fs::last_write_time(path);
  EXPECT_EQ(compact_journal(path)->lines_after, 10U);
  EXPECT_EQ(fs::last_write_time(path), time);
}

TEST(CompactJournal, IsRefusedWhileTheJournalIsWritten) {
  const Scratch scratch;
  const fs::path path = scratch / "journal.jsonl";
  Journal journal = open_or_throw(path);
  append(journal, round_event(0));
  const auto done = compact_journal(path);
  ASSERT_FALSE(done);
  EXPECT_THAT(done.error().message, HasSubstr("is in use by process"));
  EXPECT_FALSE(compact_journal(scratch / "none.jsonl"));
  EXPECT_FALSE(fs::exists(scratch / "none.jsonl"));
}

TEST(CompactJournal, IsRefusedWhereTheIndexWouldReplaceAnotherFile) {
  const Scratch scratch;
  const fs::path path = scratch / "journal.jsonl";
  put(path, "torn\n" + lines({round_event(0)}));
  put(JournalIndex::path_of(path), "precious\n");
  const std::string before = get(path);
  const auto done = compact_journal(path);
  ASSERT_FALSE(done);
  EXPECT_EQ(done.error().kind, ErrorKind::bad_input);
  EXPECT_THAT(done.error().message, HasSubstr("journal.jsonl.index: it is in the place of the index"));
  EXPECT_EQ(get(path), before);
  EXPECT_EQ(get(JournalIndex::path_of(path)), "precious\n");
}

TEST(MergeJournals, WritesTheLinesOfAllContextByContextAndIdenticalOnesOnce) {
  const Scratch scratch;
  const std::string other = example::context_id(7);
  const std::string a = lines({round_event(0), round_event(0, other), round_event(1), round_event(1)});
  const std::string b = lines({round_event(1), round_event(2)}) + "torn\n" + newer_line(1);
  put(scratch / "a", a);
  put(scratch / "b", b);
  const auto merged = merge_journals({scratch / "a", scratch / "b"}, scratch / "out");
  ASSERT_TRUE(merged) << merged.error().message;
  EXPECT_EQ(get(scratch / "out"), lines({round_event(0), round_event(1), round_event(1), round_event(2)}) +
                                      newer_line(1) + lines({round_event(0, other)}))
      << "what one journal has twice stays twice";
  EXPECT_EQ(merged->lines, 6U);
  EXPECT_EQ(merged->contexts, 2U);
  EXPECT_EQ(merged->inputs[1].identical, 1U);
  EXPECT_THAT(merged->inputs[1].damaged, SizeIs(1));
  EXPECT_EQ(merged->bytes, fs::file_size(scratch / "out"));
  EXPECT_EQ(get(scratch / "a"), a);
  EXPECT_EQ(get(scratch / "b"), b);
  EXPECT_EQ(open_or_throw(scratch / "out").scanned_bytes(), 0U);
}

TEST(MergeJournals, LosesNoRoundThatCountedToAFreshStartOfAnother) {
  const Scratch scratch;
  RunBegan second = example::began(32768, true);
  second.seed = 2;
  put(scratch / "a", lines({round_event(0), of(example::began(32768, true)), round_event(1)}));
  put(scratch / "b", lines({round_event(10), of(second), round_event(11)}));
  RunBegan third = example::began();
  third.seed = 3;
  put(scratch / "c", lines({of(third), round_event(21)}));
  const auto merged = merge_journals({scratch / "c", scratch / "a", scratch / "b"}, scratch / "out");
  ASSERT_TRUE(merged) << merged.error().message;
  EXPECT_EQ(merged->continued, 1U);
  RunBegan continued = second;
  continued.fresh = false;
  EXPECT_EQ(get(scratch / "out"), lines({round_event(0), round_event(10), of(example::began(32768, true)),
                                         round_event(1), of(continued), round_event(11), of(third), round_event(21)}));
  EXPECT_THAT(read(scratch / "out"), SizeIs(6)) << "history stays history";
  // The result and what it was made from say the same.
  ASSERT_TRUE(merge_journals({scratch / "out", scratch / "b", scratch / "a"}, scratch / "again"));
  EXPECT_EQ(get(scratch / "again"), get(scratch / "out"));
}

TEST(MergeJournals, KeepsAFreshStartThatMadeHistoryOfAnOlderCopy) {
  const Scratch scratch;
  RunBegan second = example::began(32768, true);
  second.seed = 2;
  const std::string older = lines({of(example::began(32768, true)), round_event(1)});
  put(scratch / "older", older);
  put(scratch / "newer", older + lines({of(second), round_event(2)}));
  for (const bool older_first : {true, false}) {
    const fs::path out = scratch / (older_first ? "out1" : "out2");
    const auto inputs = older_first ? std::vector{scratch / "older", scratch / "newer"}
                                    : std::vector{scratch / "newer", scratch / "older"};
    ASSERT_TRUE(merge_journals(inputs, out));
    EXPECT_EQ(get(out), get(scratch / "newer"));
  }
}

TEST(MergeJournals, RefusesAnOutputThatIsAnInputOrExists) {
  const Scratch scratch;
  make_journal(scratch / "a", 1);
  make_journal(scratch / "b", 1);
  fs::create_symlink("a", scratch / "link");
  for (const char* out : {"a", "b", "link"}) {
    const auto merged = merge_journals({scratch / "a", scratch / "b"}, scratch / out);
    ASSERT_FALSE(merged) << out;
    EXPECT_THAT(merged.error().message, HasSubstr("one of the journals to merge"));
  }
  put(scratch / "c", "mine");
  EXPECT_THAT(merge_journals({scratch / "a", scratch / "b"}, scratch / "c").error().message, HasSubstr("it exists"));
  EXPECT_EQ(get(scratch / "c"), "mine");
  EXPECT_FALSE(merge_journals({scratch / "a", scratch / "none"}, scratch / "d"));
  EXPECT_FALSE(fs::exists(scratch / "d"));
  put(scratch / "d.index", "mine");
  EXPECT_THAT(merge_journals({scratch / "a", scratch / "b"}, scratch / "d").error().message,
              HasSubstr("d.index: it is in the place of the index of d"));
  EXPECT_FALSE(fs::exists(scratch / "d"));
  EXPECT_EQ(get(scratch / "d.index"), "mine");
}

}  // namespace
}  // namespace scantune::store
