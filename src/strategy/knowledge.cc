#include "strategy/knowledge.h"

namespace scantune {

Knowledge::Knowledge(const std::vector<Variant>& variants) : points_(variants.size()) {
  for (size_t i = 0; i < variants.size(); ++i) {
    index_of_.emplace(to_string(variants[i]), i);
  }
}

std::optional<size_t> Knowledge::find(const Variant& variant) const {
  const auto it = index_of_.find(to_string(variant));
  return it == index_of_.end() ? std::nullopt : std::optional(it->second);
}

void Knowledge::tell(const Event& event) {
  const auto* measured = std::get_if<Measured>(&event.what);
  const bool failed = std::holds_alternative<Failure>(event.what);
  // The final's figures are of a few variants only, and not comparable with those of the screen.
  if (!failed && (measured == nullptr || measured->phase != Phase::screen)) {
    return;
  }
  if (const auto point = find(event.variant)) {
    points_[*point].known = true;
    points_[*point].ratio = failed ? 0 : measured->ratio_to_copy.median;
  }
}

std::optional<size_t> Knowledge::best() const {
  std::optional<size_t> best;
  for (size_t i = 0; i < points_.size(); ++i) {
    if (points_[i].ratio > (best ? points_[*best].ratio : 0.0)) {
      best = i;
    }
  }
  return best;
}

}  // namespace scantune
