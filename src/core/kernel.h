// A kernel: a family of variants as a value. Its source, its space, its constraints, its launch rule.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "core/chip.h"
#include "core/space.h"
#include "core/variant.h"
#include "core/workload.h"

namespace scantune {

// One file of kernel source, embedded from kernels/ at build time. `path` is relative to kernels/
// and is the name other files include it by.
struct SourceFile {
  std::string path;
  std::string text;
};

// One GPU launch of a variant. A variant is one or more launches in order on one stream; every
// entry takes the same arguments:
//   (const T* in, T* out, void* workspace, long long outer, long long n, long long inner)
struct Launch {
  std::string entry;  // C++ name expression, e.g. "scantune::row_carry<float, float, 8192, 16, 2>"
  int64_t grid_blocks = 1;
  int block_threads = 1;
  int64_t shared_bytes = 0;  // dynamic shared memory a block
  // It may start while the launch in front of it still runs, be that of the same variant or not, and waits for that
  // itself (wait_for_launch_in_front in kernels/device.cuh). Before sm_90 it starts when that has ended. True of all
  // kernels here, but not of all launches in bundles of earlier versions.
  bool overlaps = false;

  bool operator==(const Launch&) const = default;
};

// What a variant is expected to use, before anything is compiled.
struct ResourceEstimate {
  int registers_per_thread = 0;
  int64_t shared_bytes_per_block = 0;
  int64_t bytes_in_flight_per_block = 0;  // loads issued and not yet used: Little's law
};

// A rule that a variant must keep to be worth compiling on a chip for a workload.
struct Constraint {
  std::string text;  // what must hold, in words: "a tile is at least one 16-byte access a thread"
  std::function<bool(const Variant&, const Workload&, const Chip&)> holds;
};

struct Kernel {
  std::string name;
  std::string summary;  // one line
  Backend backend = Backend::cuda;
  bool baseline = false;  // the family every speed-up is quoted against

  std::vector<SourceFile> sources;  // the first is the one compiled; CPU kernels were built into this binary from these

  // Why the family cannot do the workload, in words; empty where it can.
  std::string (*refuses)(const Workload&, const Chip&) = nullptr;

  // The default space for a workload on a chip.
  Space (*space)(const Workload&, const Chip&) = nullptr;
  std::vector<Constraint> constraints;

  // What a variant must keep besides to be worth trying: else recorded sweeps say that it does not come near the best,
  // or another variant does the same. A part of pruning (catalog/prune.h), which can be switched off.
  std::vector<Constraint> prune_rules;

  // Of a baseline: how far a variant is from the settings that were best in the sweeps, in steps of any kind; 0 is
  // nearest. By it a search that does not try all of them finds what speed-ups are quoted against. Null where it is not
  // known.
  double (*apart_from_usual)(const Variant&, const Workload&) = nullptr;

  // CUDA only: the launches of an admitted variant, its workspace in bytes (0 where it needs
  // none), and its estimated resources (the largest of its launches).
  std::vector<Launch> (*launches)(const Variant&, const Workload&, const Chip&) = nullptr;
  int64_t (*workspace_bytes)(const Variant&, const Workload&, const Chip&) = nullptr;
  ResourceEstimate (*estimate)(const Variant&, const Workload&, const Chip&) = nullptr;
};

// The text of the first rule that a variant breaks, or an empty string.
std::string first_broken(const std::vector<Constraint>& rules, const Variant& variant, const Workload& workload,
                         const Chip& chip);

// The text of the first constraint a variant breaks, or an empty string.
std::string broken_constraint(const Kernel& kernel, const Variant& variant, const Workload& workload, const Chip& chip);

}  // namespace scantune
