// One worker process, and how to ask it something. Included by the .cc files of this folder only.
#pragma once

#include <memory>
#include <optional>
#include <stop_token>
#include <string>
#include <string_view>

#include "device/subprocess.h"
#include "device/worker.h"
#include "wire/worker_json.h"

namespace scantune {

// Why there is no answer. The process has been killed.
struct WorkerFault {
  enum class Kind {
    died,         // or said what is no answer
    hung,         // it ran, and its time was up
    stopped,      // its time was up, but it had been stopped (SIGSTOP, a debugger)
    interrupted,  // nobody waits for the answer any more
  };
  Kind kind = Kind::died;
  std::string what;                // one line: "its process ended: killed by signal 11 (Segmentation fault)"
  std::optional<size_t> position;  // the last that had begun
};

class WorkerProcess {
 public:
  // Starts one. Errors are those of the system.
  static Expected<std::unique_ptr<WorkerProcess>> start(const WorkerOptions& options);

  WorkerProcess(const WorkerProcess&) = delete;
  WorkerProcess& operator=(const WorkerProcess&) = delete;
  ~WorkerProcess();

  // Sends a request and `image` after it, and waits for the reply. `limit` counts from the last sign of
  // life: the request, or a run that began.
  tl::expected<wire::worker::Reply, WorkerFault> ask(const wire::worker::Request& request, std::string_view image,
                                                     WorkerLimits::Time limit, const std::stop_token& stop);

  // False where it ended since, or was killed for a fault.
  [[nodiscard]] bool alive() const { return process_.idle_and_alive(); }

  // The last sample that began since it was last asked something.
  std::optional<size_t> begun() {
    look();
    return begun_;
  }

  // Kills it and waits until it is gone, with all the memory it held.
  void end();

 private:
  // Non-blocking to read; closes itself.
  class Pipe {
   public:
    explicit Pipe(int fd) : fd_(fd) {}
    Pipe(Pipe&& other) noexcept;
    Pipe(const Pipe&) = delete;
    Pipe& operator=(const Pipe&) = delete;
    Pipe& operator=(Pipe&&) = delete;
    ~Pipe();
    void read_into(std::string& text) const;  // what there is

   private:
    int fd_;
  };

  WorkerProcess(const WorkerOptions& options, Subprocess process, Pipe begins, Pipe errors);

  [[nodiscard]] bool stopping(const std::stop_token& stop) const;
  bool look();  // at the pipes; true where a run began
  WorkerFault fault(WorkerFault::Kind kind, const std::string& what);
  template <class Step>
  std::optional<WorkerFault> wait(WorkerLimits::Time limit, const std::stop_token& stop, Step step);

  const std::stop_token stop_;
  Subprocess process_;
  Pipe begins_;
  Pipe errors_;
  std::string begin_text_;  // received, less the lines that are done with
  std::string error_text_;  // the end of what it wrote to standard error
  std::optional<size_t> begun_;
};

}  // namespace scantune
