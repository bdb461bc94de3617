// CUPTI's PM sampling: counters of the whole device read at fixed intervals while something runs.
#pragma once

#include <functional>

#include "core/record.h"
#include "core/timeline.h"

namespace scantune::cuda {

// What runs while counters are sampled.
struct SampledRun {
  std::function<Expected<void>()> before;  // not sampled: puts caches and workspace into the state a run starts from
  std::function<Expected<void>()> enqueue;
  std::function<Expected<void>()> synchronize;  // waits until all that was enqueued has ended
};

// Samples one run on device ordinal `device`, whose context is current and has no range profiler enabled. A failure
// says why there are no samples and what to do; FailureKind::device means that the device is lost.
tl::expected<Timeline, Failure> sample_run(int device, const TimelineSpec& spec, const SampledRun& run);

}  // namespace scantune::cuda
