// The tool's version, in one place: CMakeLists.txt.
#pragma once

#include <string_view>

namespace scantune {

std::string_view version();  // "0.1.0"

}  // namespace scantune
