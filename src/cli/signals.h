// Ctrl-C as a normal way to stop: the first SIGINT, SIGTERM or SIGHUP asks for a stop, the second
// ends the process at once.
#pragma once

#include <csignal>
#include <functional>
#include <stop_token>
#include <thread>

namespace scantune::cli {

// To be made before any other thread is started: the signals are blocked in this thread and in all
// it starts, and one thread waits for them. A signal that was ignored from the start (nohup, a
// background job) stays ignored.
class Interrupts {
 public:
  // `on_first` is called on the waiting thread, after the stop was requested.
  explicit Interrupts(std::function<void()> on_first);
  Interrupts(const Interrupts&) = delete;
  Interrupts& operator=(const Interrupts&) = delete;
  ~Interrupts();

  [[nodiscard]] std::stop_token token() const { return stop_.get_token(); }

 private:
  void wait();

  std::function<void()> on_first_;
  std::stop_source stop_;
  sigset_t old_mask_{};
  int signal_fd_ = -1;
  int end_fd_ = -1;  // written to when the waiting thread is to end
  std::thread waiter_;
};

}  // namespace scantune::cli
