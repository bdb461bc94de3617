// Names by pattern, as a shell matches files.
#pragma once

#include <string_view>

namespace scantune {

// Whether text is a pattern: it has a * or a ?.
bool is_pattern(std::string_view text);

// Whether a whole name matches: * stands for any characters, none included, ? for one.
bool matches(std::string_view pattern, std::string_view name);

// Whether two words are the same but for the case of their letters.
bool same_word(std::string_view a, std::string_view b);

}  // namespace scantune
