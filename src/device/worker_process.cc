#include "device/worker_process.h"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <fstream>
#include <iterator>
#include <utility>

namespace scantune {
namespace {

using Read = Subprocess::Read;
using Clock = Subprocess::Clock;

// How long a wait goes on before it looks whether a run began or somebody asked for a stop. Rare enough
// that on a CPU the one who waits takes no time from those who are measured.
constexpr std::chrono::milliseconds kSlice{50};

// Where this process wakes up so much too late, it was stopped itself (Ctrl-Z, a paused container), and
// perhaps its worker with it: that time does not count.
constexpr std::chrono::milliseconds kStandstill{500};

// A killed process is reaped within this time, or left to the kernel: a driver may take seconds to stop
// what a GPU is at.
constexpr std::chrono::milliseconds kReap{10'000};
constexpr std::chrono::milliseconds kReapOnStop{100};

constexpr size_t kErrorTextBytes = 2048;

std::string seconds(WorkerLimits::Time time) {
  return fmt::format("{:g} s", std::chrono::duration<double>(time).count());
}

// 'T' where it is stopped (proc(5)).
char state_of(pid_t pid) {
  std::ifstream file(fmt::format("/proc/{}/stat", pid));
  const std::string text((std::istreambuf_iterator<char>(file)), std::istreambuf_iterator<char>());
  const size_t name_end = text.rfind(')');
  return name_end == std::string::npos || name_end + 2 >= text.size() ? '?' : text[name_end + 2];
}

std::string last_line(std::string_view text) {
  while (!text.empty() && (text.back() == '\n' || text.back() == ' ')) {
    text.remove_suffix(1);
  }
  const size_t newline = text.rfind('\n');
  return std::string(newline == std::string_view::npos ? text : text.substr(newline + 1));
}

}  // namespace

WorkerProcess::Pipe::Pipe(Pipe&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}

WorkerProcess::Pipe::~Pipe() {
  if (fd_ >= 0) {
    ::close(fd_);
  }
}

void WorkerProcess::Pipe::read_into(std::string& text) const {
  char chunk[4096];
  for (ssize_t got = 0; (got = ::read(fd_, chunk, sizeof chunk)) != 0;) {
    if (got > 0) {
      text.append(chunk, static_cast<size_t>(got));
    } else if (errno != EINTR) {
      return;
    }
  }
}

WorkerProcess::WorkerProcess(const WorkerOptions& options, Subprocess process, Pipe begins, Pipe errors)
    : stop_(options.stop), process_(std::move(process)), begins_(std::move(begins)), errors_(std::move(errors)) {}

WorkerProcess::~WorkerProcess() { end(); }

void WorkerProcess::end() { process_.kill(stop_.stop_requested() ? kReapOnStop : kReap); }

Expected<std::unique_ptr<WorkerProcess>> WorkerProcess::start(const WorkerOptions& options) {
  int begins[2];
  int errors[2];
  const auto failed = [] { return fail(ErrorKind::environment, "no pipe for a worker: {}", std::strerror(errno)); };
  if (pipe2(begins, O_CLOEXEC) != 0) {
    return failed();
  }
  Pipe begins_read(begins[0]);
  const Pipe begins_write(begins[1]);
  if (pipe2(errors, O_CLOEXEC) != 0) {
    return failed();
  }
  Pipe errors_read(errors[0]);
  const Pipe errors_write(errors[1]);
  fcntl(begins[0], F_SETFL, O_NONBLOCK);
  fcntl(errors[0], F_SETFL, O_NONBLOCK);
  fcntl(errors[1], F_SETFL, O_NONBLOCK);  // what nobody reads in time is lost rather than waited for
  auto process = Subprocess::start(options.executable, options.arguments,
                                   {.keep_stderr = false, .stderr_to = errors[1], .third = begins[1]});
  if (!process) {
    return tl::unexpected(process.error());
  }
  return std::unique_ptr<WorkerProcess>(
      new WorkerProcess(options, *std::move(process), std::move(begins_read), std::move(errors_read)));
}

bool WorkerProcess::stopping(const std::stop_token& stop) const {
  return stop_.stop_requested() || stop.stop_requested();
}

// Nobody sleeps on these pipes: a worker that writes to one wakes no process up beside what it measures.
bool WorkerProcess::look() {
  errors_.read_into(error_text_);
  if (error_text_.size() > kErrorTextBytes) {
    error_text_.erase(0, error_text_.size() - kErrorTextBytes);
  }
  begins_.read_into(begin_text_);
  const size_t end = begin_text_.rfind('\n');
  if (end == std::string::npos) {
    return false;
  }
  if (const auto position = wire::worker::parse_begin(last_line(std::string_view(begin_text_).substr(0, end)))) {
    begun_ = *position;
  }
  begin_text_.erase(0, end + 1);
  return true;
}

WorkerFault WorkerProcess::fault(WorkerFault::Kind kind, const std::string& what) {
  const std::string ended = process_.kill(kind == WorkerFault::Kind::interrupted ? kReapOnStop : kReap);
  look();
  WorkerFault fault{kind, what, begun_};
  if (what.empty()) {
    fault.what = "its process ended: " + ended;
  }
  if (const std::string said = last_line(error_text_); kind == WorkerFault::Kind::died && !said.empty()) {
    fault.what += "; it said: " + said;
  }
  return fault;
}

// Repeats `step`, which takes a deadline, until it is done; why it is not, where it fails.
template <class Step>
std::optional<WorkerFault> WorkerProcess::wait(WorkerLimits::Time limit, const std::stop_token& stop, Step step) {
  auto deadline = Clock::now() + limit;
  for (;;) {
    const auto until = std::min(deadline, Clock::now() + kSlice);
    const Read read = step(until);
    if (read == Read::ok) {
      return std::nullopt;
    }
    if (read == Read::closed) {
      return fault(WorkerFault::Kind::died, "");
    }
    if (stopping(stop)) {
      return fault(WorkerFault::Kind::interrupted, "interrupted");
    }
    const auto now = Clock::now();
    if (look()) {
      deadline = now + limit;
    } else if (now > until + kStandstill) {
      deadline += now - until;
    } else if (now >= deadline) {
      const char state = state_of(process_.pid());
      return state == 'T' || state == 't'
                 ? fault(WorkerFault::Kind::stopped, "its process was stopped by a signal")
                 : fault(WorkerFault::Kind::hung, fmt::format("not done within its time limit of {}", seconds(limit)));
    }
  }
}

tl::expected<wire::worker::Reply, WorkerFault> WorkerProcess::ask(const wire::worker::Request& request,
                                                                  std::string_view image, WorkerLimits::Time limit,
                                                                  const std::stop_token& stop) {
  look();
  begun_.reset();
  if (stopping(stop)) {
    return tl::unexpected(fault(WorkerFault::Kind::interrupted, "interrupted"));
  }
  const std::string asked = wire::worker::to_line(request);
  for (std::string_view bytes : {std::string_view(asked), image}) {
    if (auto failed = wait(limit, stop, [&](auto until) { return process_.write(bytes, until); })) {
      return tl::unexpected(*std::move(failed));
    }
  }
  std::string line;
  if (auto failed = wait(limit, stop, [&](auto until) { return process_.read_line(line, until); })) {
    return tl::unexpected(*std::move(failed));
  }
  auto reply = wire::worker::parse_reply(line);
  if (!reply) {
    return tl::unexpected(fault(WorkerFault::Kind::died, reply.error().message));
  }
  return *std::move(reply);
}

}  // namespace scantune
