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

// Tells others who we are. A file system that is full does not keep us from the lock.
void sign(int fd) {
  const std::string text = fmt::format("{} {}\n", ::getpid(), host());
  if (::ftruncate(fd, 0) != 0 || ::pwrite(fd, text.data(), text.size(), 0) < 0) {
    return;
  }
}

// "process 4711", "process 4711 on node17", or "another process".
std::string holder(int fd) {
  std::array<char, 512> text{};
  if (::pread(fd, text.data(), text.size() - 1, 0) <= 0) {
    return "another process";
  }
  std::istringstream words(text.data());
  int64_t pid = 0;
  std::string where;
  if (!(words >> pid) || pid <= 0) {
    return "another process";
  }
  words >> where;
  return where.empty() || where == host() ? fmt::format("process {}", pid)
                                          : fmt::format("process {} on {}", pid, where);
}

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
      return tl::unexpected(system_error("write", file, errno));
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
