// A device in a process of its own. A variant that crashes, hangs or takes the GPU's context with it
// costs that process: the caller gets a Failure of that variant, and goes on in a fresh one.
#pragma once

#include <chrono>
#include <filesystem>
#include <functional>
#include <memory>
#include <stop_token>
#include <string>
#include <vector>

#include "device/device.h"

namespace scantune {

// How long a worker may take before it counts as hung. What a variant runs for is measured in copies
// of the workload's tensors, as every variant moves as much as the copy does; the times are the least
// that is granted, so that a busy machine is not mistaken for a hang.
struct WorkerLimits {
  using Time = std::chrono::milliseconds;

  Time start{60'000};    // until its first word: libraries are opened, a context is made
  Time open{60'000};     // and a second for every 100 MB: slower than any memory, paging included
  Time load{30'000};     // a driver that has to compile takes seconds
  Time sample{2'000};    // one sample of a round with its preparation; or 200 copies a run
  Time verify{5'000};    // two runs, two inputs and two checks of every element; or 400 copies (a CPU takes 40)
  Time profile{60'000};  // CUPTI is opened and replays the launch for each of its passes; or 2000 copies
  Time other{10'000};    // what does not touch the variants

  static constexpr double kSampleCopies = 200;
  static constexpr double kVerifyCopies = 400;
  static constexpr double kProfileCopies = 2000;
  static constexpr double kOpenBytesPerS = 1e8;
};

struct WorkerOptions {
  std::filesystem::path executable = "/proc/self/exe";
  std::vector<std::string> arguments;  // those that make it run serve_worker(): "worker --device cpu"
  WorkerLimits limits;

  // After a stop request whatever waits for a worker returns within a moment: rounds with fewer
  // samples, all else with an error "interrupted" (as a Failure: of kind device, for nobody is to blame).
  std::stop_token stop;
};

// Starts a worker and asks it what its device is. The device and its sessions start others as they are
// needed, on the thread that needs one; a worker is killed when that thread ends.
//
// What a fault of a worker means for callers:
// - A variant is blamed (FailureKind::crash, or timeout) only for what it did in a worker in which no
//   other variant had run. Where others had, it gets a second chance alone in a fresh worker: what
//   other variants broke, and what somebody killed or stopped, is not blamed on it. The exception
//   is a time limit that passes in load(), verify() or profile(): that is blamed at once, because it
//   is the variant's first run and a second one would cost as long again.
// - Of a round that ended in a fault each variant is run alone with a copy, those that may have been
//   running first, until one is to blame (RoundFault::position names it). Where none is, the round is
//   taken again; after three faults in vain the device is lost.
// - Handles stay valid: artifacts are loaded again when they are next used.
// - FailureKind::device means that no worker can open the device any more.
Expected<std::unique_ptr<Device>> open_worker_device(WorkerOptions options);

// The body of a worker process: serves the device that `open_device` opens to the process that started
// this one with a socket as standard input and output and a pipe as Subprocess::kThird. It ends with
// that process, whatever it is doing then. Returns the exit code.
int serve_worker(const std::function<Expected<std::unique_ptr<Device>>()>& open_device);

}  // namespace scantune
