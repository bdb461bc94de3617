// Content digests. Not cryptographic: they tell versions apart, they do not guard against forgery.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace scantune {

// 128-bit XXH3, as 32 hexadecimal digits.
std::string digest(std::string_view bytes);

// 64-bit XXH3: finds what was damaged on its way to a disk and back.
uint64_t checksum(std::string_view bytes);

}  // namespace scantune
