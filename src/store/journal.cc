#include "store/journal.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <utility>

#include "store/file.h"

namespace scantune::store {
namespace {

namespace fs = std::filesystem;

constexpr const char* kExample = "results/journal.jsonl";
constexpr size_t kWindowBytes = size_t{256} << 10;
constexpr size_t kStartBytes = 4096;

tl::expected<uint64_t, int> size_of(int fd) {
  struct stat found {};
  if (::fstat(fd, &found) != 0) {
    return tl::unexpected(errno);
  }
  return static_cast<uint64_t>(found.st_size);
}

// What an event's line must say for its event to be used, beside its checksum.
std::string unreadable(const Error& error) {
  return fmt::format("whole, but not understood: {}; it may be another version's", error.message);
}

}  // namespace

Expected<JournalReader> JournalReader::open(const fs::path& path) {
  if (!path.has_filename()) {
    return bad_input("cannot read '{}': it names no file; name one such as {}", path.string(), kExample);
  }
  // Opening a pipe would wait for who writes to it.
  Descriptor file(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK));
  struct stat found {};
  if (file.get() < 0 || ::fstat(file.get(), &found) != 0) {
    return tl::unexpected(system_error("read", path, errno));
  }
  if (!S_ISREG(found.st_mode)) {
    return tl::unexpected(system_error("read", path, S_ISDIR(found.st_mode) ? EISDIR : EINVAL));
  }
  JournalReader reader(path, std::move(file));
  if (const auto scanned = reader.scan_on(); !scanned) {
    return tl::unexpected(scanned.error());
  }
  if (const auto journal = reader.check_is_journal(); !journal) {
    return tl::unexpected(journal.error());
  }
  return reader;
}

Expected<void> JournalReader::scan_all() {
  index_ = {};
  unreadable_.clear();
  window_.clear();
  return scan_on();
}

Expected<void> JournalReader::scan_on() {
  const auto size = size_of(file_.get());
  const int error = size ? index_.scan(file_.get(), *size) : size.error();
  if (error != 0) {
    return tl::unexpected(system_error("read", path_, error));
  }
  return {};
}

Expected<void> JournalReader::check_is_journal() const {
  if (lines().empty() || std::ranges::any_of(lines(), &JournalLine::good)) {
    return {};
  }
  std::string start(kStartBytes, '\0');
  const ssize_t got = read_at(file_.get(), start.data(), start.size(), 0);
  start.resize(got < 0 ? 0 : static_cast<size_t>(got));
  // A journal whose only line is damaged is one.
  if (wire::looks_like_a_journal(start)) {
    return {};
  }
  return bad_input("{}: not a scantune journal; name another file or move this one away", path_.string());
}

Expected<std::string_view> JournalReader::text(const JournalLine& line) {
  const bool inside =
      line.offset >= window_offset_ && line.offset + line.bytes <= window_offset_ + window_.size() && !window_.empty();
  if (!inside) {
    const size_t bytes = std::max<size_t>(kWindowBytes, line.bytes);
    // Who reads backwards will want what is before the line next.
    const uint64_t end = line.offset + line.bytes;
    const bool backwards = line.offset < window_offset_;
    const uint64_t begin = backwards ? end - std::min<uint64_t>(end, bytes) : line.offset;
    window_.resize(bytes);
    const ssize_t got = read_at(file_.get(), window_.data(), window_.size(), begin);
    if (got < 0) {
      const int error = errno;
      window_.clear();
      return tl::unexpected(system_error("read", path_, error));
    }
    window_.resize(static_cast<size_t>(got));
    window_offset_ = begin;
  }
  // Shorter than the line where the file was cut meanwhile: its checksum tells.
  const std::string_view window = window_;
  return window.substr(std::min<size_t>(line.offset - window_offset_, window.size()), line.bytes);
}

Expected<bool> JournalReader::read_events(const std::string& context, std::vector<JournalEvent>& events) {
  const auto wanted = index_.find_context(context);
  if (!wanted) {
    return true;
  }
  const auto belongs = [&](const JournalLine& line) { return line.good() && line.context == *wanted; };
  size_t begin = 0;
  for (size_t i = 0; i < lines().size(); ++i) {
    begin = belongs(lines()[i]) && lines()[i].fresh != 0 ? i : begin;
  }
  for (size_t i = begin; i < lines().size(); ++i) {
    const JournalLine& line = lines()[i];
    if (!belongs(line) || line.newer()) {
      continue;
    }
    const auto bytes = text(line);
    if (!bytes) {
      return tl::unexpected(bytes.error());
    }
    const auto head = wire::check_line(*bytes);
    if (!head || head->context != context || head->kind != line.kind() || head->fresh != (line.fresh != 0)) {
      return false;
    }
    auto event = wire::parse_event(head->event);
    if (event) {
      events.push_back(*std::move(event));
    } else {
      const JournalDamage damage{i + 1, line.offset, line.bytes, unreadable(event.error())};
      if (std::ranges::find(unreadable_, damage) == unreadable_.end()) {
        unreadable_.push_back(damage);
      }
    }
  }
  return true;
}

Expected<std::vector<JournalEvent>> JournalReader::events(const std::string& context) {
  std::vector<JournalEvent> events;
  auto read = read_events(context, events);
  if (read && !*read) {
    // The journal was changed behind its index: what it says now counts.
    if (const auto scanned = scan_all(); !scanned) {
      return tl::unexpected(scanned.error());
    }
    events.clear();
    read = read_events(context, events);
  }
  if (!read) {
    return tl::unexpected(read.error());
  }
  if (!*read) {
    return fail(ErrorKind::environment, "cannot read {}: it changes while it is read; end what writes to it",
                path_.string());
  }
  return events;
}

std::vector<JournalDamage> JournalReader::damaged() const {
  std::vector<JournalDamage> damaged = unreadable_;
  for (size_t i = 0; i < lines().size(); ++i) {
    if (const JournalLine& line = lines()[i]; !line.good()) {
      damaged.push_back({i + 1, line.offset, line.bytes, std::string(wire::text(line.fault()))});
    }
  }
  std::ranges::sort(damaged, {}, &JournalDamage::line);
  return damaged;
}

size_t JournalReader::newer() const { return static_cast<size_t>(std::ranges::count_if(lines(), &JournalLine::newer)); }

Expected<Journal> Journal::open(const fs::path& path) {
  const auto target = prepare_file(path, kExample);
  if (!target) {
    return tl::unexpected(target.error());
  }
  if (const auto free = JournalIndex::check_place(*target, "move it away or give --journal another file"); !free) {
    return tl::unexpected(free.error());
  }
  auto lock =
      FileLock::take(*target, std::chrono::milliseconds(0), "wait for it to end, or give --journal another file");
  if (!lock) {
    return tl::unexpected(lock.error());
  }
  Descriptor file(::open(target->c_str(), O_RDWR | O_APPEND | O_CREAT | O_CLOEXEC, 0666));
  const auto size = file.get() < 0 ? tl::unexpected(errno) : size_of(file.get());
  if (!size) {
    return tl::unexpected(system_error("write", path, size.error()));
  }
  Journal journal(*std::move(lock), JournalReader(*target, std::move(file)));
  JournalReader& reader = journal.reader_;
  reader.index_ = JournalIndex::load(*target, reader.file_.get(), *size);
  if (const auto scanned = reader.scan_on(); !scanned) {
    return tl::unexpected(scanned.error());
  }
  if (const auto is_journal = reader.check_is_journal(); !is_journal) {
    return tl::unexpected(is_journal.error());
  }
  journal.changed_ = reader.index_.scanned_bytes() > 0;
  return journal;
}

Journal::~Journal() {
  if (reader_.file_.get() < 0 || !is_in_its_place()) {
    return;  // moved from, or removed by someone
  }
  // By its size: where reading failed, there may be more than is known of.
  if (size_of(reader_.file_.get()) == uint64_t{0}) {
    ::unlink(path().c_str());
    JournalIndex::remove(path());
    return;
  }
  static_cast<void>(sync());
  if (changed_) {
    // A failure costs time at the next start, nothing else.
    static_cast<void>(reader_.index_.save(path(), reader_.file_.get()));
  }
}

bool Journal::is_in_its_place() const {
  struct stat named {};
  struct stat open {};
  return ::stat(path().c_str(), &named) == 0 && ::fstat(reader_.file_.get(), &open) == 0 &&
         named.st_ino == open.st_ino && named.st_dev == open.st_dev;
}

Expected<void> Journal::prepare_append() {
  // A file without a name can still be written, and nobody would ever read it.
  if (!is_in_its_place()) {
    return fail(
        ErrorKind::environment,
        "cannot write {}: it was removed or replaced while this run wrote to it; leave it in place and run again",
        path().string());
  }
  const auto size = size_of(reader_.file_.get());
  if (!size) {
    return tl::unexpected(system_error("write", path(), size.error()));
  }
  if (*size != reader_.index_.end()) {
    return reader_.scan_all();  // someone changed it without asking for the lock
  }
  return {};
}

Expected<void> Journal::write(std::string_view bytes) {
  const int fd = reader_.file_.get();
  size_t written = 0;
  while (written < bytes.size()) {
    const ssize_t got = ::write(fd, bytes.data() + written, bytes.size() - written);
    if (got >= 0) {
      written += static_cast<size_t>(got);
    } else if (errno != EINTR) {
      const int error = errno;
      // Nobody else writes while we hold the lock, so what goes is only what was just written. Where
      // even this fails, a torn line is left, which the next append ends and every reader reports.
      if (written > 0 && ::ftruncate(fd, static_cast<off_t>(reader_.index_.end())) != 0) {
        static_cast<void>(reader_.scan_on());
      }
      return tl::unexpected(system_error("write", path(), error));
    }
  }
  return {};
}

Expected<void> Journal::append(const JournalEvent& event) {
  if (auto prepared = prepare_append(); !prepared) {
    return prepared;
  }
  // A line that was torn by a crash is left as it is, and ended.
  const std::string line = wire::to_line(event);
  if (line.size() > JournalIndex::kMaxLineBytes) {
    return fail(ErrorKind::failed, "cannot write {}: an event of {} bytes; the most is {}", path().string(),
                line.size(), JournalIndex::kMaxLineBytes);
  }
  if (auto done = write(reader_.index_.is_open_ended() ? '\n' + line : line); !done) {
    return done;
  }
  reader_.index_.add(line);
  changed_ = true;
  flushed_ = false;
  return kind_of(event.what) == EventKind::run_ended ? sync() : Expected<void>();
}

Expected<void> Journal::sync() {
  if (!flushed_ && ::fdatasync(reader_.file_.get()) != 0) {
    return tl::unexpected(system_error("write", path(), errno));
  }
  flushed_ = true;
  return {};
}

std::vector<std::string> notes(const fs::path& path, const std::vector<JournalDamage>& damaged, size_t newer,
                               size_t most) {
  std::vector<std::string> lines;
  for (const JournalDamage& one : damaged) {
    if (lines.size() == most) {
      lines.push_back(fmt::format("{}: {} more skipped; scantune journal verify {} lists all", path.string(),
                                  damaged.size() - most, path.string()));
      break;
    }
    lines.push_back(fmt::format("{}: line {} is skipped: {}", path.string(), one.line, one.why));
  }
  if (newer > 0) {
    lines.push_back(fmt::format("{}: {} of kinds that only a newer scantune knows: left alone", path.string(),
                                newer == 1 ? "1 line is" : fmt::format("{} lines are", newer)));
  }
  return lines;
}

}  // namespace scantune::store
