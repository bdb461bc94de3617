#include "store/journal_index.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <type_traits>

#include "core/digest.h"
#include "store/descriptor.h"
#include "store/file.h"

namespace scantune::store {
namespace {

namespace fs = std::filesystem;

constexpr size_t kChunkBytes = size_t{4} << 20;
constexpr uint64_t kTailBytes = 4096;

// The file: this header, the contexts' digits, the lines. All integers as the machine has them: a
// file from a machine of the other byte order has another magic number.
struct Header {
  uint64_t magic = 0x3178'646e'692d'6a73;  // "sj-indx1"
  uint64_t version = 1;
  uint64_t covered = 0;      // bytes of the journal, up to and with a newline
  uint64_t tail_digest = 0;  // of the last of these bytes
  uint64_t contexts = 0;
  uint64_t lines = 0;
  uint64_t contexts_digest = 0;
  uint64_t lines_digest = 0;
  uint64_t header_digest = 0;  // of all above
};
static_assert(std::is_trivially_copyable_v<Header> && sizeof(Header) == 72);
static_assert(std::is_trivially_copyable_v<JournalLine> && sizeof(JournalLine) == 24);

template <class T>
std::string_view bytes_of(const std::vector<T>& items) {
  return {reinterpret_cast<const char*>(items.data()), items.size() * sizeof(T)};
}

uint64_t digest_of(const Header& header) {
  return checksum({reinterpret_cast<const char*>(&header), offsetof(Header, header_digest)});
}

// The digest of the last bytes before `end`; nothing where they cannot be read.
std::optional<uint64_t> tail_digest(int fd, uint64_t end) {
  std::array<char, kTailBytes> tail{};
  const size_t bytes = std::min(end, kTailBytes);
  if (read_at(fd, tail.data(), bytes, end - bytes) != static_cast<ssize_t>(bytes)) {
    return std::nullopt;
  }
  return checksum({tail.data(), bytes});
}

// Whether all of a file is zeros, which is what a loss of power may leave of one that was not flushed.
bool is_zeros(int fd) {
  std::vector<char> chunk(kTailBytes);
  for (uint64_t offset = 0;;) {
    const ssize_t got = read_at(fd, chunk.data(), chunk.size(), offset);
    if (got <= 0) {
      return got == 0;
    }
    offset += static_cast<uint64_t>(got);
    if (std::any_of(chunk.begin(), chunk.begin() + got, [](char byte) { return byte != 0; })) {
      return false;
    }
  }
}

enum class Place { free, ours, taken };

// Who has a path: an index of any version, byte order or state, whose first bytes tell; another file; or nothing that
// could be overwritten.
Place place(const fs::path& path) {
  const Descriptor file(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK));
  struct stat found {};
  if (file.get() < 0 || ::fstat(file.get(), &found) != 0 || !S_ISREG(found.st_mode)) {
    return Place::free;
  }
  constexpr uint64_t kMagic = Header{}.magic;
  uint64_t magic = 0;
  const ssize_t got = read_at(file.get(), reinterpret_cast<char*>(&magic), sizeof magic, 0);
  const bool starts_as_ours = got >= 0 && std::memcmp(&magic, &kMagic, static_cast<size_t>(got)) == 0;
  return starts_as_ours || magic == __builtin_bswap64(kMagic) || is_zeros(file.get()) ? Place::ours : Place::taken;
}

}  // namespace

ssize_t read_at(int fd, char* into, size_t bytes, uint64_t offset) {
  size_t done = 0;
  while (done < bytes) {
    const ssize_t got = ::pread(fd, into + done, bytes - done, static_cast<off_t>(offset + done));
    if (got == 0) {
      break;
    }
    if (got > 0) {
      done += static_cast<size_t>(got);
    } else if (errno != EINTR) {
      return -1;
    }
  }
  return static_cast<ssize_t>(done);
}

std::optional<EventKind> JournalLine::kind() const {
  return what < kNewer ? std::optional(static_cast<EventKind>(what)) : std::nullopt;
}

fs::path JournalIndex::path_of(const fs::path& journal) {
  fs::path path = journal;
  path += ".index";
  return path;
}

Expected<void> JournalIndex::check_place(const fs::path& journal, std::string_view remedy) {
  const fs::path path = path_of(journal);
  if (place(path) != Place::taken) {
    return {};
  }
  return bad_input("{}: it is in the place of the index of {}, but not one of scantune's; {}", path.string(),
                   journal.filename().string(), remedy);
}

void JournalIndex::remove(const fs::path& journal) {
  if (const fs::path path = path_of(journal); place(path) == Place::ours) {
    ::unlink(path.c_str());
  }
}

uint32_t JournalIndex::context_index(std::string_view context) {
  if (last_context_ < contexts_.size() && contexts_[last_context_] == context) {
    return last_context_;
  }
  const auto [it, inserted] =
      context_indices_.try_emplace(std::string(context), static_cast<uint32_t>(contexts_.size()));
  if (inserted) {
    contexts_.emplace_back(context);
  }
  last_context_ = it->second;
  return last_context_;
}

std::optional<uint32_t> JournalIndex::find_context(const std::string& context) const {
  const auto it = context_indices_.find(context);
  return it == context_indices_.end() ? std::nullopt : std::optional(it->second);
}

void JournalIndex::file_line(std::string_view line, uint64_t offset) {
  JournalLine entry{.offset = offset, .bytes = static_cast<uint32_t>(line.size())};
  if (const auto head = wire::check_line(line)) {
    entry.context = context_index(head->context);
    entry.what = head->kind ? static_cast<uint8_t>(*head->kind) : JournalLine::kNewer;
    entry.fresh = head->fresh ? 1 : 0;
  } else {
    entry.what = JournalLine::kFaults + static_cast<uint8_t>(head.error());
  }
  lines_.push_back(entry);
}

int JournalIndex::scan(int fd, uint64_t size) {
  // A line that had no end yet is read again, with what follows it.
  if (open_ended_) {
    end_ = lines_.back().offset;
    lines_.pop_back();
    open_ended_ = false;
  }
  std::vector<char> buffer(std::min<uint64_t>(kChunkBytes, size - std::min(size, end_)) + 1);
  size_t held = 0;        // bytes in the buffer, from end_ on: the start of a line
  uint64_t overlong = 0;  // bytes of a line that is too long to be held
  uint64_t next = end_;   // where to read on
  const auto drop_overlong = [&](uint64_t more) {
    const uint64_t bytes = overlong + more;
    lines_.push_back({.offset = end_,
                      .bytes = static_cast<uint32_t>(std::min<uint64_t>(bytes, UINT32_MAX)),
                      .what = JournalLine::kFaults + static_cast<uint8_t>(wire::LineFault::too_long)});
    overlong = 0;
    return bytes;
  };
  while (next < size) {
    if (held == buffer.size()) {
      if (held > kMaxLineBytes) {
        overlong += held;
        held = 0;
      } else {
        buffer.resize(buffer.size() * 2);
      }
    }
    const ssize_t got = read_at(fd, buffer.data() + held, std::min<uint64_t>(buffer.size() - held, size - next), next);
    if (got < 0) {
      return errno;
    }
    if (got == 0) {
      break;  // it became shorter meanwhile
    }
    next += static_cast<uint64_t>(got);
    scanned_ += static_cast<uint64_t>(got);
    const size_t filled = held + static_cast<size_t>(got);
    size_t begin = 0;
    size_t search = held;
    while (const void* newline = std::memchr(buffer.data() + search, '\n', filled - search)) {
      const auto end = static_cast<size_t>(static_cast<const char*>(newline) - buffer.data());
      if (overlong > 0) {
        end_ += drop_overlong(end - begin) + 1;
      } else {
        file_line({buffer.data() + begin, end - begin}, end_);
        end_ += end - begin + 1;
      }
      begin = search = end + 1;
    }
    held = filled - begin;
    std::memmove(buffer.data(), buffer.data() + begin, held);
  }
  if (overlong > 0) {
    end_ += drop_overlong(held);
    open_ended_ = true;
  } else if (held > 0) {
    file_line({buffer.data(), held}, end_);
    end_ += held;
    open_ended_ = true;
  }
  return 0;
}

void JournalIndex::add(std::string_view line) {
  end_ += open_ended_ ? 1 : 0;  // the newline that was missing
  open_ended_ = false;
  file_line(line.substr(0, line.size() - 1), end_);
  end_ += line.size();
}

JournalIndex JournalIndex::load(const fs::path& journal, int fd, uint64_t size) {
  const Descriptor file(::open(path_of(journal).c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK));
  struct stat found {};
  Header header;
  if (file.get() < 0 || ::fstat(file.get(), &found) != 0 || !S_ISREG(found.st_mode) ||
      read_at(file.get(), reinterpret_cast<char*>(&header), sizeof header, 0) != sizeof header) {
    return {};
  }
  const uint64_t contexts_bytes = header.contexts * wire::kContextDigits;
  // Checked before its numbers are believed.
  if (header.magic != Header{}.magic || header.version != Header{}.version ||
      header.header_digest != digest_of(header) || header.covered > size ||
      static_cast<uint64_t>(found.st_size) != sizeof header + contexts_bytes + header.lines * sizeof(JournalLine) ||
      tail_digest(fd, header.covered) != header.tail_digest) {
    return {};
  }
  JournalIndex index;
  std::vector<char> contexts(contexts_bytes);
  index.lines_.resize(header.lines);
  const size_t lines_bytes = header.lines * sizeof(JournalLine);
  if (read_at(file.get(), contexts.data(), contexts.size(), sizeof header) != static_cast<ssize_t>(contexts.size()) ||
      read_at(file.get(), reinterpret_cast<char*>(index.lines_.data()), lines_bytes, sizeof header + contexts_bytes) !=
          static_cast<ssize_t>(lines_bytes) ||
      checksum(bytes_of(contexts)) != header.contexts_digest ||
      checksum(bytes_of(index.lines_)) != header.lines_digest) {
    return {};
  }
  for (uint64_t i = 0; i < header.contexts; ++i) {
    index.context_index({contexts.data() + i * wire::kContextDigits, wire::kContextDigits});
  }
  index.end_ = header.covered;
  return index;
}

Expected<void> JournalIndex::save(const fs::path& journal, int fd) const {
  if (auto free = check_place(journal); !free) {
    return free;
  }
  const size_t lines = lines_.size() - (open_ended_ ? 1 : 0);
  const std::string_view lines_text = bytes_of(lines_).substr(0, lines * sizeof(JournalLine));
  std::string contexts;
  for (const std::string& context : contexts_) {
    contexts += context;
  }
  const auto tail = tail_digest(fd, covered());
  if (!tail) {
    return tl::unexpected(system_error("read", journal, EIO));
  }
  Header header;
  header.covered = covered();
  header.tail_digest = *tail;
  header.contexts = contexts_.size();
  header.lines = lines;
  header.contexts_digest = checksum(contexts);
  header.lines_digest = checksum(lines_text);
  header.header_digest = digest_of(header);
  return write_atomically(
      path_of(journal),
      [&](const Sink& sink) -> Expected<void> {
        sink({reinterpret_cast<const char*>(&header), sizeof header});
        sink(contexts);
        sink(lines_text);
        return {};
      },
      Flush::never);
}

}  // namespace scantune::store
