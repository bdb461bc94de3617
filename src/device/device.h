// The seam between what is tuned and where it runs. Above it, tune/ knows no CUDA; below it, a
// backend knows no protocol. Backends: cpu (here), cuda (src/cuda), and a mock in the tests.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <stop_token>
#include <string>
#include <string_view>
#include <vector>

#include "core/kernel.h"
#include "core/metric.h"
#include "core/record.h"
#include "core/timeline.h"
#include "core/workload.h"

namespace scantune {

// A variant made ready to load: machine code for one chip, or nothing but the variant on a CPU.
struct Artifact {
  Variant variant;
  std::vector<Launch> launches;        // in order; empty on a CPU
  std::vector<std::string> functions;  // the lowered name of each launch's entry
  int64_t workspace_bytes = 0;
  std::shared_ptr<const std::string> image;  // cubin; null on a CPU
  std::vector<EntryResources> resources;     // one per launch; blocks_per_sm still 0
  bool from_cache = false;
  double compile_s = 0;
};

// Turns variants into artifacts. Needs no GPU.
class Compiler {
 public:
  virtual ~Compiler() = default;

  // How many threads may call compile() at once with profit; 1 where there is nothing to compile, so that nothing is
  // compiled on suspicion there (tune/compile_ahead.h).
  [[nodiscard]] virtual int concurrency() const = 0;

  // Thread-safe. Failure::kind is compile or compile_timeout; `what` is one line.
  virtual tl::expected<Artifact, Failure> compile(const Kernel& kernel, const Workload& workload,
                                                  const Variant& variant, const Chip& chip) = 0;

  // Digest of all that compile() would make the artifact from: sources, options, entries, the
  // compiler itself. Results of the same build need not be measured again. Empty where there is nothing
  // to make it from: a replay has no recording of it. Thread-safe, cheap.
  [[nodiscard]] virtual std::string build_digest(const Kernel& kernel, const Workload& workload, const Variant& variant,
                                                 const Chip& chip) const = 0;

  // Makes calls under way return soon, with a failure: nobody waits for them any more. Calls made
  // afterwards are served. Thread-safe.
  virtual void cancel() {}
};

using Handle = int;  // of a loaded artifact; valid for one session. kCopy stands for the copy control.

struct RoundSpec {
  CacheState cache = CacheState::cold;

  // Runs a sample. More than one where a single run is too short to time: they follow each other
  // without a gap, a cold cache by taking turns on copies of the tensors that together exceed it.
  // Sample::time_ns is the time of one run.
  int runs = 1;

  bool operator==(const RoundSpec&) const = default;
};

// A round that broke off. `position` is the index into the order at fault, where it is known.
// Failure::kind device means that the session is lost.
struct RoundFault {
  std::optional<size_t> position;
  Failure failure;
};

// What is called around each sample of a round, on the thread that runs it, or that enqueues it for a GPU.
struct EnqueueHooks {
  std::function<void(size_t position)> begin = {};  // in the round's order
  std::function<void()> end = {};                   // whatever became of it
};

// Calls them, where there are any, for a sample that lasts as long as the block.
class EnqueueScope {
 public:
  EnqueueScope(const EnqueueHooks& hooks, size_t position) : end_(hooks.end) {
    if (hooks.begin) {
      hooks.begin(position);
    }
  }
  EnqueueScope(const EnqueueScope&) = delete;
  EnqueueScope& operator=(const EnqueueScope&) = delete;
  ~EnqueueScope() {
    if (end_) {
      end_();
    }
  }

 private:
  const std::function<void()>& end_;
};

// One workload in memory on one device. Not thread-safe.
class Session {
 public:
  virtual ~Session() = default;

  virtual tl::expected<Handle, Failure> load(const Artifact& artifact) = 0;
  virtual void unload(Handle handle) = 0;

  // The resources of a loaded artifact, blocks_per_sm included; empty on a CPU.
  [[nodiscard]] virtual std::vector<EntryResources> resources(Handle handle) const = 0;

  // Runs the variant on poisoned output between canaries and compares every element: the exact
  // telescoping test, then the float64 bound test where the type is floating (DESIGN: docs/measuring.md).
  virtual tl::expected<void, Failure> verify(Handle handle) = 0;

  // One timed run of each handle of `order` (kCopy: a copy of the same bytes), in that order.
  // Sample::subject is the handle. A stop request ends the round early: fewer samples come back.
  virtual tl::expected<std::vector<Sample>, RoundFault> round(std::span<const Handle> order, const RoundSpec& spec,
                                                              std::stop_token stop) = 0;

  // From now on, `begin` is called before each sample of a round with its position in the order, when
  // all samples before it have ended for all that is known. So who watches this process knows what it
  // was at when it went away. A session that runs samples ahead of the host calls it when it waits for
  // one. The function must be quick: it delays the sample.
  virtual void on_begin(const std::function<void(size_t position)>& /*begin*/) {}

  // From now on these are called around each sample, without what makes its cache cold or hot. A session whose samples
  // another process takes calls nothing.
  virtual void on_enqueue(const EnqueueHooks& /*hooks*/) {}

  // How many samples of the last round were not measured, but drawn again from recorded ones.
  [[nodiscard]] virtual int resampled() const { return 0; }

  // What disturbed the device since the last call, in a few words ("the GPU lowered its clocks: thermal");
  // empty where nothing is known of. A round that was disturbed is discarded.
  [[nodiscard]] virtual std::string disturbance() { return {}; }

  // Reads counters of each launch of the variant (never timed in the same launch). A counter that
  // cannot be read comes back without a value and with the reason. `metrics` are requested names.
  virtual tl::expected<Profile, Failure> profile(Handle handle, const std::vector<std::string>& metrics) = 0;

  // Samples counters while the variant runs once. A failure says why this device cannot, and leaves the variant as it
  // was.
  virtual tl::expected<Timeline, Failure> timeline(Handle /*handle*/, const TimelineSpec& /*spec*/) {
    return tl::unexpected(Failure{FailureKind::launch, "this device has no counters that can be sampled over time"});
  }

  // From now on profile() runs the variant this many times, uncounted, right before each time it is counted (a
  // cache that must be cold is made so after that): default 0. A session that only recalls profiles need not heed it.
  virtual void warm_before_profiles(int /*runs*/) {}
};

class Device {
 public:
  virtual ~Device() = default;

  [[nodiscard]] virtual const DeviceInfo& info() const = 0;

  // Why open() cannot do a workload whatever its memory, where that is known.
  [[nodiscard]] virtual Expected<void> check(const Workload& /*workload*/) const { return {}; }

  // Device memory that open() takes for a workload, in bytes, everything included.
  [[nodiscard]] virtual int64_t memory_needed(const Workload& workload) const = 0;

  // Allocates, generates inputs from `seed`.
  virtual Expected<std::unique_ptr<Session>> open(const Workload& workload, uint64_t seed) = 0;
};

// Says in one line how much memory is needed, how much is free and which shape would fit, where a
// workload does not fit the device.
Expected<void> check_memory(const Device& device, const Workload& workload);

}  // namespace scantune
