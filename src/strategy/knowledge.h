// What a strategy was told of the variants that it may ask for.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "core/event.h"
#include "core/variant.h"

namespace scantune {

class Knowledge {
 public:
  explicit Knowledge(const std::vector<Variant>& variants);

  [[nodiscard]] size_t size() const { return points_.size(); }
  [[nodiscard]] std::optional<size_t> find(const Variant& variant) const;

  // Takes in how a measurement ended; leaves other events, and variants that it does not know, alone.
  void tell(const Event& event);
  // Notes that a variant was asked for.
  void ask(size_t point) { points_[point].asked = true; }

  // Measured, or failed.
  [[nodiscard]] bool known(size_t point) const { return points_[point].known; }
  // Asked for, and not yet known.
  [[nodiscard]] bool awaited(size_t point) const { return points_[point].asked && !points_[point].known; }
  // Median of the ratio to the copy: higher is better; 0 where the variant failed or is not known.
  [[nodiscard]] double ratio(size_t point) const { return points_[point].ratio; }
  // The best one that was measured.
  [[nodiscard]] std::optional<size_t> best() const;

 private:
  struct Point {
    bool asked = false;
    bool known = false;
    double ratio = 0;
  };

  std::vector<Point> points_;
  std::map<std::string, size_t> index_of_;  // by spelling
};

}  // namespace scantune
