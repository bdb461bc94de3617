// The journal: what happened to trials, a line an event, appended as it happens (docs/journal.md).
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "core/expected.h"
#include "core/journal.h"
#include "store/descriptor.h"
#include "store/file_lock.h"
#include "store/journal_index.h"

namespace scantune::store {

// A journal's lines as they were when it was opened. Takes no lock and writes nothing: another
// process may append meanwhile. Checks every line.
class JournalReader {
 public:
  // An error where the file cannot be read or is no journal; damaged lines are none.
  static Expected<JournalReader> open(const std::filesystem::path& path);

  [[nodiscard]] const std::filesystem::path& path() const { return path_; }
  [[nodiscard]] const JournalIndex& index() const { return index_; }
  [[nodiscard]] const std::vector<JournalLine>& lines() const { return index_.lines(); }

  // The text of a line, without its newline. Valid until the next call.
  Expected<std::string_view> text(const JournalLine& line);

  // What is known of one context since its last fresh start, in the order it happened. Reads only
  // those lines. What cannot be used is skipped and told by damaged().
  Expected<std::vector<JournalEvent>> events(const std::string& context);

  // Writes the index's file, for who opens the journal next.
  Expected<void> save_index() const { return index_.save(path_, file_.get()); }

  // The lines that are skipped, in order.
  [[nodiscard]] std::vector<JournalDamage> damaged() const;
  // How many lines a newer scantune wrote, of kinds that this version does not know.
  [[nodiscard]] size_t newer() const;

 private:
  friend class Journal;
  JournalReader(std::filesystem::path path, Descriptor file) : path_(std::move(path)), file_(std::move(file)) {}
  Expected<void> scan_all();
  Expected<void> scan_on();
  [[nodiscard]] Expected<void> check_is_journal() const;
  // False where the index turned out to be wrong.
  Expected<bool> read_events(const std::string& context, std::vector<JournalEvent>& events);

  std::filesystem::path path_;
  Descriptor file_;
  JournalIndex index_;
  std::vector<JournalDamage> unreadable_;  // lines that are whole but do not say what they must
  std::string window_;                     // what was read last
  uint64_t window_offset_ = 0;
};

// A journal to be continued. One process at a time: it holds a lock for as long as it lives. Not
// for several threads at once.
class Journal {
 public:
  // Makes file and folder where there are none. Reads the index and what the journal has beyond it.
  // An error, at once, where another process has it; where it cannot be written; where the file is
  // something else, or the file in the place of its index is. One line that says what to do.
  static Expected<Journal> open(const std::filesystem::path& path);

  Journal(const Journal&) = delete;
  Journal& operator=(const Journal&) = delete;
  Journal(Journal&&) noexcept = default;
  Journal& operator=(Journal&&) = delete;
  // Flushes to disk and writes the index. A journal that has no line is removed.
  ~Journal();

  [[nodiscard]] const std::filesystem::path& path() const { return reader_.path(); }

  // As JournalReader's.
  Expected<std::vector<JournalEvent>> events(const std::string& context) { return reader_.events(context); }
  [[nodiscard]] std::vector<JournalDamage> damaged() const { return reader_.damaged(); }
  [[nodiscard]] size_t newer() const { return reader_.newer(); }
  [[nodiscard]] const std::vector<JournalLine>& lines() const { return reader_.lines(); }
  // How many bytes open() had to read, the rest being in the index.
  [[nodiscard]] uint64_t scanned_bytes() const { return reader_.index().scanned_bytes(); }

  // Adds an event at the end, in one write. Once it returns, the event outlives this process; the
  // end of a run is flushed to disk with all before it. Where it fails, the file is as it was.
  Expected<void> append(const JournalEvent& event);

  // Waits until everything appended is on the disk.
  Expected<void> sync();

 private:
  Journal(FileLock lock, JournalReader reader) : lock_(std::move(lock)), reader_(std::move(reader)) {}
  [[nodiscard]] bool is_in_its_place() const;
  Expected<void> prepare_append();
  Expected<void> write(std::string_view bytes);

  FileLock lock_;  // released last
  JournalReader reader_;
  bool changed_ = false;  // the index's file does not say all of the journal
  bool flushed_ = true;   // what was appended is on the disk
};

// Lines for a person about what was skipped, at most `most` and a last one for the rest:
// "results/journal.jsonl: line 812 is skipped: torn: its end is missing".
std::vector<std::string> notes(const std::filesystem::path& path, const std::vector<JournalDamage>& damaged,
                               size_t newer, size_t most = 10);

}  // namespace scantune::store
