#include "core/shape.h"

#include <fmt/ranges.h>

#include <charconv>
#include <limits>
#include <utility>

namespace scantune {
namespace {

// Elements of at most 8 bytes, twice over (input and output), must stay within int64 byte counts.
constexpr int64_t kMaxElements = int64_t{1} << 58;

constexpr std::string_view kExpectedExtents = "write integers joined by x, such as 32768x1024, 1x2^28 or 64Kx1K";

enum class ExtentFault { none, not_a_size, too_large };

std::pair<int64_t, ExtentFault> parse_digits(std::string_view text) {
  if (text.empty() || text.find_first_not_of("0123456789") != std::string_view::npos) {
    return {0, ExtentFault::not_a_size};
  }
  int64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  return {value, error == std::errc() ? ExtentFault::none : ExtentFault::too_large};
}

int suffix_shift(char c) {
  switch (c) {
    case 'K':
    case 'k':
      return 10;
    case 'M':
    case 'm':
      return 20;
    case 'G':
    case 'g':
      return 30;
    default:
      return 0;
  }
}

std::pair<int64_t, ExtentFault> power(int64_t base, int64_t exponent) {
  int64_t result = 1;
  for (int64_t i = 0; i < exponent; ++i) {
    if (base != 0 && result > std::numeric_limits<int64_t>::max() / base) {
      return {0, ExtentFault::too_large};
    }
    result *= base;
    if (result <= 1) {
      break;  // 0^k and 1^k: no need to count to k
    }
  }
  return {result, ExtentFault::none};
}

std::pair<int64_t, ExtentFault> parse_extent(std::string_view text) {
  if (const size_t caret = text.find('^'); caret != std::string_view::npos) {
    const auto [base, base_fault] = parse_digits(text.substr(0, caret));
    const auto [exponent, exponent_fault] = parse_digits(text.substr(caret + 1));
    if (base_fault == ExtentFault::not_a_size || exponent_fault == ExtentFault::not_a_size) {
      return {0, ExtentFault::not_a_size};
    }
    if (base_fault == ExtentFault::too_large || exponent_fault == ExtentFault::too_large) {
      return {0, ExtentFault::too_large};
    }
    return power(base, exponent);
  }
  const int shift = text.empty() ? 0 : suffix_shift(text.back());
  const auto [value, fault] = parse_digits(shift == 0 ? text : text.substr(0, text.size() - 1));
  if (fault != ExtentFault::none) {
    return {0, fault};
  }
  if (value > (std::numeric_limits<int64_t>::max() >> shift)) {
    return {0, ExtentFault::too_large};
  }
  return {value << shift, ExtentFault::none};
}

// Where the empty part that starts at `begin` lies, in words.
std::string_view missing_where(std::string_view text, size_t begin) {
  return begin == 0 ? "before the first x" : begin == text.size() ? "after the last x" : "between two x";
}

}  // namespace

Expected<std::vector<int64_t>> parse_extents(std::string_view text) {
  if (text.empty()) {
    return bad_input("the shape is empty; {}", kExpectedExtents);
  }
  std::vector<int64_t> extents;
  size_t begin = 0;
  while (true) {
    const size_t end = text.find_first_of("xX", begin);
    const std::string_view part = text.substr(begin, end == std::string_view::npos ? end : end - begin);
    if (part.empty()) {
      return bad_input("a size is missing {} in '{}'; {}", missing_where(text, begin), text, kExpectedExtents);
    }
    const auto [value, fault] = parse_extent(part);
    if (fault == ExtentFault::not_a_size) {
      return bad_input("'{}' is not a size; {}", part, kExpectedExtents);
    }
    if (fault == ExtentFault::too_large) {
      return bad_input("'{}' does not fit 64 bits; all extents together may have up to 2^58 elements", part);
    }
    extents.push_back(value);
    if (end == std::string_view::npos) {
      return extents;
    }
    begin = end + 1;
  }
}

Expected<Shape> make_shape(std::vector<int64_t> extents, int dim) {
  const int rank = static_cast<int>(extents.size());
  if (rank < 1 || rank > kMaxRank) {
    return bad_input("a shape has 1 to {} extents, this one has {}", kMaxRank, rank);
  }
  int64_t elements = 1;
  for (const int64_t extent : extents) {
    if (extent < 1) {
      return bad_input("the tensor {} is empty; every extent must be at least 1", fmt::join(extents, "x"));
    }
    if (elements > kMaxElements / extent) {
      return bad_input("the tensor {} has more than 2^58 elements; use smaller extents", fmt::join(extents, "x"));
    }
    elements *= extent;
  }
  if (dim < -rank || dim >= rank) {
    return bad_input("dim {} is out of range for {}; expected {} to {}", dim, fmt::join(extents, "x"), -rank, rank - 1);
  }
  return Shape{std::move(extents), dim};
}

Geometry geometry(const Shape& shape) {
  Geometry g;
  const int axis = shape.axis();
  for (int i = 0; i < static_cast<int>(shape.extents.size()); ++i) {
    const int64_t extent = shape.extents[static_cast<size_t>(i)];
    (i < axis ? g.outer : i == axis ? g.n : g.inner) *= extent;
  }
  return g;
}

std::string to_string(const Shape& shape) { return fmt::format("{}", fmt::join(shape.extents, "x")); }

std::string to_string(const Geometry& g) { return fmt::format("{}x{}x{}", g.outer, g.n, g.inner); }

}  // namespace scantune
