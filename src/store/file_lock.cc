#include "store/file_lock.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <sstream>
#include <thread>
#include <utility>

#include "store/file.h"

namespace scantune::store {
namespace {

namespace fs = std::filesystem;

constexpr std::chrono::milliseconds kRetry{2};
constexpr size_t kMostSigned = 512;  // bytes, more than a process id and a host's name take

// Whether the path still names the open file: its last holder may have removed it meanwhile.
bool is_still_there(const fs::path& path, int fd) {
  struct stat named {};
  struct stat open {};
  return ::stat(path.c_str(), &named) == 0 && ::fstat(fd, &open) == 0 && named.st_ino == open.st_ino &&
         named.st_dev == open.st_dev;
}

std::string host() {
  std::array<char, 256> name{};
  return ::gethostname(name.data(), name.size() - 1) == 0 ? std::string(name.data()) : std::string();
}

// What the lock file holds, as far as it can be read.
std::string text_of(int fd) {
  std::array<char, kMostSigned> text{};
  const ssize_t got = ::pread(fd, text.data(), text.size(), 0);
  return got > 0 ? std::string(text.data(), static_cast<size_t>(got)) : std::string();
}

// Whether the lock file may be signed and removed: it holds nothing, or what sign() left there. A loss of power may
// leave zeros of that.
bool is_ours(int fd) {
  const std::string text = text_of(fd);
  if (text.size() == kMostSigned) {
    return false;
  }
  if (text.find_first_not_of('\0') == std::string::npos) {
    return true;
  }
  const size_t space = text.find_first_not_of("0123456789");
  const size_t end = text.find_first_of(" \t\r\n", space + 1);
  return space > 0 && space != std::string::npos && text[space] == ' ' && end + 1 == text.size() && text[end] == '\n';
}

// Tells others who we are. A file system that is full does not keep us from the lock.
void sign(int fd) {
  const std::string text = fmt::format("{} {}\n", ::getpid(), host());
  if (::ftruncate(fd, 0) != 0 || ::pwrite(fd, text.data(), text.size(), 0) < 0) {
    return;
  }
}

// "process 4711", "process 4711 on node17", or "another process".
std::string holder(int fd) {
  std::istringstream words(text_of(fd));
  int64_t pid = 0;
  std::string where;
  if (!(words >> pid) || pid <= 0) {
    return "another process";
  }
  words >> where;
  return where.empty() || where == host() ? fmt::format("process {}", pid)
                                          : fmt::format("process {} on {}", pid, where);
}

tl::unexpected<Error> not_ours(const fs::path& lock, const fs::path& file) {
  return bad_input(
      "{}: it is in the place of the lock of {}, but not one of scantune's; move it away or name another file",
      lock.string(), file.string());
}

// Whether a lock file that cannot be opened is something that nobody could lock.
bool is_no_file(int open_error) { return open_error == EISDIR || open_error == ELOOP || open_error == ENXIO; }

}  // namespace

Expected<FileLock> FileLock::take(const fs::path& file, std::chrono::milliseconds patience, std::string_view remedy) {
  const fs::path path = folder_of(file) / fmt::format(".{}.lock", file.filename().string());
  const auto deadline = std::chrono::steady_clock::now() + patience;
  while (true) {
    const int fd = ::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0666);
    if (fd < 0) {
      if (errno == EINTR) {
        continue;
      }
      return is_no_file(errno) ? not_ours(path, file) : tl::unexpected(system_error("write", file, errno));
    }
    struct stat found {};
    if (::fstat(fd, &found) != 0 || !S_ISREG(found.st_mode)) {
      ::close(fd);
      return not_ours(path, file);
    }
    int error = 0;
    while (::flock(fd, LOCK_EX | LOCK_NB) != 0) {
      error = errno;
      if (error != EWOULDBLOCK && error != EINTR) {
        break;
      }
      if (std::chrono::steady_clock::now() >= deadline) {
        const std::string who = holder(fd);
        ::close(fd);
        if (patience.count() == 0) {
          return fail(ErrorKind::environment, "{} is in use by {}; {}", file.string(), who, remedy);
        }
        return fail(ErrorKind::environment, "cannot lock {}: {} has held {} for {} s; {}", file.string(), who,
                    path.string(), std::chrono::duration<double>(patience).count(), remedy);
      }
      std::this_thread::sleep_for(kRetry);
      error = 0;
    }
    if (error != 0) {
      ::close(fd);
      return tl::unexpected(system_error("lock", file, error));
    }
    if (is_still_there(path, fd)) {
      if (!is_ours(fd)) {
        ::close(fd);
        return not_ours(path, file);
      }
      sign(fd);
      return FileLock(path, fd);
    }
    ::close(fd);
  }
}

FileLock::FileLock(FileLock&& other) noexcept : path_(std::move(other.path_)), fd_(std::exchange(other.fd_, -1)) {}

FileLock::~FileLock() {
  if (fd_ >= 0) {
    // Removed while still locked, so that nobody can hold it: see is_still_there.
    ::unlink(path_.c_str());
    ::close(fd_);
  }
}

}  // namespace scantune::store
