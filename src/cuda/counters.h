// Hardware counters through CUPTI 13's range profiler, in process, with user replay: the profiler
// repeats the launches itself, once a pass, and the caller puts back what each pass must find.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "core/metric.h"
#include "core/record.h"

namespace scantune::cuda {

// One launch to be profiled: how to enqueue it, and what to call it.
struct ProfiledLaunch {
  std::string entry;
  std::function<Expected<void>()> enqueue;  // on the stream that PassHooks::synchronize waits for
  EntryResources resources;                 // answers the launch__* metrics
};

// What CUPTI counts as one launch.
enum class RangeMode {
  per_kernel,  // each kernel, from its start to its end, as ncu does
  per_launch,  // from before enqueue() until the device is idle: some microseconds more than the kernel
};

// What a profiler does beside the launches.
struct PassHooks {
  // Puts caches and workspace into the state that each pass must start from: waited for, not counted.
  std::function<Expected<void>()> before;

  // Kernels that run in each pass before the first launch and are not counted. The last of them undoes what CUPTI
  // does to the L2 when it starts a pass, which left 8 MB of dirty lines on an H200. May be empty.
  std::function<Expected<void>()> lead;
  size_t lead_kernels = 1;  // how many, where lead is not empty

  std::function<Expected<void>()> synchronize;  // waits for the stream of the launches
};

// Reads counters of the current context. Enabled at the first call of profile() (140 to 230 ms) and
// until it is destroyed, which must happen while the context lives. While enabled, launches cost
// more: time nothing meanwhile. Not thread-safe.
class Profiler {
 public:
  virtual ~Profiler() = default;

  // Runs the launches in order once a pass, each in a range of its own, until all passes are taken.
  // Metrics that cannot be read come back without a value and with the reason; only a lost device is
  // a Failure.
  virtual tl::expected<Profile, Failure> profile(const std::vector<ProfiledLaunch>& launches,
                                                 const std::vector<std::string>& metrics, const PassHooks& hooks) = 0;

  // What the last profile() was taken with: per_launch where CUPTI did not see one kernel a launch.
  [[nodiscard]] virtual RangeMode range_mode() const = 0;
};

// A profiler for the context current on this thread (`context` is a CUcontext) of device ordinal
// `device`. Does not fail: where CUPTI is missing or refuses, profile() answers null for every
// metric, with the reason and the remedy.
std::unique_ptr<Profiler> make_profiler(void* context, int device, RangeMode mode = RangeMode::per_kernel);

}  // namespace scantune::cuda
