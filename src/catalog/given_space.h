// Spaces that users give in place of the families' own (--space).
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "core/kernel.h"

namespace scantune {

// The most points of a family's space that are looked at.
inline constexpr int64_t kMostPoints = 100'000;

// Every parameter of a family, along rows and along columns, with its kind. The values are those of some workload.
Space all_params(const Kernel& kernel);

// Whether there are such kernels, on any device, with such parameters and such values, as far as that can be told
// without a workload and a chip; the rest is the constraints' to say. The message of an error says where in the file
// and what is possible.
Expected<void> check_space(const std::vector<KernelSpace>& given);

// What is given of a kernel, or null.
const KernelSpace* find_space(const std::vector<KernelSpace>& given, std::string_view kernel);

// A family's space with the given values in the place of its own. Parameters that the family has for other workloads
// only have no say. An error where
// the result has more than kMostPoints.
Expected<Space> replaced(Space space, const KernelSpace& given);

}  // namespace scantune
