// Compiler processes: children of this binary, each of which keeps NVRTC loaded and compiles one
// request at a time. A source that makes the compiler hang or crash costs its child, not the tool.
#pragma once

#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <filesystem>
#include <mutex>
#include <vector>

#include "core/record.h"
#include "device/subprocess.h"
#include "wire/compile_json.h"

namespace scantune::cuda {

class CompilePool {
 public:
  // Children are started when needed, up to `processes` at once.
  CompilePool(std::filesystem::path executable, int processes, std::chrono::milliseconds time_limit);

  // Thread-safe; waits for a free child. What is wrong with the source comes back as the reply's
  // error; a Failure says that the child ran out of time, died, could not be started or was cancelled.
  tl::expected<wire::CompileReply, Failure> compile(const wire::CompileRequest& request);

  // Calls under way give up within a moment.
  void cancel();

 private:
  tl::expected<Subprocess, Failure> lease(uint64_t round);
  void give_back();
  void give_back(Subprocess child);
  tl::expected<wire::CompileReply, Failure> exchange(Subprocess& child, const wire::CompileRequest& request,
                                                     uint64_t round);
  Subprocess::Read wait(uint64_t round, Subprocess::Clock::time_point deadline, auto read);

  const std::filesystem::path executable_;
  const int processes_;
  const std::chrono::milliseconds time_limit_;
  std::mutex mutex_;
  std::condition_variable freed_;
  std::vector<Subprocess> idle_;
  int leased_ = 0;
  uint64_t round_ = 0;  // counts calls of cancel()
};

}  // namespace scantune::cuda
