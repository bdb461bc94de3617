// Hardware counters through CUPTI 13's range profiler, in process: user ranges, user replay.
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
  std::function<Expected<void>()> enqueue;  // on the stream that `synchronize` below waits for
};

// Reads counters of the current context. One per process; enabled at the first call of profile().
class Profiler {
 public:
  virtual ~Profiler() = default;

  // Runs the launches in order once a pass, each in a range of its own, until all passes are
  // taken. `before_pass` puts caches and workspace into the state each pass must start from.
  // Metrics that cannot be read come back without a value and with the reason; only a lost device
  // is a Failure.
  virtual tl::expected<Profile, Failure> profile(const std::vector<ProfiledLaunch>& launches,
                                                 const std::vector<std::string>& metrics,
                                                 const std::function<Expected<void>()>& before_pass,
                                                 const std::function<Expected<void>()>& synchronize) = 0;
};

// A profiler for the context current on this thread (`context` is a CUcontext) of device ordinal `device`. Does not fail: where CUPTI
// is missing or refuses, profile() answers null for every metric, with the reason and the remedy.
std::unique_ptr<Profiler> make_profiler(void* context, int device);

}  // namespace scantune::cuda
