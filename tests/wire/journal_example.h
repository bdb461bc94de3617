// One event of each kind, with something of everything that an event can hold.
#pragma once

#include <limits>

#include "core/digest.h"
#include "core/journal.h"
#include "example.h"

namespace scantune::testing_example {

inline Trial trial(int64_t tile = 8192) { return {row_carry(tile, 3), digest(std::to_string(tile))}; }

inline Context context(int64_t n = 32768) {
  Context context{outcome().workload, outcome().device.chip, "580.159", {}};
  context.workload.shape = *make_shape({32768, n}, -1);
  return context;
}

inline std::string context_id(int64_t n = 32768) { return digest(context(n)); }

inline RunBegan began(int64_t n = 32768, bool fresh = false) {
  return {context(n), outcome().provenance, 18446744073709551615U, fresh};
}

// A round of its own for each number.
inline RoundTaken round_taken(int number = 0) {
  const double time_ns = 2018304.0 + number / 3.0;
  return {{Phase::screen, {{kCopy, 2002048}, {0, time_ns}, {1, 3080320.0625}, {kCopy, 1e9 / 3}}},
          {trial(), {{"three_pass", {{"tile", 4096}}}, "b"}},
          {}};
}

inline std::vector<JournalWhat> every_kind() {
  RoundTaken discarded = round_taken();
  discarded.round.phase = Phase::final;
  discarded.round.runs = 125;
  discarded.discarded = "the clock changed from 1980 to 1410 MHz";
  return {
      began(),
      began(32768, true),
      TrialCompiled{trial(), 0.1 + 0.2, true},
      TrialVerified{trial(), outcome().records[2].resources, 98304},
      TrialVerified{{{"cpu_two_pass", {{"threads", 2}}}, "b"}, {}, 0},
      round_taken(),
      discarded,
      TrialScreened{trial(), Verdict::slower},
      TrialScreened{trial(), Verdict::tight},
      TrialScreened{trial(), Verdict::enough},
      TrialProfiled{trial(), counters()},
      TrialFailed{trial(), {FailureKind::wrong_result, "element 7 is 1, expected \"2\"\nsecond line \xc3\xa9"}},
      SearchStepped{{.number = 1, .rule = "start", .to = row_carry(8192, 3), .failure = "crashed"}},
      SearchStepped{{.number = 2,
                     .from = row_carry(4096, 2),
                     .limit = "bytes_in_flight",
                     .read = {{"bytes_in_flight_per_sm", 32768, "bytes"}, {"waves", 0, ""}},
                     .rule = "too few bytes in flight: stages up",
                     .to = row_carry(8192, 3),
                     .predicted_ratio = 0.97,
                     .measured_ratio = 1.0 / 3,
                     .best = true}},
      RunEnded{StopReason::device_lost, "row_carry tile=8192", outcome().spent},
      RunEnded{StopReason::not_kept, {}, {}},
      RunEnded{},
  };
}

}  // namespace scantune::testing_example
