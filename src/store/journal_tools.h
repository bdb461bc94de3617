// What is done with whole journals: looked through, cleaned up, put together.
#pragma once

#include <filesystem>
#include <functional>
#include <string>
#include <vector>

#include "core/expected.h"
#include "core/journal.h"
#include "wire/journal_json.h"

namespace scantune::store {

// Counts and contexts. Reads every line; needs no lock.
Expected<wire::JournalStats> journal_stats(const std::filesystem::path& path);

struct JournalCheck {
  uint64_t bytes = 0;
  size_t lines = 0;
  size_t newer = 0;                    // of kinds that this version does not know; no damage
  std::vector<JournalDamage> damaged;  // what is not whole or does not say what it must
};

// Checks every line: its checksum, its JSON, its members. Needs no lock.
Expected<JournalCheck> verify_journal(const std::filesystem::path& path);

// Which events to show. Empty: all.
struct JournalFilter {
  std::string context_prefix = {};
  std::optional<EventKind> kind = {};
  std::string variant = {};         // part of a spelled variant of the event
  std::optional<size_t> tail = {};  // the last so many of those that remain
};

// An event as it is in the journal.
struct JournalRow {
  size_t line = 0;  // counted from 1
  std::string_view text;
  const JournalEvent* event = nullptr;  // none where a newer scantune wrote it
};

struct JournalShown {
  size_t newer = 0;
  std::vector<JournalDamage> damaged;  // skipped, in the whole journal
};

// Calls `show` for each event that the filter lets through, in order. Needs no lock. A newer
// scantune's events are shown where the filter asks for no kind and no variant.
Expected<JournalShown> show_journal(const std::filesystem::path& path, const JournalFilter& filter,
                                    const std::function<void(const JournalRow&)>& show);

struct Compacted {
  uint64_t bytes_before = 0;
  uint64_t bytes_after = 0;
  size_t lines_before = 0;
  size_t lines_after = 0;
  size_t history = 0;                  // dropped: before a fresh start of their context
  size_t duplicates = 0;               // dropped: compiled, verified or profiled again later
  std::vector<JournalDamage> damaged;  // dropped
};

// Drops what does not count: what came before a fresh start, damaged lines, and all but the last
// compiled, verified and profiled of each trial. Keeps every other line as it is, those of a newer
// scantune included. Atomic, under the journal's lock; a journal that has nothing to drop is not touched.
Expected<Compacted> compact_journal(const std::filesystem::path& path);

struct Merged {
  struct Input {
    std::filesystem::path path;
    size_t lines = 0;
    size_t identical = 0;  // of lines that an input before had
    size_t newer = 0;
    std::vector<JournalDamage> damaged;  // left out
  };
  std::vector<Input> inputs;
  size_t lines = 0;  // written
  size_t contexts = 0;
  size_t continued = 0;  // runs that began afresh, now continuing another input's
  uint64_t bytes = 0;
};

// Writes the lines of several journals to a new one, context by context, identical lines of several
// inputs once. What counts in an input counts in the result: history comes first, then what counts,
// and of several fresh starts of one context the later ones are written as continuing. Inputs are
// not touched; needs no lock on them. An error where `out` is an input or exists.
Expected<Merged> merge_journals(const std::vector<std::filesystem::path>& inputs, const std::filesystem::path& out);

}  // namespace scantune::store
