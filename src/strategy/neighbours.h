// Which variants are one step from each other.
#pragma once

#include <vector>

#include "core/variant.h"

namespace scantune {

// For each variant the indices of its neighbours, ascending: variants of its family that differ in one parameter only,
// in an integer by a step up or down to the next value that a variant has there, in a word by any other word.
std::vector<std::vector<size_t>> neighbours(const std::vector<Variant>& variants);

}  // namespace scantune
