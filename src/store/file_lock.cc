#include "store/file_lock.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
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

}  // namespace

Expected<FileLock> FileLock::take(const fs::path& file, std::chrono::milliseconds patience) {
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
        ::close(fd);
        return fail(ErrorKind::environment,
                    "cannot lock {}: another process has held {} for {} s; end that process or name another file",
                    file.string(), path.string(), std::chrono::duration<double>(patience).count());
      }
      std::this_thread::sleep_for(kRetry);
      error = 0;
    }
    if (error != 0) {
      ::close(fd);
      return tl::unexpected(system_error("lock", file, error));
    }
    if (is_still_there(path, fd)) {
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
