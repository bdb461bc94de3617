#include "cli/signals.h"

#include <poll.h>
#include <sys/eventfd.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <system_error>
#include <utility>

#include "cli/exit_code.h"

namespace scantune::cli {
namespace {

sigset_t watched_signals() {
  sigset_t set;
  sigemptyset(&set);
  for (const int signal : {SIGINT, SIGTERM, SIGHUP}) {
    struct sigaction current {};
    if (sigaction(signal, nullptr, &current) == 0 && current.sa_handler != SIG_IGN) {
      sigaddset(&set, signal);
    }
  }
  return set;
}

}  // namespace

Interrupts::Interrupts(std::function<void()> on_first) : on_first_(std::move(on_first)) {
  const sigset_t watched = watched_signals();
  pthread_sigmask(SIG_BLOCK, &watched, &old_mask_);
  signal_fd_ = signalfd(-1, &watched, SFD_CLOEXEC);
  end_fd_ = eventfd(0, EFD_CLOEXEC);
  if (signal_fd_ < 0 || end_fd_ < 0) {
    throw std::system_error(errno, std::generic_category(), "signalfd");
  }
  waiter_ = std::thread([this] { wait(); });
}

Interrupts::~Interrupts() {
  eventfd_write(end_fd_, 1);
  waiter_.join();
  close(signal_fd_);
  close(end_fd_);
  pthread_sigmask(SIG_SETMASK, &old_mask_, nullptr);
}

void Interrupts::wait() {
  while (true) {
    std::array<pollfd, 2> ready = {{{signal_fd_, POLLIN, 0}, {end_fd_, POLLIN, 0}}};
    if (poll(ready.data(), ready.size(), -1) < 0) {
      continue;  // EINTR: by a signal that is not ours
    }
    if (ready[0].revents != 0) {
      signalfd_siginfo info{};
      if (read(signal_fd_, &info, sizeof(info)) != static_cast<ssize_t>(sizeof(info))) {
        continue;
      }
      if (stop_.stop_requested()) {
        _exit(kInterrupted);
      }
      stop_.request_stop();
      on_first_();
    } else if (ready[1].revents != 0) {
      return;
    }
  }
}

}  // namespace scantune::cli
