// Whole files, read and written so that nobody ever sees half of one.
#pragma once

#include <filesystem>
#include <string>
#include <string_view>

#include "core/expected.h"

namespace scantune::store {

// The whole file. Errors name the path and the system's reason.
Expected<std::string> read_file(const std::filesystem::path& path);

// Writes to a temporary file in the same folder, flushes it to disk, renames it over `path`.
Expected<void> write_atomically(const std::filesystem::path& path, std::string_view contents);

}  // namespace scantune::store
