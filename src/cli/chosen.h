// One variant for a workload, chosen on the command line: spelled, of a family, or the best of a file.
#pragma once

#include <filesystem>
#include <optional>
#include <string>

#include "catalog/catalog.h"
#include "cli/command_line.h"

namespace scantune::cli {

// The variant of a spelling such as 'row_carry tile=8192 warps=16 stages=2 storage=registers'. It needs every
// parameter of its family for the workload, with any value a space may have. Whether it keeps the constraints is in
// Candidate::broken.
Expected<Candidate> spelled_variant(const std::string& spelling, const Workload& workload, const Chip& chip);

// A choice that was made for the user, and why it was this.
struct Choice {
  Candidate candidate;
  std::string why;
};

// The winner that a best file has for the workload on the chip.
Expected<Choice> best_variant(const std::filesystem::path& file, const Workload& workload, const Chip& chip);

// A variant of one family: the fastest of it that the best file (which need not exist) has for the workload on the
// chip and that `settings` admit, else the one whose model keeps most bytes in flight.
Expected<Choice> family_variant(const std::string& kernel, const std::vector<ParamValues>& settings,
                                const std::filesystem::path& file, const Workload& workload, const Chip& chip);

}  // namespace scantune::cli
