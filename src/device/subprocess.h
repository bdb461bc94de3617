// A child process spoken to over one socket: what it reads on standard input and writes on standard
// output. Messages are lines, and bytes after them where a line announces some.
#pragma once

#include <sys/types.h>

#include <chrono>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/expected.h"

namespace scantune {

class Subprocess {
 public:
  using Clock = std::chrono::steady_clock;

  struct Options {
    bool keep_stderr = false;  // false: what the child writes to standard error is dropped
    int stderr_to = -1;        // or goes to this file of the parent's
    int third = -1;            // a file of the parent's that the child has as kThird; -1: none
  };
  static constexpr int kThird = 3;

  // Starts `program` with `arguments` (not counting its own name) in a process group of its own, so
  // that Ctrl-C at the terminal is the parent's to handle, and with no other file of the parent's
  // open. The child is killed when this object goes; should the parent die first, the child finds
  // its socket closed (see exit_when_parent_dies).
  static Expected<Subprocess> start(const std::filesystem::path& program, const std::vector<std::string>& arguments,
                                    Options options);
  static Expected<Subprocess> start(const std::filesystem::path& program, const std::vector<std::string>& arguments) {
    return start(program, arguments, Options{});
  }

  Subprocess(Subprocess&& other) noexcept;
  Subprocess& operator=(Subprocess&& other) noexcept;
  Subprocess(const Subprocess&) = delete;
  Subprocess& operator=(const Subprocess&) = delete;
  ~Subprocess();

  enum class Read { ok, timeout, closed };

  // Sends everything. False where the child is gone.
  [[nodiscard]] bool write(std::string_view bytes);

  // The same until `deadline`: a child that does not read cannot hold up its parent. What was sent is
  // taken off `bytes`, so that the rest can be sent by another call.
  [[nodiscard]] Read write(std::string_view& bytes, Clock::time_point deadline);

  // One line without its newline; `closed` where the child went away before it ended one.
  Read read_line(std::string& line, Clock::time_point deadline);

  // Exactly `count` bytes.
  Read read_bytes(std::string& bytes, size_t count, Clock::time_point deadline);

  // Whether the child has closed its end, or said something nobody asked for.
  [[nodiscard]] bool idle_and_alive() const;

  // Ends the child with SIGKILL, reaps it, and says how it had ended: "exit code 3",
  // "killed by signal 11 (Segmentation fault)". A child that had ended by itself keeps its own reason.
  // Where a driver has yet to clean up after it, that takes a while; who cannot wait gives `patience`,
  // after which the child is left to the kernel.
  std::string kill(std::optional<std::chrono::milliseconds> patience = {});

  [[nodiscard]] pid_t pid() const { return pid_; }

 private:
  Subprocess(pid_t pid, int socket) : pid_(pid), socket_(socket) {}

  Read fill(Clock::time_point deadline);
  pid_t reap(int& status, std::optional<std::chrono::milliseconds> patience) const;

  pid_t pid_ = -1;
  int socket_ = -1;
  std::string buffer_;  // received and not yet asked for
};

// For the child's side: ends this process as soon as the other end of `socket` (its standard input)
// is closed, whatever it is doing then. Starts a thread that lives as long as the process.
void exit_when_parent_dies(int socket);

}  // namespace scantune
