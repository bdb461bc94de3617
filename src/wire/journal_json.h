// The journal's lines (docs/journal.md, configs/schema/journal.schema.json), and what scantune
// journal prints with --format json.
//
// A line is {"sum":"<16 hex digits>","event":<event>} and a newline, byte for byte: the sum is the
// 64-bit XXH3 of the bytes of <event>, which begins {"context":"<32 hex digits>","kind":"<word>".
// The places are fixed, so that a line is checked and filed without parsing JSON.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/expected.h"
#include "core/journal.h"

namespace scantune::wire {

inline constexpr size_t kContextDigits = 32;

// The line of an event, its newline included.
std::string to_line(const JournalEvent& event);

// Why a line is no line of a journal.
enum class LineFault : uint8_t { empty, torn, foreign, checksum, head, too_long };

std::string_view text(LineFault fault);

// What the fixed places of a line say. The views are into the line.
struct LineHead {
  std::string_view context;
  std::string_view kind_name;
  std::optional<EventKind> kind;  // none where this version does not know it
  bool fresh = false;             // a run that began with fresh
  std::string_view event;         // the JSON text of the event
};

// Checks a line, its newline left off.
tl::expected<LineHead, LineFault> check_line(std::string_view line);

// Whether text may be, or once have been, the start of a journal.
bool looks_like_a_journal(std::string_view start);

// Reads the JSON text of an event. An error (bad_input) names the member at fault.
Expected<JournalEvent> parse_event(std::string_view event);

// Whether text is JSON at all: what can be asked of a kind that this version does not know.
Expected<void> check_json(std::string_view text);

// The line of a run that began with fresh as one that did not. Any other line stays as it is.
std::string without_fresh(std::string_view line);

// What is known of one context of a journal.
struct ContextStats {
  std::string id;                  // digest(Context)
  std::optional<Context> context;  // none where no run began is left of it
  size_t runs = 0;
  size_t trials = 0;  // variants as built from what, each once
  size_t failed_trials = 0;
  size_t rounds = 0;
  size_t discarded_rounds = 0;
  size_t samples = 0;
  size_t history_events = 0;  // before the last fresh start: no longer used
  std::string first_time;     // of the runs that began: UTC, ISO 8601
  std::string last_time;

  bool operator==(const ContextStats&) const = default;
};

struct JournalStats {
  std::string file;
  uint64_t bytes = 0;
  size_t lines = 0;
  std::array<size_t, kAllEventKinds.size()> events{};  // by kind
  size_t newer = 0;                                    // of kinds that this version does not know
  std::vector<JournalDamage> damaged;
  std::vector<ContextStats> contexts;  // in the order they first appear
};

std::string journal_stats_json(const JournalStats& stats);

// {"format": "scantune-journal-check", ...}: every line checked.
std::string journal_check_json(std::string_view file, uint64_t bytes, size_t lines, size_t newer,
                               const std::vector<JournalDamage>& damaged);

// {"format": "scantune-journal-events", ...} in parts, so that a journal of any size is shown: the
// head, rows joined by ",\n", and the tail. `event` is an event's JSON text.
std::string journal_events_head(std::string_view file);
std::string journal_events_row(size_t line, std::string_view event);
std::string journal_events_tail(size_t newer, const std::vector<JournalDamage>& damaged);

}  // namespace scantune::wire
