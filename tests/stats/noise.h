// A machine with noise, for simulations: rounds of variants and copies as the tuner takes them, in random order.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <functional>
#include <ostream>
#include <random>
#include <string>
#include <vector>

#include "core/record.h"
#include "stats/stats.h"

namespace scantune::stats {

using Random = std::mt19937_64;

inline double uniform(Random& random) { return std::uniform_real_distribution<double>(0, 1)(random); }

// By how much a sample takes longer than it should. The tail is to the right, as that of times is.
using Jitter = std::function<double(Random&)>;

inline Jitter skewed(double scale) {
  return [scale](Random& random) { return 1 + scale * std::exp(std::normal_distribution<double>(0, 1)(random)); };
}

// Two states of the machine, `gap` apart; each sample meets the slow one with probability `share`.
inline Jitter bimodal(double gap, double share) {
  return [gap, share](Random& random) {
    const double state = uniform(random) < share ? 1 + gap : 1;
    return state * (1 + 0.002 * std::exp(std::normal_distribution<double>(0, 1)(random)));
  };
}

// A drift of the whole machine: by how much all slow down, as the run goes from 0 to 1. Drawn anew for each run.
using Drift = std::function<std::function<double(double progress)>(Random&)>;

inline Drift no_drift() {
  return [](Random&) { return [](double) { return 1.0; }; };
}

// Warms up: slower by up to `most` at the end, hitting each sample by where it is.
inline Drift linear_drift(double most) {
  return [most](Random& random) {
    const double slope = most * uniform(random);
    return [slope](double progress) { return 1 + slope * progress; };
  };
}

// Drops its clock at some point, also within a round.
inline Drift step_drift(double size) {
  return [size](Random& random) {
    const double at = uniform(random);
    return [size, at](double progress) { return progress < at ? 1 : 1 + size; };
  };
}

struct Noise {
  std::string name;
  Jitter jitter;
  Drift drift = no_drift();
  Jitter own = [](Random&) { return 1.0; };  // of variants alone: what the copies do not show

  friend std::ostream& operator<<(std::ostream& out, const Noise& noise) { return out << noise.name; }
};

// Takes rounds of `times_ns` (subjects 0, 1, ...) and two copies of 1000 ns.
class Machine {
 public:
  Machine(const Noise& noise, int rounds, Random& random)
      : noise_(noise), slowdown_(noise.drift(random)), rounds_(rounds), random_(random) {}

  // A round of those subjects that are still `sampled`; of all where it is empty.
  Round round(const std::vector<double>& times_ns, const std::vector<bool>& sampled = {}) {
    Round round{Phase::screen, {{kCopy, 1000}, {kCopy, 1000}}};
    for (size_t i = 0; i < times_ns.size(); ++i) {
      if (sampled.empty() || sampled[i]) {
        round.samples.push_back({static_cast<int>(i), times_ns[i]});
      }
    }
    std::ranges::shuffle(round.samples, random_);
    const auto count = static_cast<double>(round.samples.size());
    for (size_t i = 0; i < round.samples.size(); ++i) {
      const double progress = (taken_ + static_cast<double>(i) / count) / rounds_;
      round.samples[i].time_ns *= noise_.jitter(random_) * slowdown_(progress);
      round.samples[i].time_ns *= round.samples[i].subject == kCopy ? 1 : noise_.own(random_);
    }
    ++taken_;
    return round;
  }

 private:
  const Noise& noise_;
  std::function<double(double)> slowdown_;
  int rounds_;
  Random& random_;
  int taken_ = 0;
};

// The median of the ratio to copy of a variant that takes as long as a copy, on a machine that does not drift: what an
// interval is to hold. By simulation, to 1e-4 and better of the noise.
inline double median_ratio_factor(const Noise& noise) {
  Random random(99);
  std::vector<double> ratios(100'000);
  for (double& ratio : ratios) {
    ratio = (noise.jitter(random) + noise.jitter(random)) / 2 / (noise.jitter(random) * noise.own(random));
  }
  return median(ratios);
}

}  // namespace scantune::stats
