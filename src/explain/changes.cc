#include "explain/changes.h"

#include <algorithm>
#include <cmath>
#include <functional>
#include <limits>
#include <utility>

#include "catalog/occupancy.h"
#include "explain/reading.h"

namespace scantune::explain {
namespace {

constexpr double kLeast = 0.005;

// How a quantity pulls the time along.
enum class Pull {
  with_it,  // twice as much takes twice the time: bytes, instructions
  against,  // twice as much takes half the time: bytes in flight, active warps
  stall,    // a share of the time in which a warp does nothing
  none,     // no simple relation
  symptom,  // follows from the time
};

struct Quantity {
  std::string name;
  std::string unit;
  Pull pull = Pull::none;
  double value = 0;
};

bool starts_with(const std::string& text, std::string_view begin) { return text.starts_with(begin); }

Pull pull_of(const MetricValue& metric) {
  const std::string& name = metric.read_as.empty() ? metric.requested : metric.read_as;
  if (name == kDuration || name.find("cycles_") != std::string::npos || name.find("throughput") != std::string::npos) {
    return Pull::symptom;
  }
  if (name.find("issue_stalled") != std::string::npos) {
    return Pull::stall;
  }
  if (name == kWarpsActive) {
    return Pull::against;
  }
  if (name.find("bytes") != std::string::npos || name.find("sectors") != std::string::npos ||
      starts_with(name, "smsp__inst_executed")) {
    return Pull::with_it;
  }
  return Pull::none;
}

bool adds_up(const MetricValue& metric) {
  return metric.unit == "ns" || metric.unit == "bytes" || metric.unit == "cycles" || metric.read_as.ends_with(".sum");
}

// One value for all launches; nothing where one of them lacks it.
std::optional<double> combined(const Profile& profile, const MetricValue& metric) {
  double sum = 0;
  double weights = 0;
  for (const LaunchProfile& launch : profile.launches) {
    const std::optional<double> value = value_of(launch, metric.requested);
    const std::optional<double> weight =
        adds_up(metric) || profile.launches.size() == 1 ? 1 : counter(launch, kDuration);
    if (!value || !weight) {
      return std::nullopt;
    }
    sum += *value * *weight;
    weights += *weight;
  }
  if (weights == 0) {
    return std::nullopt;
  }
  return adds_up(metric) ? sum : sum / weights;
}

std::vector<Quantity> quantities(const Subject& subject) {
  std::vector<Quantity> all;
  const auto most = [&](auto member) {
    double largest = 0;
    for (const EntryResources& entry : subject.resources) {
      largest = std::max(largest, static_cast<double>(std::invoke(member, entry)));
    }
    return largest;
  };
  if (!subject.resources.empty()) {
    const EntryResources& main = *Reading(subject).resources;
    all.push_back({"launches", "", Pull::none, static_cast<double>(subject.resources.size())});
    all.push_back({"registers_per_thread", "registers", Pull::none, most(&EntryResources::registers_per_thread)});
    all.push_back({"spill_bytes_per_thread", "bytes", Pull::none, most(&EntryResources::spill_bytes)});
    all.push_back({"shared_bytes_per_block", "bytes", Pull::none,
                   static_cast<double>(main.static_shared_bytes + main.dynamic_shared_bytes)});
    all.push_back({"block_threads", "threads", Pull::none, static_cast<double>(main.block_threads)});
    all.push_back({"grid_blocks", "blocks", Pull::none, static_cast<double>(main.grid_blocks)});
    all.push_back({"blocks_per_sm", "blocks", Pull::none, static_cast<double>(main.blocks_per_sm)});
  }
  if (subject.bytes_in_flight_per_sm > 0) {
    all.push_back(
        {"bytes_in_flight_per_sm", "bytes", Pull::against, static_cast<double>(subject.bytes_in_flight_per_sm)});
  }
  if (subject.profile && !subject.profile->launches.empty()) {
    for (const MetricValue& metric : subject.profile->launches.front().metrics) {
      if (const auto value = combined(*subject.profile, metric)) {
        all.push_back({metric.requested, metric.unit, pull_of(metric), *value});
      }
    }
  }
  return all;
}

std::optional<double> time_of(const Subject& subject) {
  return subject.time_ns ? subject.time_ns : Reading(subject).duration_ns;
}

// How much slower b is, as a logarithm; 0 where that is not known. Beside the copies where both were: what two GPUs or
// two hours make of the same bytes is in these already.
double slower(const Subject& a, const Subject& b) {
  if (a.ratio_to_copy && b.ratio_to_copy && *a.ratio_to_copy > 0 && *b.ratio_to_copy > 0) {
    return std::log(*a.ratio_to_copy / *b.ratio_to_copy);
  }
  const std::optional<double> time_a = time_of(a);
  const std::optional<double> time_b = time_of(b);
  return time_a && time_b && *time_a > 0 && *time_b > 0 ? std::log(*time_b / *time_a) : 0;
}

// Bytes in flight as a share of what the chip needs: more than enough is no better than enough.
double sufficiency(double bytes_in_flight, const Chip& chip) {
  const double needed = bytes_needed_per_sm(chip);
  return needed > 0 ? std::min(bytes_in_flight / needed, 1.0) : bytes_in_flight;
}

// By how much the change alone would change the logarithm of the time.
double pull(const Quantity& a, const Quantity& b, const Chip& chip_a, const Chip& chip_b) {
  switch (a.pull) {
    case Pull::with_it:
      return a.value > 0 && b.value > 0 ? std::log(b.value / a.value) : 0;
    case Pull::against:
      if (!(a.value > 0 && b.value > 0)) {
        return 0;
      }
      return a.name == "bytes_in_flight_per_sm" ? std::log(sufficiency(a.value, chip_a) / sufficiency(b.value, chip_b))
                                                : std::log(a.value / b.value);
    case Pull::stall:
      // The time in which warps do something stays; the rest grows.
      return a.value < 100 && b.value < 100 ? -std::log((100 - b.value) / (100 - a.value)) : 0;
    case Pull::none:
    case Pull::symptom:
      break;
  }
  return 0;
}

double relative(const Quantity& a, const Quantity& b) {
  if (a.unit == "%") {
    return (b.value - a.value) / 100;
  }
  if (a.value == 0) {
    return b.value == 0 ? 0 : std::numeric_limits<double>::infinity();
  }
  return b.value / a.value - 1;
}

}  // namespace

std::vector<Change> changes(const Subject& a, const Subject& b) {
  const std::vector<Quantity> of_b = quantities(b);
  const double difference = slower(a, b);
  std::vector<Change> found;
  for (const Quantity& in_a : quantities(a)) {
    const auto in_b = std::ranges::find(of_b, in_a.name, &Quantity::name);
    if (in_b == of_b.end()) {
      continue;
    }
    Change change{.name = in_a.name,
                  .unit = in_a.unit,
                  .a = in_a.value,
                  .b = in_b->value,
                  .relative = relative(in_a, *in_b),
                  .symptom = in_a.pull == Pull::symptom};
    if (std::abs(change.relative) < kLeast) {
      continue;
    }
    const double alone = pull(in_a, *in_b, a.chip, b.chip);
    if (difference != 0 && alone / difference > 0) {
      change.explains = std::min(1.0, alone / difference);
    }
    found.push_back(std::move(change));
  }
  std::ranges::stable_sort(found, [](const Change& x, const Change& y) {
    if (x.symptom != y.symptom) {
      return y.symptom;
    }
    return x.explains != y.explains ? x.explains > y.explains : std::abs(x.relative) > std::abs(y.relative);
  });
  return found;
}

}  // namespace scantune::explain
