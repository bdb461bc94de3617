// What was tuned, for people.
#pragma once

#include <string>

#include "exports/export.h"

namespace scantune::exports {

// A markdown table of the entries: shape, types, chip, variant, time and ratio to a copy.
std::string tuned_markdown(const ExportInput& input);

}  // namespace scantune::exports
