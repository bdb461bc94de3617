// The kernel families, and the variants they offer for a workload on a chip.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "core/kernel.h"

namespace scantune {

// All families, baseline first within a backend.
const std::vector<Kernel>& kernels();

// The families of the chip's backend that can do the workload: the automatic choice.
std::vector<const Kernel*> kernels_for(const Workload& workload, const Chip& chip);

// A family by name, or an error that lists the names of the backend's families.
Expected<const Kernel*> find_kernel(std::string_view name, Backend backend);

// What the user asked to be tried. Empty lists mean everything.
struct Selection {
  std::vector<std::string> kernels;
  std::vector<ParamValues> settings;  // a parameter must exist in at least one selected family
  std::vector<KernelSpace> space =
      {};             // only these families, with these values (given_space.h); narrowed by the others
  bool prune = true;  // leaves out what cannot be best (prune.h)
};

struct Candidate {
  const Kernel* kernel = nullptr;
  Variant variant;
  std::string broken;  // the constraint it breaks; empty where it is admitted
};

// Every point of the selected families' spaces, those that break a constraint or are pruned included (they
// are reported as ruled out). Bad input: an unknown family, parameter or value, or a family that
// refuses the workload though asked for by name. Of a given space the families of the chip's backend that can do
// the workload are taken; it is bad input if there are none.
Expected<std::vector<Candidate>> candidates(const Workload& workload, const Chip& chip, const Selection& selection);

// Why a workload cannot be tuned on a chip at all (no family does it), as bad input.
Expected<void> supported(const Workload& workload, const Chip& chip);

// Why a variant is none of the family's: its parameters are not those that the family has for the workload, as may be
// where it comes from a file that another version wrote. Empty where it is one; then its constraints can be asked.
std::string foreign_parameters(const Kernel& kernel, const Variant& variant, const Workload& workload,
                               const Chip& chip);

// Digest of everything a family's code is built from.
std::string source_digest(const Kernel& kernel);

}  // namespace scantune
