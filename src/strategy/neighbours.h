// Which variants are one step from each other.
#pragma once

#include <vector>

#include "core/variant.h"

namespace scantune {

// For each variant the indices of its neighbours, ascending: variants of its family that differ in one parameter only,
// in an integer by a step up or down to the next value that a variant has there, in a word by any other word.
std::vector<std::vector<size_t>> neighbours(const std::vector<Variant>& variants);

// For each variant, variants of its family that have one integer more and another one less, each by one step of the
// family's values: half the tile for more stages. What a step alone would spoil, such as bytes in flight, such a trade
// may keep.
std::vector<std::vector<size_t>> trades(const std::vector<Variant>& variants);

}  // namespace scantune
