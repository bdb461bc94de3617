// SHA-256 (FIPS 180-4), for digests that other tools check: sha256sum, CMake, Python.
#pragma once

#include <string>
#include <string_view>

namespace scantune {

// 64 lower-case hexadecimal digits.
std::string sha256(std::string_view bytes);

}  // namespace scantune
