// The files of kernels/, embedded at build time (cmake/EmbedFiles.cmake), so that the binary
// needs no source tree.
#pragma once

#include <string>
#include <vector>

#include "core/kernel.h"

namespace scantune {

// Every embedded file.
const std::vector<SourceFile>& embedded_files();

// The named files in the order given. A name that is not embedded is a programming error and
// throws std::out_of_range.
std::vector<SourceFile> embedded(const std::vector<std::string>& paths);

}  // namespace scantune
