// Rounds: samples of several variants interleaved with the copy, in random order.
#pragma once

#include <deque>
#include <optional>
#include <random>
#include <stop_token>
#include <string>
#include <vector>

#include "core/outcome.h"
#include "device/device.h"

namespace scantune {

// A variant that is loaded, verified and can be measured.
struct Loaded {
  int record = 0;
  Handle handle = 0;
};

// What came of one round.
struct RoundsEnd {
  enum class Kind { complete, discarded, stopped, variant_failed, device_lost };

  Kind kind = Kind::complete;
  int record = -1;  // the variant at fault
  Failure failure;
  Round round;         // complete, discarded: with records as subjects
  std::string reason;  // discarded: what disturbed it
};

// How many rounds: as many as `wanted`, fewer where they would take longer than `time_s`, but at
// least `minimum`. `round_s` is the expected time of one.
int affordable_rounds(int wanted, int minimum, double time_s, double round_s);

class RoundTaker {
 public:
  RoundTaker(const Workload& workload, Backend backend, const Protocol& protocol, uint64_t seed)
      : spec_{workload.cache}, backend_(backend), protocol_(protocol), random_(seed) {}

  // Untimed copies, so that clocks and caches are where they will be. Settles how many runs make a sample.
  RoundsEnd warm_up(Session& session, const std::stop_token& stop);

  // One round of `subjects` and the copy. A round that is cut short is not kept.
  RoundsEnd take(Session& session, Phase phase, const std::vector<Loaded>& subjects, const std::stop_token& stop);

  [[nodiscard]] int runs() const { return spec_.runs; }

 private:
  std::string disturbance(Session& session, const Round& round);

  RoundSpec spec_;
  Backend backend_;
  const Protocol& protocol_;
  std::mt19937_64 random_;
  std::deque<double> recent_copies_ns_;  // the mean of each of the last rounds, as taken
  int taken_ = 0;
  int discarded_ = 0;
};

// The confidence of each interval of a phase, by which all of them together have the protocol's: of a
// screen that is looked at several times and stops when it looks good, and of a final whose winner is
// chosen for its own figure.
double confidence_of(Phase phase, const Protocol& protocol);

// The standing of a record over the rounds of a phase; nothing where it has no pair.
std::optional<Standing> standing(const std::vector<Round>& rounds, Phase phase, int record, const Protocol& protocol);

// Best first: higher median ratio to the copy; an exact tie goes to fewer registers a thread, then
// to the variant's name, so that runs agree.
void rank(std::vector<Standing>& standings, const std::vector<Record>& records);

// Whether `a` is faster than `b` by more than the protocol's equivalence, over the rounds that hold both.
bool surely_faster(int a, int b, const std::vector<Round>& rounds, Phase phase, const Protocol& protocol);

// The records that cannot be told apart from `winner`, in the order of `standings`.
std::vector<int> equivalents_of(int winner, const std::vector<Standing>& standings, const std::vector<Round>& rounds,
                                Phase phase, const Protocol& protocol);

}  // namespace scantune
