// What a worker process is asked and what it answers: one JSON line each. After a `Load` come the
// bytes of its image. Before each run of a variant the worker says `begin` on a channel of its own.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "core/expected.h"
#include "core/record.h"
#include "core/timeline.h"

namespace scantune::wire::worker {

// Every line carries it. Both ends are the same program: another version is another build of it.
inline constexpr int kVersion = 1;

// --- Asked. Handles are numbers of the asker's choice; kCopy stands for the copy. --------------------

struct Hello {};  // answered by Info

struct MemoryNeeded {  // answered by Memory
  Workload workload;
};

struct Open {  // answered by Opened; one session at a time
  Workload workload;
  uint64_t seed = 0;
};

struct Close {};  // answered by Done

// An artifact, but for the bytes of its image, which follow the line. Answered by Loaded.
struct Load {
  int handle = 0;
  Variant variant;
  std::vector<Launch> launches;
  std::vector<std::string> functions;
  int64_t workspace_bytes = 0;
  std::vector<EntryResources> resources;
  bool has_image = false;
  size_t image_bytes = 0;
};

struct Unload {  // answered by Done
  int handle = 0;
};

struct Verify {  // answered by Done
  int handle = 0;
};

struct TakeRound {  // answered by Samples
  std::vector<int> order;
  CacheState cache = CacheState::cold;
  int runs = 1;
};

struct ReadCounters {  // answered by Counters
  int handle = 0;
  std::vector<std::string> metrics;
  int warm_runs = 0;  // Session::warm_before_profiles
};

struct SampleCounters {  // answered by Sampled
  int handle = 0;
  TimelineSpec spec;
};

struct Disturbance {};  // answered by Disturbed

using Request = std::variant<Hello, MemoryNeeded, Open, Close, Load, Unload, Verify, TakeRound, ReadCounters,
                             SampleCounters, Disturbance>;

// A line, its newline included.
std::string to_line(const Request& request);
Expected<Request> parse_request(std::string_view line);

// --- Answered ----------------------------------------------------------------------------------------

struct Info {
  DeviceInfo device;
};

struct Memory {
  int64_t bytes = 0;
};

struct Opened {
  double copy_ns = 0;  // one copy, everything around it included: what time limits are made of
};

struct Done {};

struct Loaded {
  std::vector<EntryResources> resources;
};

struct Samples {
  std::vector<double> times_ns;  // in the order asked for
};

struct Counters {
  Profile profile;
};

struct Sampled {
  Timeline timeline;
};

struct Disturbed {
  std::string by;  // empty: by nothing
};

// In place of Done, Loaded, Samples, Counters or Sampled.
struct Failed {
  Failure failure;
  std::optional<size_t> position;  // of a round's order, where it is known
};

// In place of any answer: of the session or the device, and not of a variant.
struct Refused {
  Error error;
};

using Reply = std::variant<Info, Memory, Opened, Done, Loaded, Samples, Counters, Sampled, Disturbed, Failed, Refused>;

std::string to_line(const Reply& reply);
Expected<Reply> parse_reply(std::string_view line);

// --- Said before a variant runs ----------------------------------------------------------------------

// `position` is that in the order of a round; 0 for a single variant.
std::string begin_line(size_t position);
Expected<size_t> parse_begin(std::string_view line);

}  // namespace scantune::wire::worker
