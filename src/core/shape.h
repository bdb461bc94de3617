// A tensor's extents and the scanned dimension, and their reduction to (outer, n, inner).
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "core/expected.h"

namespace scantune {

inline constexpr int kMaxRank = 8;

// Row-major extents and the scanned dimension, as the user wrote them.
struct Shape {
  std::vector<int64_t> extents;
  int dim = 0;  // from the end where negative: [-rank, rank)

  // The scanned dimension, in [0, rank).
  [[nodiscard]] int axis() const { return dim < 0 ? dim + static_cast<int>(extents.size()) : dim; }

  bool operator==(const Shape&) const = default;
};

// What a kernel sees: element (o, i, k) lies at (o * n + i) * inner + k, and i is scanned.
struct Geometry {
  int64_t outer = 1;
  int64_t n = 1;
  int64_t inner = 1;

  [[nodiscard]] int64_t elements() const { return outer * n * inner; }
  bool operator==(const Geometry&) const = default;
};

// Reads "32768x32768", "1x2^28" or "64Kx1K" (K, M, G are powers of two).
Expected<std::vector<int64_t>> parse_extents(std::string_view text);

// Checks extents (1 to 8 of them, each >= 1, at most 2^62 bytes of 8-byte elements in all) and
// dim, which counts from the end when negative.
Expected<Shape> make_shape(std::vector<int64_t> extents, int dim);

Geometry geometry(const Shape& shape);

std::string to_string(const Shape& shape);        // "32768x32768"
std::string to_string(const Geometry& geometry);  // "32768x32768x1": outer x n x inner

}  // namespace scantune
