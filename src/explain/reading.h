// Figures that several rules look at, read from a subject's counters and resources once.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "explain/subject.h"

namespace scantune::explain {

inline constexpr std::string_view kDuration = "gpu__time_duration.sum";
inline constexpr std::string_view kDramThroughput = "dram__throughput.avg.pct_of_peak_sustained_elapsed";
inline constexpr std::string_view kL2HitRate = "lts__t_sector_hit_rate.pct";
inline constexpr std::string_view kWarpsActive = "sm__warps_active.avg.pct_of_peak_sustained_active";
inline constexpr std::string_view kInstructions = "smsp__inst_executed.sum";
inline constexpr std::string_view kCycles = "sm__cycles_elapsed.max";
inline constexpr std::string_view kActiveCycles = "sm__cycles_active.avg";
inline constexpr std::string_view kMostActiveCycles = "sm__cycles_active.max";

// "long_scoreboard" -> "smsp__warp_issue_stalled_long_scoreboard_per_warp_active.pct"
std::string stall_metric(std::string_view reason);

// A counter by the name it was asked for or read by, where it has a value.
std::optional<double> counter(const LaunchProfile& launch, std::string_view name);

// Bytes that crossed DRAM, whichever of its two names the chip has for them.
std::optional<double> dram_bytes(const LaunchProfile& launch, bool written);

struct Reading {
  explicit Reading(const Subject& of);

  const Subject& subject;
  const LaunchProfile* launch = nullptr;      // the one that takes longest; null without counters
  const EntryResources* resources = nullptr;  // its resources, or the last launch's without counters
  std::optional<double> duration_ns;          // of all launches, as profiled
  std::optional<double> read_bytes;           // from DRAM, of all launches
  std::optional<double> written_bytes;
  std::optional<double> instructions_per_cycle;  // an SM, of `launch`

  // A stall reason of `launch`, in percent of the time its warps are active.
  [[nodiscard]] std::optional<double> stall(std::string_view reason) const;
  [[nodiscard]] std::string entry() const;  // of `launch`, without its template arguments
};

}  // namespace scantune::explain
