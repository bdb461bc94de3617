// Measures a stored winner again and says whether it is as fast as it was. Knows no device; tested with a mock.
#pragma once

#include <functional>
#include <optional>
#include <stop_token>
#include <string>
#include <vector>

#include "core/check.h"
#include "core/outcome.h"
#include "device/device.h"
#include "gate/noise.h"
#include "gate/rule.h"

namespace scantune::gate {

// What the old kernel of an entry was built to, from a bundle; or why the bundle has none.
struct Old {
  std::optional<Artifact> artifact;
  std::string missing;
};

struct CheckOptions {
  CheckRule rule;
  double time_s = 60;  // for one entry; looked at between rounds
  uint64_t seed = 1;
  std::optional<Spread> noise;  // as an A/A run on this GPU found it; none: that of sessions is assumed
  double planted = 0;           // relative extra traffic of a second kernel, a slower copy of the first; 0: none
  bool counters = true;         // of a regression are read, where the baseline has any
  // Who else computes on the device, in words; empty where nobody does or nobody tells. Asked once a verdict is there,
  // while the device is still open.
  std::function<std::string()> other_work = [] { return std::string(); };
  // Told before each step and each look, in a few words.
  std::function<void(const std::string&)> progress = [](const std::string&) {};
};

// Checks one entry on a device of its chip. `old` makes it a comparison with that artifact in the same rounds; else it
// is one with the ratios to the copy that the entry's own rounds hold. Whatever goes wrong is in the verdict and its
// `why`: what the variant did wrong (it does not compile, run or verify any more) is a regression, what the machine or
// the baseline lack leaves it inconclusive.
EntryCheck check_entry(Device& device, Compiler& compiler, const BestEntry& entry, const std::optional<Old>& old,
                       const CheckOptions& options, const std::stop_token& stop);

// Why an entry cannot be compared with what is measured on this device now: another chip or protocol, too few rounds;
// empty where it can.
std::string not_comparable(const BestEntry& entry, const DeviceInfo& device, const CheckRule& rule);

// The rounds of an entry's winner: ratios to the copy of the phase that its figures come from.
std::vector<double> ratios_of_winner(const BestEntry& entry);

// An entry that was not measured.
EntryCheck inconclusive(const BestEntry& entry, std::string why);

// An A/A run: the winner of an entry, in `sessions` sessions of its own on the device, each opened afresh, with
// `rounds` rounds each; as many as fit into `time_s`, at least 2. An error in one line where it cannot be measured.
struct AaOptions {
  CheckRule rule;
  int sessions = 8;
  int rounds = 20;
  double time_s = 60;
  int draws = 2000;
  uint64_t seed = 1;
  std::function<void(const std::string&)> progress = [](const std::string&) {};
};
struct AaRun {
  Noise noise;
  std::vector<std::vector<Round>> sessions;  // raw samples; subject 0 is the variant
};
Expected<AaRun> measure_noise(Device& device, Compiler& compiler, const BestEntry& entry, const AaOptions& options,
                              const std::stop_token& stop);

}  // namespace scantune::gate
