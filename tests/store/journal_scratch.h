// Journals to test with: rounds of their own for each number.
#pragma once

#include <gtest/gtest.h>

#include <stdexcept>

#include "../wire/journal_example.h"
#include "scratch.h"
#include "store/journal.h"

namespace scantune::store {

namespace example = testing_example;

inline const std::string& id() {
  static const std::string context = example::context_id();
  return context;
}

inline JournalEvent round_event(int number, const std::string& context = id()) {
  return {context, example::round_taken(number)};
}

inline Journal open_or_throw(const std::filesystem::path& path) {
  auto journal = Journal::open(path);
  if (!journal) {
    throw std::runtime_error(journal.error().message);
  }
  return *std::move(journal);
}

inline void append(Journal& journal, const JournalEvent& event) {
  const auto done = journal.append(event);
  ASSERT_TRUE(done) << done.error().message;
}

// A journal of so many rounds of one context.
inline void make_journal(const std::filesystem::path& path, int rounds, const std::string& context = id()) {
  Journal journal = open_or_throw(path);
  for (int i = 0; i < rounds; ++i) {
    append(journal, round_event(i, context));
  }
}

// The events of a context, as who has no lock reads them.
inline std::vector<JournalEvent> read(const std::filesystem::path& path, const std::string& context = id()) {
  auto reader = JournalReader::open(path);
  EXPECT_TRUE(reader) << reader.error().message;
  auto events = reader->events(context);
  EXPECT_TRUE(events) << events.error().message;
  return events.value_or(std::vector<JournalEvent>());
}

// The line of any text, as another program would have to make it.
inline std::string line_around(const std::string& event) {
  return fmt::format("{{\"sum\":\"{:016x}\",\"event\":{}}}\n", checksum(event), event);
}

}  // namespace scantune::store
