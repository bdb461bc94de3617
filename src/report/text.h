// Text in columns: padding by what is seen rather than by bytes, and a little colour.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "core/interval.h"
#include "core/outcome.h"

namespace scantune::report {

// Code points of UTF-8 text; everything printed here is one column a code point.
size_t columns(std::string_view text);

std::string pad_left(std::string_view text, size_t width);
std::string pad_right(std::string_view text, size_t width);

// At most `width` columns; a cut is marked by "...".
std::string shorten(std::string_view text, size_t width);

// Broken at blanks into lines of at most `width` columns; a longer word keeps a line of its own.
std::vector<std::string> wrap(std::string_view text, size_t width);

class Ink {
 public:
  explicit Ink(bool color) : color_(color) {}

  [[nodiscard]] std::string bold(std::string_view text) const { return wrap("1", text); }
  [[nodiscard]] std::string dim(std::string_view text) const { return wrap("2", text); }
  [[nodiscard]] std::string red(std::string_view text) const { return wrap("31", text); }

 private:
  [[nodiscard]] std::string wrap(std::string_view code, std::string_view text) const;

  bool color_;
};

// A label in the left column of the screen, lines continued under their text.
inline constexpr size_t kLabelWidth = 10;
std::string labelled(std::string_view label, const std::vector<std::string>& lines, const Ink& ink);

std::string percent(double fraction);                         // "0.05%", "1.2%", "34%"
std::string time_text(const Interval& time_ns);               // "2.018 ms ± 0.1%"
std::string ratio_text(const Interval& ratio);                // "0.992 [0.990, 0.994]"
std::string plural(size_t count, std::string_view singular);  // "1 variant", "2 variants"

// A step of a search on one line: what was tried, what for, what was expected and what came out.
std::string step_text(const SearchStep& step);

}  // namespace scantune::report
