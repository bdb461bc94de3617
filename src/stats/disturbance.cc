#include "stats/disturbance.h"

#include <algorithm>
#include <numeric>
#include <stdexcept>

#include "stats/stats.h"

namespace scantune::stats {
namespace {

constexpr size_t kFewestRecentRounds = 3;

bool differ(double a, double b, double tolerance) { return std::max(a, b) > std::min(a, b) * (1 + tolerance); }

}  // namespace

bool disturbed(std::span<const double> round_copies_ns, std::span<const double> recent_mean_copies_ns,
               double tolerance) {
  const auto positive = [](double time_ns) { return time_ns > 0; };
  if (round_copies_ns.empty() || !std::ranges::all_of(round_copies_ns, positive) ||
      !std::ranges::all_of(recent_mean_copies_ns, positive)) {
    throw std::invalid_argument("a round is judged by copies, each of a positive time");
  }
  if (!(tolerance > 0)) {
    throw std::invalid_argument("a tolerance is positive");
  }
  const auto [fastest, slowest] = std::ranges::minmax(round_copies_ns);
  if (differ(fastest, slowest, tolerance)) {
    return true;
  }
  const double mean = std::accumulate(round_copies_ns.begin(), round_copies_ns.end(), 0.0) /
                      static_cast<double>(round_copies_ns.size());
  return recent_mean_copies_ns.size() >= kFewestRecentRounds && differ(mean, median(recent_mean_copies_ns), tolerance);
}

}  // namespace scantune::stats
