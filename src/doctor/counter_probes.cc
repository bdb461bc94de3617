#include "doctor/counter_probes.h"

#include <fcntl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <sstream>
#include <system_error>

namespace scantune::doctor {
namespace {

std::string why(int error) { return std::generic_category().message(error); }

// In the child: a line a GPU, empty where all is well, written as soon as it is known.
[[noreturn]] void run(const std::function<void(const Tell&)>& probe, int to) {
  const rlimit no_core{0, 0};
  setrlimit(RLIMIT_CORE, &no_core);
  bool told = true;
  probe([&](const Expected<void>& result) {
    std::string line = result ? "" : result.error().message;
    std::ranges::replace(line, '\n', ' ');
    line += '\n';
    told = write(to, line.data(), line.size()) == static_cast<ssize_t>(line.size()) && told;
  });
  _exit(told ? 0 : 1);
}

std::string read_all(int from) {
  std::string text;
  std::array<char, 4096> part{};
  for (;;) {
    const ssize_t got = read(from, part.data(), part.size());
    if (got > 0) {
      text.append(part.data(), static_cast<size_t>(got));
    } else if (got == 0 || errno != EINTR) {
      return text;
    }
  }
}

std::string how_it_ended(pid_t child) {
  int status = 0;
  while (waitpid(child, &status, 0) < 0) {
    if (errno != EINTR) {
      return "the probing process was lost: " + why(errno);
    }
  }
  if (WIFSIGNALED(status)) {
    const int signal = WTERMSIG(status);
    return fmt::format("reading a counter ended its process by signal {} ({})", signal, strsignal(signal));
  }
  return WEXITSTATUS(status) == 0
             ? ""
             : fmt::format("reading a counter ended its process with exit code {}", WEXITSTATUS(status));
}

}  // namespace

Expected<void> CounterProbes::of(size_t gpu) const {
  if (gpu < results.size()) {
    return results[gpu];
  }
  return fail(ErrorKind::environment, "{}", ended.empty() ? "the GPU was not there when counters were tried" : ended);
}

CounterProbes probe_apart(const std::function<void(const Tell&)>& probe) {
  CounterProbes probes;
  std::array<int, 2> ends{};
  if (pipe2(ends.data(), O_CLOEXEC) != 0) {
    probes.ended = "no pipe to a probing process: " + why(errno);
    return probes;
  }
  const pid_t child = fork();
  if (child == 0) {
    run(probe, ends[1]);
  }
  const int error = errno;
  close(ends[1]);
  if (child < 0) {
    probes.ended = "no process to probe in: " + why(error);
  } else {
    std::istringstream lines(read_all(ends[0]));
    for (std::string line; std::getline(lines, line);) {
      probes.results.push_back(line.empty() ? Expected<void>() : fail(ErrorKind::environment, "{}", line));
    }
    probes.ended = how_it_ended(child);
  }
  close(ends[0]);
  return probes;
}

}  // namespace scantune::doctor
