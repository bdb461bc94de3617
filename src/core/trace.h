// Ranges of time with a name, for a tool that shows what this program was at beside what the GPU did (docs/nvtx.md).
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

namespace scantune {

struct Span {
  // From the outside in: a session holds workloads, a workload trials and rounds, a round trials, a trial the rest.
  enum class Kind {
    session,   // a process at work; payload: workloads of the run, where it knows them
    workload,  // in memory on a device; bytes that must be moved
    round,     // samples
    trial,     // something done with a variant; its number (trial_number)
    compile,   // the compute capability compiled for: 90
    load,      // bytes of machine code
    verify,    // elements of the output
    time,      // runs of a sample
    profile,   // counters
  };

  Kind kind = Kind::session;
  std::string text = {};                 // empty: the kind's name
  std::optional<uint64_t> payload = {};  // what the kind says
};

inline constexpr std::array<std::string_view, 9> kSpanNames = {"session", "workload", "round", "trial",  "compile",
                                                               "load",    "verify",   "time",  "profile"};

// Who is told of ranges. Thread-safe: each thread has a stack of its own.
class Tracer {
 public:
  virtual ~Tracer() = default;
  virtual void begin(const Span& span) = 0;  // inside those that this thread has begun and not ended
  virtual void end() = 0;                    // the last one that this thread began
};

// A range from here to the end of the block, on one thread. Without a tracer it is nothing.
class Range {
 public:
  Range(Tracer* tracer, const Span& span) : tracer_(tracer) {
    if (tracer_ != nullptr) {
      tracer_->begin(span);
    }
  }
  Range(Range&& other) noexcept : tracer_(std::exchange(other.tracer_, nullptr)) {}
  Range(const Range&) = delete;
  Range& operator=(const Range&) = delete;
  Range& operator=(Range&&) = delete;
  ~Range() {
    if (tracer_ != nullptr) {
      tracer_->end();
    }
  }

 private:
  Tracer* tracer_;
};

}  // namespace scantune
