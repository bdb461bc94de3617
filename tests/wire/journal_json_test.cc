#include "wire/journal_json.h"

#include <gmock/gmock.h>

#include <cmath>
#include <limits>
#include <nlohmann/json.hpp>
#include <set>

#include "journal_example.h"

namespace scantune::wire {
namespace {

using testing::HasSubstr;
using testing::StartsWith;
namespace example = testing_example;

std::string_view without_newline(const std::string& line) { return std::string_view(line).substr(0, line.size() - 1); }

JournalEvent read_back(const JournalEvent& event) {
  const std::string line = to_line(event);
  const auto head = check_line(without_newline(line));
  EXPECT_TRUE(head) << line;
  const auto read = parse_event(head->event);
  EXPECT_TRUE(read) << read.error().message;
  return read.value_or(JournalEvent{});
}

TEST(JournalLine, OfEveryKindReadsBackAsItWas) {
  std::set<EventKind> kinds;
  for (const JournalWhat& what : example::every_kind()) {
    const JournalEvent event{example::context_id(), what};
    EXPECT_EQ(read_back(event), event) << to_line(event);
    kinds.insert(kind_of(what));
  }
  EXPECT_EQ(kinds.size(), kAllEventKinds.size()) << "a kind has no example";
}

TEST(JournalLine, IsOneLineWithItsContextAndKindInFixedPlaces) {
  for (const JournalWhat& what : example::every_kind()) {
    const std::string line = to_line({example::context_id(), what});
    EXPECT_EQ(line.find('\n'), line.size() - 1) << line;
    const auto head = check_line(without_newline(line));
    ASSERT_TRUE(head) << line;
    EXPECT_EQ(head->context, example::context_id());
    EXPECT_EQ(head->kind, kind_of(what));
    EXPECT_EQ(head->kind_name, name(kind_of(what)));
    const auto* began = std::get_if<RunBegan>(&what);
    EXPECT_EQ(head->fresh, began != nullptr && began->fresh);
    EXPECT_THAT(line.substr(34),
                StartsWith(fmt::format(R"({{"context":"{}","kind":"{}")", head->context, head->kind_name)));
    EXPECT_EQ(nlohmann::json::parse(line)["event"]["kind"], head->kind_name);
  }
}

TEST(JournalLine, KeepsEveryBitOfATime) {
  RoundTaken taken = example::round_taken();
  taken.round.samples.clear();
  double time_ns = 1.0 / 3;
  for (int i = 0; i < 300; ++i) {
    taken.round.samples.push_back({i % 3 - 1, time_ns});
    time_ns = std::nextafter(time_ns * 1.37, 1e300);
  }
  taken.round.samples.push_back({0, std::numeric_limits<double>::denorm_min()});
  taken.round.samples.push_back({0, std::numeric_limits<double>::max()});
  const JournalEvent event{example::context_id(), taken};
  EXPECT_EQ(read_back(event), event);
}

TEST(JournalLine, HasNullForATimeThatIsNoNumber) {
  RoundTaken taken = example::round_taken();
  taken.round.samples[1].time_ns = std::nan("");
  const auto read = std::get<RoundTaken>(read_back({example::context_id(), taken}).what);
  EXPECT_TRUE(std::isnan(read.round.samples.at(1).time_ns));
  EXPECT_EQ(read.round.samples.at(2), taken.round.samples[2]);
}

TEST(JournalLine, KeepsEveryKindOfFailureAndEveryReasonToStop) {
  for (int kind = 0; kind <= static_cast<int>(FailureKind::device); ++kind) {
    const JournalEvent event{example::context_id(),
                             TrialFailed{example::trial(), {static_cast<FailureKind>(kind), "w"}}};
    EXPECT_EQ(read_back(event), event);
  }
  for (const StopReason reason :
       {StopReason::complete, StopReason::budget, StopReason::interrupted, StopReason::device_lost}) {
    const JournalEvent event{example::context_id(), RunEnded{reason, "", {}}};
    EXPECT_EQ(read_back(event), event);
  }
}

TEST(JournalLine, ThatHasAFlippedBitAnywhereIsFound) {
  for (const JournalWhat& what : example::every_kind()) {
    std::string line = to_line({example::context_id(), what});
    line.pop_back();
    for (size_t i = 0; i < line.size(); ++i) {
      for (const int bit : {0, 5}) {
        line[i] = static_cast<char>(line[i] ^ (1 << bit));
        EXPECT_FALSE(check_line(line)) << "byte " << i << " of " << line;
        line[i] = static_cast<char>(line[i] ^ (1 << bit));
      }
    }
    EXPECT_TRUE(check_line(line));
  }
}

TEST(JournalLine, ThatIsCutAnywhereIsFound) {
  const std::string line = to_line({example::context_id(), example::round_taken()});
  for (size_t bytes = 1; bytes + 1 < line.size(); ++bytes) {
    const auto head = check_line(line.substr(0, bytes));
    ASSERT_FALSE(head) << bytes;
    EXPECT_EQ(head.error(), LineFault::torn) << bytes;
  }
  EXPECT_EQ(check_line("").error(), LineFault::empty);
  EXPECT_EQ(check_line("hello").error(), LineFault::foreign);
}

// A line around any text, as another program would have to make it.
std::string line_around(std::string_view event) {
  return fmt::format(R"({{"sum":"{:016x}","event":{}}})", checksum(event), event);
}

TEST(JournalLine, OfAKindThatIsNotKnownIsWholeAndNotOfUs) {
  const std::string id = example::context_id();
  const std::string line = line_around(fmt::format(R"({{"context":"{}","kind":"dreamt","of":[1]}})", id));
  const auto head = check_line(line);
  ASSERT_TRUE(head);
  EXPECT_EQ(head->kind, std::nullopt);
  EXPECT_EQ(head->kind_name, "dreamt");
  EXPECT_EQ(head->context, id);
  EXPECT_THAT(parse_event(head->event).error().message, HasSubstr("'dreamt' is not known to this version"));
}

TEST(JournalLine, WithContextOrKindElsewhereIsNotFiled) {
  for (const char* event : {
           R"({})",
           R"({"kind":"round","context":"0123456789abcdef0123456789abcdef"})",
           R"({"context":"0123456789abcdef","kind":"round"})",
           R"({"context":"0123456789ABCDEF0123456789abcdef","kind":"round"})",
           R"({"context":"0123456789abcdef0123456789abcdef","kind":""})",
           R"({"context":"0123456789abcdef0123456789abcdef","kind":"a word that is longer than any kind of event"})",
       }) {
    const auto head = check_line(line_around(event));
    ASSERT_FALSE(head) << event;
    EXPECT_EQ(head.error(), LineFault::head) << event;
  }
}

TEST(JournalEvent, ThatDoesNotSayWhatItMustNamesTheMember) {
  const auto fault = [](const JournalWhat& what, const char* pointer, const nlohmann::json& value) {
    auto json = nlohmann::json::parse(to_line({example::context_id(), what}))["event"];
    json[nlohmann::json::json_pointer(pointer)] = value;
    const auto event = parse_event(json.dump());
    return event ? "read" : event.error().message;
  };
  const auto taken = example::round_taken();
  EXPECT_THAT(fault(taken, "/phase", "middle"), HasSubstr("round: phase: expected \"screen\" or \"final\""));
  for (const auto& sample : nlohmann::json::parse(R"([[3, 1.0], [-1, 1.0], [0], [0, "1"], [0.5, 1.0], 7])")) {
    EXPECT_THAT(fault(taken, "/samples/2", sample), HasSubstr("round: samples: sample 2 is not")) << sample;
  }
  EXPECT_THAT(fault(taken, "/samples", 7), HasSubstr("round: samples: expected an array, found 7"));
  EXPECT_THAT(fault(taken, "/trials/0/variant", "="), HasSubstr("round: trials[0]: variant"));
  EXPECT_THAT(fault(example::began(), "/seed", -1), HasSubstr("run_began: seed"));
  EXPECT_THAT(fault(example::began(), "/workload/dtype", "f31"), HasSubstr("run_began: workload: dtype"));
  EXPECT_THAT(fault(TrialProfiled{example::trial(), {}}, "/counters", nullptr), HasSubstr("profiled: counters"));
  EXPECT_THAT(fault(TrialFailed{example::trial(), {}}, "/failure/kind", "mood"), HasSubstr("failed: failure: kind"));
  EXPECT_THAT(fault(RunEnded{}, "/reason", "tired"), HasSubstr("run_ended: reason: expected \"complete\""));
  EXPECT_THAT(parse_event("{").error().message, HasSubstr("not JSON"));
}

TEST(JournalEvent, MayHaveMembersOfLaterVersions) {
  auto json = nlohmann::json::parse(to_line({example::context_id(), example::round_taken()}))["event"];
  json["later"] = 1;
  EXPECT_EQ(parse_event(json.dump())->what, JournalWhat(example::round_taken()));
}

TEST(WithoutFresh, MakesTheLineOfARunThatContinues) {
  const std::string continued = to_line({example::context_id(), example::began()});
  EXPECT_EQ(without_fresh(to_line({example::context_id(), example::began(32768, true)})), continued);
  EXPECT_EQ(without_fresh(continued), continued);
  EXPECT_EQ(without_fresh("torn"), "torn");
}

TEST(Context, IsTheSameForShapesOfOneGeometry) {
  Context flat = example::context();
  flat.workload.shape = *make_shape({4, 8192, 32768}, 2);
  EXPECT_EQ(digest(flat), digest(example::context()));
}

TEST(Context, ChangesWithWhatAResultDependsOn) {
  std::set<std::string> ids = {digest(example::context())};
  const auto changed = [&](auto&& change) {
    Context context = example::context();
    change(context);
    return ids.insert(digest(context)).second;
  };
  EXPECT_TRUE(changed([](Context& c) { c.workload.shape = *make_shape({32768, 32769}, 1); }));
  EXPECT_TRUE(changed([](Context& c) { c.workload.dtype = DType::i32; }));
  EXPECT_TRUE(changed([](Context& c) { c.workload.accumulator = DType::f64; }));
  EXPECT_TRUE(changed([](Context& c) { c.workload.cache = CacheState::hot; }));
  EXPECT_TRUE(changed([](Context& c) { c.workload.deterministic = true; }));
  EXPECT_TRUE(changed([](Context& c) { c.chip.name = "NVIDIA H100"; }));
  EXPECT_TRUE(changed([](Context& c) { c.driver = "580.160"; }));
  EXPECT_TRUE(changed([](Context& c) { c.protocol.final_rounds += 1; }));
}

TEST(JournalText, ForScriptsIsJson) {
  const JournalDamage damage{3, 812, 40, "torn: its end is missing"};
  const auto check = nlohmann::json::parse(journal_check_json("a \"b\".jsonl", 900, 3, 1, {damage}));
  EXPECT_EQ(check["file"], "a \"b\".jsonl");
  EXPECT_EQ(check["clean"], false);
  EXPECT_EQ(check["damaged"][0]["line"], 3);
  const auto events = nlohmann::json::parse(journal_events_head("j") + journal_events_row(1, R"({"kind":"round"})") +
                                            ",\n" + journal_events_row(2, "{}") + journal_events_tail(0, {damage}));
  EXPECT_EQ(events["events"][0]["event"]["kind"], "round");
  EXPECT_EQ(events["events"][1]["line"], 2);
  EXPECT_EQ(nlohmann::json::parse(journal_events_head("j") + journal_events_tail(0, {}))["events"].size(), 0U);
}

}  // namespace
}  // namespace scantune::wire
