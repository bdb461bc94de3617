// Rounds: samples of several variants interleaved with the copy, in random order.
#pragma once

#include <optional>
#include <random>
#include <stop_token>
#include <vector>

#include "core/outcome.h"
#include "device/device.h"

namespace scantune {

// A variant that is loaded, verified and can be measured.
struct Loaded {
  int record = 0;
  Handle handle = 0;
};

// What came of a series of rounds.
struct RoundsEnd {
  enum class Kind { complete, stopped, variant_failed, device_lost };

  Kind kind = Kind::complete;
  int record = -1;  // the variant at fault
  Failure failure;
};

// How many rounds: as many as `wanted`, fewer where they would take longer than `time_s`, but at
// least `minimum`. `round_s` is the expected time of one.
int affordable_rounds(int wanted, int minimum, double time_s, double round_s);

class RoundTaker {
 public:
  RoundTaker(Session& session, const Workload& workload, const Protocol& protocol, uint64_t seed)
      : session_(session), spec_{workload.cache}, protocol_(protocol), random_(seed) {}

  // Untimed copies, so that clocks and caches are where they will be.
  RoundsEnd warm_up(const std::stop_token& stop);

  // One round of `subjects` and the copy, appended to `rounds` with records as subjects. A round
  // that is cut short is not kept.
  RoundsEnd take(Phase phase, const std::vector<Loaded>& subjects, std::vector<Round>& rounds,
                 const std::stop_token& stop);

 private:
  Session& session_;
  RoundSpec spec_;
  const Protocol& protocol_;
  std::mt19937_64 random_;
};

// The standing of a record over the rounds of a phase; nothing where it has no pair.
std::optional<Standing> standing(const std::vector<Round>& rounds, Phase phase, int record, double confidence);

// Best first: higher median ratio to the copy; an exact tie goes to fewer registers a thread, then
// to the variant's name, so that runs agree.
void rank(std::vector<Standing>& standings, const std::vector<Record>& records);

// The records that cannot be told apart from `winner`: the interval of its paired speed-up over
// them reaches down to 1 + equivalence. In the order of `standings`.
std::vector<int> equivalents_of(int winner, const std::vector<Standing>& standings, const std::vector<Round>& rounds,
                                Phase phase, const Protocol& protocol);

}  // namespace scantune
