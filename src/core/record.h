// What is known of a run: rounds of raw samples, and per variant what happened to it.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "core/chip.h"
#include "core/kernel.h"
#include "core/metric.h"
#include "core/protocol.h"
#include "core/variant.h"
#include "core/workload.h"

namespace scantune {

// Who and where: what every stored result carries.
struct Provenance {
  std::string tool_version;
  std::string time;  // UTC, ISO 8601
  std::string host;
  std::string device;    // "cuda:0", "cpu"
  std::string uuid;      // of the GPU; empty on a CPU
  std::string driver;    // NVIDIA driver version; the kernel release on a CPU
  std::string compiler;  // "NVRTC 13.0", or the compiler that built the CPU kernels
  std::string protocol;  // digest of the protocol
  std::string source;    // digest of the kernel sources the winner was built from

  bool operator==(const Provenance&) const = default;
};

// What the name of a device begins with that answers from a recording.
inline constexpr std::string_view kReplayPrefix = "replay:";

// Whether a result comes from a recording of an earlier one, and not from a device.
bool is_replay(const Provenance& provenance);

// Identifies the device at hand; the part of it that keys results is `chip`.
struct DeviceInfo {
  Chip chip;
  std::string id;  // as on the command line: "cuda:0", "cpu"
  std::string uuid;
  std::string driver;
  std::string compiler;
  int64_t memory_bytes = 0;
  int64_t free_bytes = 0;
};

// What the compiler reports of one launch's function. Occupancy is in blocks per SM.
struct EntryResources {
  std::string entry;
  int registers_per_thread = 0;
  int64_t static_shared_bytes = 0;
  int64_t dynamic_shared_bytes = 0;
  int64_t spill_bytes = 0;  // local memory a thread
  int block_threads = 0;
  int64_t grid_blocks = 0;
  int blocks_per_sm = 0;  // 0 until it was loaded on a device

  bool operator==(const EntryResources&) const = default;
};

enum class FailureKind {
  constraint,
  compile,
  compile_timeout,
  load,
  wrong_result,
  launch,
  out_of_memory,
  timeout,       // a launch did not end in time, and its process was killed
  crash,         // the process that ran it died, or its GPU context did (an illegal access)
  device,        // the device is gone: not the variant's fault
  not_recorded,  // a replay has nothing to answer with: nothing is said of the variant
};

std::string_view name(FailureKind kind);

struct Failure {
  FailureKind kind = FailureKind::compile;
  std::string what;

  bool operator==(const Failure&) const = default;
};

// The fold of what happened to one variant.
struct Record {
  Variant variant;
  std::optional<Failure> failure;
  bool compiled = false;
  bool from_cache = false;
  double compile_s = 0;
  bool verified = false;
  std::vector<EntryResources> resources;
  int64_t bytes_in_flight_per_sm = 0;
  std::optional<Profile> profile;
  std::string source_digest;
  std::string build = {};  // as Trial::build; empty where it was not built
};

// The subject of a sample: an index into the run's records, or the copy control.
inline constexpr int kCopy = -1;

struct Sample {
  int subject = kCopy;
  double time_ns = 0;

  bool operator==(const Sample&) const = default;
};

enum class Phase { screen, final };

std::string_view name(Phase phase);

// Samples of several variants and of the copy control, in the order taken.
struct Round {
  Phase phase = Phase::screen;
  std::vector<Sample> samples;
  int runs = 1;       // a sample is the mean of this many runs, one right after the other
  int resampled = 0;  // samples that a replay drew again from recorded ones; 0 where all were measured

  bool operator==(const Round&) const = default;
};

}  // namespace scantune
