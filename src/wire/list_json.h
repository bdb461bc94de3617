// What `scantune list ... --format json` prints: one object each, such as
// {"format": "scantune-devices", "version": 1, "devices": [...]}. Every text ends in a newline.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "core/kernel.h"
#include "core/record.h"
#include "core/space.h"
#include "core/workload.h"

namespace scantune::wire {

// The devices of this machine.
std::string devices_json(const std::vector<DeviceInfo>& devices);

// A family as it stands for one workload on one chip.
struct KernelListing {
  const Kernel* kernel = nullptr;
  Chip chip;            // what `space` was made for: a listing may hold families of several backends
  std::string refuses;  // why the family cannot do the workload on the chip; empty where it can
  Space space;          // ignored where the family refuses
};

std::string kernels_json(const Workload& workload, const std::vector<KernelListing>& kernels);

// One point of a space, with the constraint it breaks.
struct VariantListing {
  Variant variant;
  std::string broken;  // empty where the variant is admitted
};

std::string variants_json(const Workload& workload, const Chip& chip, const std::vector<VariantListing>& variants);

// A counter of a chip.
struct MetricListing {
  std::string name;
  std::string unit;  // empty for a plain count
  std::string description;
  int passes = 0;  // collected alone; 0 where unknown
};

// `chip` is the name the counters were asked for by: a code name such as "GH100", or "cpu".
std::string metrics_json(std::string_view chip, const std::vector<MetricListing>& metrics);

// What metrics cost to collect, for scantune profile --passes.
struct PassListing {
  std::string asked;  // "core", or "core,stalls"
  int metrics = 0;
  int passes = 0;
  std::vector<std::string> missing;  // what the chip does not have of them
};

std::string passes_json(std::string_view chip, const std::vector<PassListing>& items, const PassListing& together);

// Every element type, with its size and default accumulator.
std::string dtypes_json();

}  // namespace scantune::wire
