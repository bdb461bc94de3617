#include "device/subprocess.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <thread>
#include <utility>

namespace scantune {
namespace {

// A descriptor that closes itself; moved above the standard streams so that giving the child its
// own standard input cannot overwrite it.
class Descriptor {
 public:
  explicit Descriptor(int fd) : fd_(fd) {
    if (fd_ >= 0 && fd_ <= STDERR_FILENO) {
      const int moved = fcntl(fd_, F_DUPFD_CLOEXEC, STDERR_FILENO + 1);
      ::close(fd_);
      fd_ = moved;
    }
  }
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;
  ~Descriptor() {
    if (fd_ >= 0) {
      ::close(fd_);
    }
  }

  [[nodiscard]] int get() const { return fd_; }
  int release() { return std::exchange(fd_, -1); }

 private:
  int fd_;
};

std::string describe_status(int status) {
  if (WIFSIGNALED(status)) {
    return fmt::format("killed by signal {} ({})", WTERMSIG(status), strsignal(WTERMSIG(status)));
  }
  return fmt::format("exit code {}", WEXITSTATUS(status));
}

int spawn(pid_t* pid, const char* program, char* const* arguments, int socket, const Subprocess::Options& options) {
  posix_spawn_file_actions_t files;
  posix_spawnattr_t attributes;
  posix_spawn_file_actions_init(&files);
  posix_spawnattr_init(&attributes);

  posix_spawn_file_actions_adddup2(&files, socket, STDIN_FILENO);
  posix_spawn_file_actions_adddup2(&files, socket, STDOUT_FILENO);
  if (options.stderr_to >= 0) {
    posix_spawn_file_actions_adddup2(&files, options.stderr_to, STDERR_FILENO);
  } else if (!options.keep_stderr) {
    posix_spawn_file_actions_addopen(&files, STDERR_FILENO, "/dev/null", O_WRONLY, 0);
  }
  int last = STDERR_FILENO;
  if (options.third >= 0) {  // after the others, none of which may be overwritten by it
    posix_spawn_file_actions_adddup2(&files, options.third, Subprocess::kThird);
    last = Subprocess::kThird;
  }
  posix_spawn_file_actions_addclosefrom_np(&files, last + 1);

  sigset_t none;
  sigset_t all;
  sigemptyset(&none);
  sigfillset(&all);
  posix_spawnattr_setsigmask(&attributes, &none);
  posix_spawnattr_setsigdefault(&attributes, &all);
  posix_spawnattr_setpgroup(&attributes, 0);
  posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETPGROUP);

  const int error = posix_spawn(pid, program, &files, &attributes, arguments, environ);
  posix_spawnattr_destroy(&attributes);
  posix_spawn_file_actions_destroy(&files);
  return error;
}

}  // namespace

Expected<Subprocess> Subprocess::start(const std::filesystem::path& program, const std::vector<std::string>& arguments,
                                       Options options) {
  int ends[2];
  if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) != 0) {
    return fail(ErrorKind::environment, "cannot start {}: no socket ({})", program.string(), std::strerror(errno));
  }
  Descriptor ours(ends[0]);
  Descriptor theirs(ends[1]);

  std::vector<std::string> words = {program.string()};
  words.insert(words.end(), arguments.begin(), arguments.end());
  std::vector<char*> argv;
  argv.reserve(words.size() + 1);
  for (std::string& word : words) {
    argv.push_back(word.data());
  }
  argv.push_back(nullptr);

  pid_t pid = -1;
  const int error = spawn(&pid, program.c_str(), argv.data(), theirs.get(), options);
  if (error != 0) {
    return fail(ErrorKind::environment, "cannot start {}: {}", program.string(), std::strerror(error));
  }
  return Subprocess(pid, ours.release());
}

Subprocess::Subprocess(Subprocess&& other) noexcept
    : pid_(std::exchange(other.pid_, -1)),
      socket_(std::exchange(other.socket_, -1)),
      buffer_(std::move(other.buffer_)) {}

Subprocess& Subprocess::operator=(Subprocess&& other) noexcept {
  std::swap(pid_, other.pid_);
  std::swap(socket_, other.socket_);
  std::swap(buffer_, other.buffer_);
  return *this;
}

Subprocess::~Subprocess() { kill(); }

bool Subprocess::write(std::string_view bytes) {
  while (!bytes.empty()) {
    // MSG_NOSIGNAL: a child that is gone is an answer, not a SIGPIPE.
    const ssize_t sent = send(socket_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (sent < 0) {
      if (errno == EINTR) {
        continue;
      }
      return false;
    }
    bytes.remove_prefix(static_cast<size_t>(sent));
  }
  return true;
}

Subprocess::Read Subprocess::write(std::string_view& bytes, Clock::time_point deadline) {
  while (!bytes.empty()) {
    const ssize_t sent = send(socket_, bytes.data(), bytes.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
    if (sent >= 0) {
      bytes.remove_prefix(static_cast<size_t>(sent));
      continue;
    }
    if (errno == EAGAIN) {
      const auto left = std::chrono::ceil<std::chrono::milliseconds>(deadline - Clock::now()).count();
      if (left <= 0) {
        return Read::timeout;
      }
      pollfd poll_for{socket_, POLLOUT, 0};
      poll(&poll_for, 1, static_cast<int>(std::min<int64_t>(left, 60'000)));
    } else if (errno != EINTR) {
      return Read::closed;
    }
  }
  return Read::ok;
}

Subprocess::Read Subprocess::fill(Clock::time_point deadline) {
  for (;;) {
    const auto left = std::chrono::ceil<std::chrono::milliseconds>(deadline - Clock::now()).count();
    pollfd poll_for{socket_, POLLIN, 0};
    const int ready = poll(&poll_for, 1, static_cast<int>(std::clamp<int64_t>(left, 0, 60'000)));
    if (ready < 0 && errno != EINTR) {
      return Read::closed;
    }
    if (ready > 0) {
      char chunk[65536];
      const ssize_t got = recv(socket_, chunk, sizeof chunk, 0);
      if (got > 0) {
        buffer_.append(chunk, static_cast<size_t>(got));
        return Read::ok;
      }
      if (got == 0 || errno != EINTR) {
        return Read::closed;
      }
    }
    if (Clock::now() >= deadline) {
      return Read::timeout;
    }
  }
}

Subprocess::Read Subprocess::read_line(std::string& line, Clock::time_point deadline) {
  size_t searched = 0;
  for (;;) {
    const size_t end = buffer_.find('\n', searched);
    if (end != std::string::npos) {
      line = buffer_.substr(0, end);
      buffer_.erase(0, end + 1);
      return Read::ok;
    }
    searched = buffer_.size();
    if (const Read read = fill(deadline); read != Read::ok) {
      return read;
    }
  }
}

Subprocess::Read Subprocess::read_bytes(std::string& bytes, size_t count, Clock::time_point deadline) {
  while (buffer_.size() < count) {
    if (const Read read = fill(deadline); read != Read::ok) {
      return read;
    }
  }
  bytes = buffer_.substr(0, count);
  buffer_.erase(0, count);
  return Read::ok;
}

bool Subprocess::idle_and_alive() const {
  pollfd poll_for{socket_, POLLIN, 0};
  return socket_ >= 0 && buffer_.empty() && poll(&poll_for, 1, 0) == 0;
}

pid_t Subprocess::reap(int& status, std::optional<std::chrono::milliseconds> patience) const {
  pid_t reaped = 0;
  if (!patience) {
    while ((reaped = waitpid(pid_, &status, 0)) < 0 && errno == EINTR) {
    }
    return reaped;
  }
  const auto deadline = Clock::now() + *patience;
  while ((reaped = waitpid(pid_, &status, WNOHANG)) == 0 && Clock::now() < deadline) {
    std::this_thread::sleep_for(std::chrono::milliseconds(1));
  }
  return reaped;
}

std::string Subprocess::kill(std::optional<std::chrono::milliseconds> patience) {
  if (pid_ < 0) {
    return "not running";
  }
  // A child whose own end caused the call may not be a zombie yet: its reason is worth a short wait.
  int status = 0;
  pid_t reaped = idle_and_alive() ? 0 : reap(status, std::chrono::milliseconds(20));
  if (reaped == 0) {
    ::kill(pid_, SIGKILL);
    reaped = reap(status, patience);
  }
  ::close(std::exchange(socket_, -1));
  buffer_.clear();
  const bool known = reaped == std::exchange(pid_, -1);
  return known ? describe_status(status) : "ended, and nobody knows how";
}

void exit_when_parent_dies(int socket) {
  std::thread([socket] {
    for (;;) {
      pollfd poll_for{socket, POLLRDHUP, 0};
      if (poll(&poll_for, 1, -1) > 0 || errno != EINTR) {
        _exit(0);  // no destructors: the main thread is at work among the objects
      }
    }
  }).detach();
}

}  // namespace scantune
