// Content digests: 128-bit XXH3, as 32 hexadecimal digits. Not cryptographic: they tell versions
// apart, they do not guard against forgery.
#pragma once

#include <string>
#include <string_view>

namespace scantune {

std::string digest(std::string_view bytes);

}  // namespace scantune
