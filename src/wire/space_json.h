// Spaces that users give (configs/spaces/, configs/schema/space.schema.json).
#pragma once

#include <string_view>
#include <vector>

#include "core/expected.h"
#include "core/space.h"

namespace scantune::wire {

// Reads a space: {"kernels": {"row_carry": {"tile": [4096, 8192], "storage": ["async"]}, "short_row": {}}}, with
// notes under note, of the file and of a kernel. Whether there are such kernels, parameters and values is the
// catalog's to say (check_space). The message of an error says where in the file and what is wrong; the caller adds
// the path.
Expected<std::vector<KernelSpace>> parse_space(std::string_view text);

}  // namespace scantune::wire
