// The manifest of a bundle (configs/schema/bundle.schema.json): machine code for driver-API users, as
// scantune export --format bundle writes it and scantune check --against reads it. Text in, text out.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/expected.h"
#include "core/outcome.h"

namespace scantune::wire {

inline constexpr std::string_view kBundleName = "bundle.json";

// A file beside the manifest. Its path has only letters, digits, '.', '_' and '-'.
struct BundleFile {
  std::string path;
  int64_t bytes = 0;
  std::string sha256;

  bool operator==(const BundleFile&) const = default;
};

// One launch, in the order of the stream: `function` is looked up in the cubin or in the module made of the PTX.
struct BundleLaunch {
  Launch launch;  // entry, grid, block, dynamic shared memory; whether it overlaps the one in front
  std::string function;
  EntryResources resources;  // of the cubin; blocks_per_sm is 0

  bool operator==(const BundleLaunch&) const = default;
};

// One entry of the best file: its winner, ready to load, for its workload on its chip.
struct BundleKernel {
  std::string key;  // of the best entry
  Chip chip;
  Workload workload;
  Contender promised;  // the winner as it was measured, without resources and counters
  BundleFile cubin;    // for the chip's compute capability
  BundleFile ptx;      // of the same code, for later ones
  int64_t workspace_bytes = 0;
  std::vector<BundleLaunch> launches;

  bool operator==(const BundleKernel&) const = default;
};

struct Bundle {
  std::string tool_version;
  std::string licence;      // SPDX
  std::string best_sha256;  // of the best file it was made from
  std::vector<BundleKernel> kernels;

  bool operator==(const Bundle&) const = default;
};

std::string bundle_json(const Bundle& bundle);
// An error (bad_input) says what is wrong with the content; the caller adds the path.
Expected<Bundle> parse_bundle(std::string_view text);

}  // namespace scantune::wire
