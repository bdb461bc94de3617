// "Did you mean": the known word closest to one that is not known.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace scantune::cli {

// The closest of `known` by edit distance, or an empty string where none is close.
std::string closest(std::string_view word, const std::vector<std::string>& known);

}  // namespace scantune::cli
