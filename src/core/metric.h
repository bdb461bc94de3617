// Hardware counters as values: what was asked for, what was read, and why not where it was not.
#pragma once

#include <optional>
#include <string>
#include <vector>

namespace scantune {

// One counter of one launch. Missing is missing: no value means a reason, never 0.
struct MetricValue {
  std::string requested;        // the name the user gave
  std::string read_as;          // the name the chip knows it by; equal to `requested` unless renamed
  std::optional<double> value;  // in `unit`
  std::string unit;             // "%", "ns", "bytes", "sectors", ... or empty for a plain count
  std::string reason;           // why there is no value, and the remedy; empty where there is one

  bool operator==(const MetricValue&) const = default;
};

// The counters of one launch of a variant.
struct LaunchProfile {
  std::string entry;  // the kernel function, as in Launch::entry
  std::vector<MetricValue> metrics;

  bool operator==(const LaunchProfile&) const = default;
};

struct Profile {
  std::vector<LaunchProfile> launches;

  bool operator==(const Profile&) const = default;
};

// The value of a metric by its requested name, if it was read.
std::optional<double> value_of(const LaunchProfile& launch, const std::string& requested);

}  // namespace scantune
