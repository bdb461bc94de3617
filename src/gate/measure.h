// The steps that a check and an A/A run have in common. Included by the .cc files of this folder only.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "core/outcome.h"
#include "device/device.h"
#include "tune/rounds.h"

namespace scantune::gate {

// A stored variant as this scantune builds it.
struct Compiled {
  const Kernel* kernel = nullptr;
  std::string source_digest;
  tl::expected<Artifact, Failure> artifact;
};

// An error where this scantune has no such variant: its family or its parameters changed.
Expected<Compiled> compile_stored(Compiler& compiler, const Workload& workload, const Variant& variant,
                                  const Chip& chip);

// A session for a workload that fits the device's memory.
Expected<std::unique_ptr<Session>> open_session(Device& device, const Workload& workload, uint64_t seed);

// Whether a failure says something of the machine and nothing of the variant.
bool is_fault_of_machine(const Failure& failure);

// The counters a profile was asked for.
std::vector<std::string> metrics_of(const std::optional<Profile>& profile);

// Loads in flight on an SM, estimated; 0 where the family has no estimate.
int64_t bytes_in_flight_per_sm(const Variant& variant, const Workload& workload, const Chip& chip,
                               const std::vector<EntryResources>& resources);

// The stable key of an entry.
std::string key_of(const BestEntry& entry);

}  // namespace scantune::gate
