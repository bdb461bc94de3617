// An estimate with its confidence interval. The unit is that of the estimate's name.
#pragma once

namespace scantune {

struct Interval {
  double median = 0;
  double low = 0;
  double high = 0;

  // Half the interval's width, relative to the median: the "± 0.1%" people read.
  [[nodiscard]] double relative_half_width() const { return median == 0 ? 0 : (high - low) / (2 * median); }
  bool operator==(const Interval&) const = default;
};

}  // namespace scantune
