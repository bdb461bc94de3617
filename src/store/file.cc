#include "store/file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <cerrno>
#include <optional>
#include <random>
#include <system_error>
#include <utility>

#include "store/descriptor.h"

namespace scantune::store {
namespace {

namespace fs = std::filesystem;

// As many as Linux follows.
constexpr int kMaxLinks = 40;

// What check_writable tries to write: enough that a full disk shows.
constexpr size_t kProbeBytes = size_t{64} << 10;

// What is gathered before a write.
constexpr size_t kBufferBytes = size_t{1} << 20;

std::string_view what_to_do(int error_number) {
  switch (error_number) {
    case ENOSPC:
    case EDQUOT:
      return "; free some space or name another file";
    case EACCES:
    case EPERM:
    case EROFS:
      return "; check its permissions or name another file";
    case EFBIG:
      return "; raise the limit of a file's size (ulimit -f) or name another file";
    case EISDIR:
    case EINVAL:
      return "; name a regular file";
    case ENOENT:
    case ENOTDIR:
    case ELOOP:
    case ENAMETOOLONG:
      return "; check the path";
    default:
      return "";
  }
}

bool is_about_the_path(int error_number) {
  switch (error_number) {
    case EACCES:
    case EPERM:
    case EROFS:
    case EISDIR:
    case EINVAL:
    case ENOENT:
    case ENOTDIR:
    case ELOOP:
    case ENAMETOOLONG:
      return true;
    default:
      return false;
  }
}

tl::unexpected<Error> refuse(std::string_view verb, const fs::path& path, int error_number) {
  return tl::unexpected(system_error(verb, path, error_number));
}

// A new file in a folder, removed again unless it is renamed to its place.
class TemporaryFile {
 public:
  TemporaryFile(fs::path path, Descriptor descriptor) : path_(std::move(path)), descriptor_(std::move(descriptor)) {}
  TemporaryFile(const TemporaryFile&) = delete;
  TemporaryFile& operator=(const TemporaryFile&) = delete;
  TemporaryFile(TemporaryFile&& other) noexcept
      : path_(std::exchange(other.path_, {})), descriptor_(std::move(other.descriptor_)) {}
  TemporaryFile& operator=(TemporaryFile&&) = delete;
  ~TemporaryFile() {
    if (!path_.empty()) {
      ::unlink(path_.c_str());
    }
  }

  // The errno where it fails.
  static tl::expected<TemporaryFile, int> create(const fs::path& folder) {
    static std::atomic<unsigned> count = 0;
    std::random_device random;
    while (true) {
      fs::path path = folder / fmt::format(".scantune-{}-{}-{:08x}.tmp", ::getpid(), count++, random());
      // The mode of a new file is 0666 less the umask, as a shell would create it.
      const int fd = ::open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
      if (fd >= 0) {
        return TemporaryFile(std::move(path), Descriptor(fd));
      }
      if (errno != EEXIST && errno != EINTR) {
        return tl::unexpected(errno);
      }
    }
  }

  // Each returns 0, or the errno.
  int write(std::string_view contents) {
    while (!contents.empty()) {
      const ssize_t written = ::write(descriptor_.get(), contents.data(), contents.size());
      if (written >= 0) {
        contents.remove_prefix(static_cast<size_t>(written));
      } else if (errno != EINTR) {
        return errno;
      }
    }
    return 0;
  }

  int flush() { return ::fsync(descriptor_.get()) == 0 ? 0 : errno; }

  int take_mode_of(const struct stat& old) {
    // Only root may give a file away; for others the new file is theirs, as any they write.
    if ((old.st_uid != ::geteuid() || old.st_gid != ::getegid()) &&
        ::fchown(descriptor_.get(), old.st_uid, old.st_gid) != 0 && errno != EPERM) {
      return errno;
    }
    return ::fchmod(descriptor_.get(), old.st_mode & 0777) == 0 ? 0 : errno;
  }

  int rename_to(const fs::path& target) {
    if (const int error = descriptor_.close(); error != 0) {
      return error;
    }
    if (::rename(path_.c_str(), target.c_str()) != 0) {
      return errno;
    }
    path_.clear();
    return 0;
  }

 private:
  fs::path path_;  // empty once renamed
  Descriptor descriptor_;
};

// Makes a rename last. File systems that cannot flush a folder do not need it.
int flush_folder(const fs::path& folder) {
  const Descriptor descriptor(::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (descriptor.get() < 0) {
    return errno == EACCES ? 0 : errno;  // a folder that may be written but not listed
  }
  return ::fsync(descriptor.get()) == 0 || errno == EINVAL || errno == EROFS ? 0 : errno;
}

// The file to be replaced, if there is one. It must be regular: a rename over a device, a pipe or
// a folder would not do what was asked for.
tl::expected<std::optional<struct stat>, int> stat_target(const fs::path& target) {
  struct stat old {};
  if (::stat(target.c_str(), &old) != 0) {
    return errno == ENOENT ? tl::expected<std::optional<struct stat>, int>(std::nullopt) : tl::unexpected(errno);
  }
  if (S_ISDIR(old.st_mode)) {
    return tl::unexpected(EISDIR);
  }
  if (!S_ISREG(old.st_mode)) {
    return tl::unexpected(EINVAL);
  }
  // A rename would replace a file that its owner protected.
  if (::faccessat(AT_FDCWD, target.c_str(), W_OK, AT_EACCESS) != 0) {
    return tl::unexpected(errno);
  }
  return old;
}

// Writes beside the target, with the target's mode, and flushes. `produce` returns 0 or an errno.
template <class Produce>
tl::expected<TemporaryFile, int> write_beside(const fs::path& target, const Produce& produce, Flush flush) {
  const auto old = stat_target(target);
  if (!old) {
    return tl::unexpected(old.error());
  }
  auto temporary = TemporaryFile::create(folder_of(target));
  if (!temporary) {
    return temporary;
  }
  int error = *old ? temporary->take_mode_of(**old) : 0;
  error = error != 0 ? error : produce(*temporary);
  error = error != 0 || flush == Flush::never ? error : temporary->flush();
  if (error != 0) {
    return tl::unexpected(error);
  }
  return temporary;
}

}  // namespace

Error system_error(std::string_view verb, const fs::path& path, int error_number) {
  const std::string reason =
      error_number == EINVAL ? "not a regular file" : std::generic_category().message(error_number);
  return {is_about_the_path(error_number) ? ErrorKind::bad_input : ErrorKind::environment,
          fmt::format("cannot {} {}: {}{}", verb, path.string(), reason, what_to_do(error_number))};
}

fs::path folder_of(const fs::path& path) { return path.has_parent_path() ? path.parent_path() : fs::path("."); }

Expected<fs::path> follow_links(const fs::path& path) {
  fs::path target = path;
  for (int links = 0; links < kMaxLinks; ++links) {
    std::error_code error;
    const fs::path next = fs::read_symlink(target, error);
    if (error) {
      return target;  // no link, or nothing there
    }
    target = next.is_absolute() ? next : folder_of(target) / next;
  }
  return refuse("follow", path, ELOOP);
}

Expected<fs::path> prepare_file(const fs::path& path, std::string_view example) {
  if (!path.has_filename()) {
    return bad_input("cannot write '{}': it names no file; name one such as {}", path.string(), example);
  }
  std::error_code error;
  fs::create_directories(folder_of(path), error);
  if (error) {
    return refuse("create the folder", folder_of(path), error.value());
  }
  auto target = follow_links(path);
  if (!target) {
    return target;
  }
  const fs::path folder = folder_of(*target);
  if (!fs::is_directory(folder, error)) {
    return bad_input(
        "cannot write {}: it is a link to {}, but the folder {} cannot be used: {}; make it or name another file",
        path.string(), target->string(), folder.string(),
        std::generic_category().message(error ? error.value() : ENOTDIR));
  }
  // Before anything is opened: reading a pipe would wait, and reading a device might not end.
  if (const fs::file_status status = fs::status(*target, error); fs::exists(status) && !fs::is_regular_file(status)) {
    return refuse("write", path, fs::is_directory(status) ? EISDIR : EINVAL);
  }
  return target;
}

Expected<std::string> read_file(const fs::path& path) {
  const Descriptor descriptor(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (descriptor.get() < 0) {
    return refuse("read", path, errno);
  }
  std::string contents;
  std::array<char, size_t{64} << 10> buffer{};
  while (true) {
    const ssize_t got = ::read(descriptor.get(), buffer.data(), buffer.size());
    if (got == 0) {
      return contents;
    }
    if (got > 0) {
      contents.append(buffer.data(), static_cast<size_t>(got));
    } else if (errno != EINTR) {
      return refuse("read", path, errno);
    }
  }
}

Expected<void> write_atomically(const fs::path& path, std::string_view contents) {
  return write_atomically(path, [&](const Sink& sink) -> Expected<void> {
    sink(contents);
    return {};
  });
}

Expected<void> write_atomically(const fs::path& path, const std::function<Expected<void>(const Sink&)>& produce,
                                Flush flush) {
  const auto target = follow_links(path);
  if (!target) {
    return tl::unexpected(target.error());
  }
  Expected<void> produced;
  const auto write_parts = [&](TemporaryFile& file) {
    int error = 0;
    std::string buffer;
    const auto write_buffer = [&] {
      error = error != 0 ? error : file.write(buffer);
      buffer.clear();
    };
    produced = produce([&](std::string_view text) {
      buffer += text;
      if (buffer.size() >= kBufferBytes) {
        write_buffer();
      }
    });
    write_buffer();
    return produced ? error : ECANCELED;
  };
  auto temporary = write_beside(*target, write_parts, flush);
  if (!produced) {
    return produced;
  }
  int error = temporary ? temporary->rename_to(*target) : temporary.error();
  error = error != 0 || flush == Flush::never ? error : flush_folder(folder_of(*target));
  if (error != 0) {
    return refuse("write", path, error);
  }
  return {};
}

Expected<void> check_writable(const fs::path& path) {
  const auto target = follow_links(path);
  if (!target) {
    return tl::unexpected(target.error());
  }
  const auto write_probe = [](TemporaryFile& file) { return file.write(std::string(kProbeBytes, ' ')); };
  if (const auto temporary = write_beside(*target, write_probe, Flush::to_disk); !temporary) {
    return refuse("write", path, temporary.error());
  }
  return {};
}

}  // namespace scantune::store
