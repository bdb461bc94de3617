// A lock on a file that is replaced by renaming, between processes and threads.
#pragma once

#include <chrono>
#include <filesystem>
#include <string_view>

#include "core/expected.h"

namespace scantune::store {

// Held from take() until destruction. The lock is flock() on a file ".NAME.lock" beside the file:
// the file itself is no use, since its inode changes with each write, and a lock on the folder is
// not seen by other hosts on NFS. The lock file is removed by its holder; one left by a crash is
// not locked and does no harm. It holds the process id and host of who has it, for messages. A file
// of that name that holds something else, or is no regular file, is somebody's: it is left alone.
class FileLock {
 public:
  // Waits for other holders up to `patience`; then an error of kind environment that says who has
  // it, where that is known, and ends in `remedy`. An error of kind bad_input, at once, where the lock
  // file is not one that we wrote.
  static Expected<FileLock> take(const std::filesystem::path& file,
                                 std::chrono::milliseconds patience = std::chrono::seconds(60),
                                 std::string_view remedy = "end that process or name another file");

  FileLock(const FileLock&) = delete;
  FileLock& operator=(const FileLock&) = delete;
  FileLock(FileLock&& other) noexcept;
  FileLock& operator=(FileLock&&) = delete;
  ~FileLock();

 private:
  FileLock(std::filesystem::path path, int fd) : path_(std::move(path)), fd_(fd) {}

  std::filesystem::path path_;
  int fd_;
};

}  // namespace scantune::store
