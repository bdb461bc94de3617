// Where a journal's lines are: found by reading the journal once, kept in a small file beside it so
// that the next to open it reads only what was added since. Nothing is in it that the journal does
// not say; whatever is wrong with it, it is made anew. Another program's file of that name is left alone.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "core/expected.h"
#include "core/journal.h"
#include "wire/journal_json.h"

namespace scantune::store {

// One line, its newline not counted. Stored as it is in memory: see JournalIndex::save.
struct JournalLine {
  uint64_t offset = 0;
  uint32_t bytes = 0;
  uint32_t context = 0;  // index into JournalIndex::contexts()
  uint8_t what = 0;      // an EventKind, "newer", or a fault
  uint8_t fresh = 0;     // 1: a run that began with fresh
  uint8_t unused[6] = {};

  [[nodiscard]] bool good() const { return what <= kNewer; }
  [[nodiscard]] bool newer() const { return what == kNewer; }  // of a kind that this version does not know
  [[nodiscard]] std::optional<EventKind> kind() const;         // none where newer or damaged
  [[nodiscard]] wire::LineFault fault() const { return static_cast<wire::LineFault>(what - kFaults); }

  static constexpr uint8_t kNewer = kAllEventKinds.size();
  static constexpr uint8_t kFaults = 64;
};

class JournalIndex {
 public:
  // Longer ones are no events: the longest, a round of all a round may hold, has some 10 KiB.
  static constexpr size_t kMaxLineBytes = size_t{64} << 20;

  // The index's file of a journal.
  static std::filesystem::path path_of(const std::filesystem::path& journal);

  // An error (bad_input) where the index's file would be a file that is no journal's index: it is not to be lost.
  // `remedy` ends the message.
  static Expected<void> check_place(const std::filesystem::path& journal, std::string_view remedy = "move it away");

  // Removes the index's file, where it is one.
  static void remove(const std::filesystem::path& journal);

  // What the file says, where it is whole and of the first bytes of the journal open as `fd`, of
  // `size` bytes; otherwise an empty index.
  static JournalIndex load(const std::filesystem::path& journal, int fd, uint64_t size);

  // Reads what the journal has from end() on, up to `size`. 0, or the errno.
  int scan(int fd, uint64_t size);

  // Files a line, its newline included, that was written at end(), after a newline where one was missing there.
  void add(std::string_view line);

  // Writes the file. The last line is left out while no newline ends it: more of it may come. An error as of
  // check_place.
  Expected<void> save(const std::filesystem::path& journal, int fd) const;

  // Every line in order, damaged ones included: line N of the journal is lines()[N - 1].
  [[nodiscard]] const std::vector<JournalLine>& lines() const { return lines_; }
  [[nodiscard]] const std::string& context_of(const JournalLine& line) const { return contexts_[line.context]; }
  [[nodiscard]] const std::vector<std::string>& contexts() const { return contexts_; }
  [[nodiscard]] std::optional<uint32_t> find_context(const std::string& context) const;

  // How far the journal was read; whether a newline is missing there.
  [[nodiscard]] uint64_t end() const { return end_; }
  [[nodiscard]] bool is_open_ended() const { return open_ended_; }
  // How many bytes scan() has read since load().
  [[nodiscard]] uint64_t scanned_bytes() const { return scanned_; }

 private:
  void file_line(std::string_view line, uint64_t offset);
  uint32_t context_index(std::string_view context);
  [[nodiscard]] uint64_t covered() const { return open_ended_ ? lines_.back().offset : end_; }

  std::vector<JournalLine> lines_;
  std::vector<std::string> contexts_;
  std::unordered_map<std::string, uint32_t> context_indices_;
  uint32_t last_context_ = 0;  // most lines are of the same context as the line before
  uint64_t end_ = 0;
  bool open_ended_ = false;
  uint64_t scanned_ = 0;
};

// Reads up to `bytes` at `offset`; fewer only at the file's end. -1, errno set, where it fails.
ssize_t read_at(int fd, char* into, size_t bytes, uint64_t offset);

}  // namespace scantune::store
