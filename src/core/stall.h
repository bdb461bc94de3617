// Why warps do not issue: the stall reasons that GPUs count, and what each means, in a sentence.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/metric.h"

namespace scantune {

struct StallReason {
  std::string_view name;      // as in the metric's name: "long_scoreboard"
  std::string_view label;     // for people: "memory (long scoreboard)"
  std::string_view sentence;  // what the warp waits for, and what helps: "waits for ..."
  std::string_view part_of;   // the reason it is counted under as well; empty for most

  // Whether the warp wanted to go on and could not: it did where it was selected.
  [[nodiscard]] bool is_stall() const { return name != "selected"; }
};

// Every reason of the chips from Volta to Blackwell.
const std::vector<StallReason>& stall_reasons();

// The reason by its name; null where it is not known.
const StallReason* find_stall_reason(std::string_view name);

// "long_scoreboard" -> "smsp__warp_issue_stalled_long_scoreboard_per_warp_active.pct": the share of the time that
// warps are active.
std::string stall_metric(std::string_view reason);

// All of those a chip has, as a pattern.
inline constexpr std::string_view kStallPattern = "smsp__warp_issue_stalled_*_per_warp_active.pct";

// The reason that a metric counts, of either of its forms (..._per_warp_active, smsp__average_warps_issue_stalled_..._
// per_issue_active); nothing for other metrics. The view is into the name.
std::optional<std::string_view> stall_reason_of(std::string_view metric);

// A reason's part of the time that a launch's warps are active.
struct StallShare {
  std::string reason;
  double share = 0;  // 0 to 1

  bool operator==(const StallShare&) const = default;
};

// What a launch's stall metrics say, largest share first. Of reasons read in both forms the share of active warps is
// taken; where only warps per issue were read, their parts of the sum. Reasons that are parts of another one are left
// out, as are those that were not read.
std::vector<StallShare> stall_shares(const LaunchProfile& launch);

}  // namespace scantune
