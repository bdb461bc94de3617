// The rules, one after the other: what is looked at, from which value on it counts, and what it leads to.
// docs/explain.md shows them as a table; whoever changes one changes that too.
#include <algorithm>
#include <array>
#include <cmath>
#include <utility>

#include "catalog/catalog.h"
#include "catalog/occupancy.h"
#include "core/units.h"
#include "explain/diagnosis.h"
#include "explain/reading.h"
#include "explain/thresholds.h"

namespace scantune::explain {
namespace {

// --- Thresholds and where they come from ----------------------------------------------------------------

constexpr double kRoofRatio = 0.99;
constexpr const char* kRoofSource = "copies that walk memory as the families do reach 0.97 to 0.995 of cudaMemcpy";

constexpr const char* kSpillSource = "the compiler's report: none is needed";

constexpr double kLaunchNs = 2000;
constexpr double kLaunchShare = 0.2;
constexpr const char* kLaunchSource = "a launch that does next to nothing takes 2 us on an H200";

constexpr double kFromL2 = 0.5;
constexpr const char* kFromL2Source = "less than half of the input came from DRAM";

constexpr double kTrafficRatio = 1.1;
constexpr const char* kTrafficSource = "one-pass families read 1.00 to 1.01 of what is needed";

constexpr double kIdleShare = 0.03;
constexpr const char* kIdleSource =
    "SMs of evenly shared launches are idle for up to 2%, and for the 2 us that a launch takes, on an H200";
constexpr double kLastWaveShare = 0.1;
constexpr const char* kLastWaveSource = "more than a tenth of the blocks' time without work";

constexpr const char* kSeedSource = "the seed's rule: memory stalls below 20%";
constexpr const char* kStallSource = "the seed's line for memory stalls, and more than those";

constexpr const char* kLittleSource = "Little's law: bandwidth x 1.25 us / SMs";

constexpr double kIssueShare = 0.6;
constexpr double kSchedulers = 4;  // instructions an SM can issue a cycle
constexpr const char* kIssueSource = "ncu: from 60% of peak on a unit is what limits";

// --- What rules write --------------------------------------------------------------------------------------

bool has_param(const Variant& variant, std::string_view param) {
  return std::ranges::find(variant.settings, param, &Setting::name) != variant.settings.end();
}

// Advice of which a family takes what its parameters allow.
class Advisor {
 public:
  explicit Advisor(const Subject& subject) : subject_(subject), variant_(subject.variant) {}

  Advisor& try_next(const std::string& param, Direction direction, std::string why) {
    if (param == "kernel" || has_param(variant_, param)) {
      advice_.push_back({param, direction, std::move(why)});
    }
    return *this;
  }
  // More stages, where they put more loads under way: a row that is in the stages there are already has no more tiles.
  Advisor& try_more_stages(std::string why) {
    return more_stages_load_more() ? try_next("stages", Direction::up, std::move(why)) : *this;
  }
  std::vector<Advice> take() { return std::move(advice_); }

 private:
  [[nodiscard]] bool more_stages_load_more() const {
    const auto kernel = find_kernel(variant_.kernel, subject_.chip.backend);
    Variant more = variant_;
    const auto stages = std::ranges::find(more.settings, "stages", &Setting::name);
    if (!kernel || (*kernel)->estimate == nullptr || stages == more.settings.end() ||
        !foreign_parameters(**kernel, variant_, subject_.workload, subject_.chip).empty()) {
      return true;  // not known to be otherwise
    }
    stages->value = std::get<int64_t>(stages->value) + 1;
    return (*kernel)->estimate(more, subject_.workload, subject_.chip).bytes_in_flight_per_block >
           (*kernel)->estimate(variant_, subject_.workload, subject_.chip).bytes_in_flight_per_block;
  }

  const Subject& subject_;
  const Variant& variant_;
  std::vector<Advice> advice_;
};

Evidence at_least(std::string metric, std::string entry, double value, std::string unit, double threshold,
                  std::string source) {
  return {std::move(metric), std::move(entry), value, std::move(unit), true, threshold, std::move(source)};
}

Evidence below(std::string metric, std::string entry, double value, std::string unit, double threshold,
               std::string source) {
  return {std::move(metric), std::move(entry), value, std::move(unit), false, threshold, std::move(source)};
}

std::string kilobytes(double bytes) { return format_bytes(static_cast<int64_t>(bytes)); }

// The stalls that mean waiting for DRAM: loads whose data is used.
std::optional<double> memory_stall(const Reading& reading) { return reading.stall("long_scoreboard"); }

// --- The rules -----------------------------------------------------------------------------------------------

std::optional<Finding> at_copy_roof(const Reading& r) {
  const std::optional<double> ratio = r.subject.ratio_to_copy;
  if (!ratio || *ratio < kRoofRatio) {
    return std::nullopt;
  }
  return Finding{Limit::at_copy_roof,
                 {at_least("ratio_to_copy", "", *ratio, "", kRoofRatio, kRoofSource)},
                 fmt::format("it runs at {:.1f}% of a copy of the same bytes: nothing is left to find", *ratio * 100),
                 {}};
}

std::optional<Finding> spilling(const Reading& r) {
  const auto most = std::ranges::max_element(r.subject.resources, {}, &EntryResources::spill_bytes);
  if (most == r.subject.resources.end() || most->spill_bytes == 0) {
    return std::nullopt;
  }
  return Finding{Limit::spilling,
                 {at_least("spill_bytes_per_thread", most->entry, static_cast<double>(most->spill_bytes), "bytes", 1,
                           kSpillSource)},
                 fmt::format("the compiler spills {} bytes a thread to local memory at {} registers", most->spill_bytes,
                             most->registers_per_thread),
                 Advisor(r.subject)
                     .try_next("warps", Direction::up, "the same tile in more threads takes fewer registers of each")
                     .try_next("tile", Direction::down, "smaller tiles take fewer registers")
                     .try_next("rows", Direction::down, "fewer rows take fewer registers")
                     .try_next("vectors", Direction::down, "fewer vectors take fewer registers")
                     .try_next("stages", Direction::down, "fewer tiles at once take fewer registers")
                     .try_next("blocks", Direction::down, "fewer blocks leave more registers to each thread")
                     .take()};
}

std::optional<Finding> launch_bound(const Reading& r) {
  if (!r.duration_ns || *r.duration_ns <= 0 || r.subject.chip.backend != Backend::cuda) {
    return std::nullopt;
  }
  const auto launches = static_cast<double>(r.subject.profile->launches.size());
  const double share = launches * kLaunchNs / *r.duration_ns;
  if (share < kLaunchShare) {
    return std::nullopt;
  }
  Advisor advisor(r.subject);
  if (launches > 1) {
    advisor.try_next("kernel", Direction::other, "a family with fewer launches");
  }
  return Finding{
      Limit::launch_bound,
      {at_least("launch_share", "", share * 100, "%", kLaunchShare * 100, kLaunchSource)},
      fmt::format("{} launch{} of at least 2 us each are {:.0f}% of the {} it takes", launches,
                  launches > 1 ? "es" : "", std::min(share, 1.0) * 100, format_time(*r.duration_ns)),
      advisor.try_next("stages", Direction::down, "there is too little work for several tiles at once to pay")
          .try_next("tile", Direction::up, "a row in one tile has no second round")
          .try_next("warps", Direction::up, "more threads share the little there is")
          .take()};
}

std::optional<Finding> l2_resident(const Reading& r) {
  if (!r.read_bytes) {
    return std::nullopt;
  }
  const double share = *r.read_bytes / static_cast<double>(r.subject.workload.bytes_read());
  if (share >= kFromL2) {
    return std::nullopt;
  }
  return Finding{
      Limit::l2_resident,
      {below("dram_read_ratio", "", share, "", kFromL2, kFromL2Source)},
      fmt::format("DRAM gave {:.0f}% of the input, the L2 the rest: latency and instructions count, not DRAM",
                  share * 100),
      Advisor(r.subject)
          .try_next("stages", Direction::down, "the L2 answers before many loads are under way")
          .try_next("tile", Direction::down, "smaller tiles are done sooner and spread over more SMs")
          .try_next("warps", Direction::up, "more warps hide the L2's latency")
          .take()};
}

std::optional<Finding> extra_traffic(const Reading& r) {
  if (!r.read_bytes || !r.written_bytes) {
    return std::nullopt;
  }
  const Workload& w = r.subject.workload;
  // Of the writes a part may still be in the L2 when a kernel ends, so that each kind is looked at on its own.
  const double read = *r.read_bytes / static_cast<double>(w.bytes_read());
  const double written = *r.written_bytes / static_cast<double>(w.bytes_written());
  if (std::max(read, written) < kTrafficRatio) {
    return std::nullopt;
  }
  Finding finding{Limit::extra_traffic, {}, {}, {}};
  if (read >= kTrafficRatio) {
    finding.evidence.push_back(at_least("dram_read_ratio", "", read, "", kTrafficRatio, kTrafficSource));
  }
  if (written >= kTrafficRatio) {
    finding.evidence.push_back(at_least("dram_written_ratio", "", written, "", kTrafficRatio, kTrafficSource));
  }
  finding.sentence = fmt::format("DRAM reads {:.2f} times and writes {:.2f} times what the scan needs", read, written);
  Advisor advisor(r.subject);
  if (r.subject.profile->launches.size() > 2) {
    advisor.try_next("kernel", Direction::other, "a one-pass family reads the input once");
  }
  finding.advice = advisor.try_next("tile", Direction::up, "whole lines are used where tiles are longer")
                       .try_next("columns", Direction::up, "whole lines are used where rows of a tile are longer")
                       .try_next("vectors", Direction::up, "whole lines are used where a warp reads more at once")
                       .try_next("kernel", Direction::other, "another family walks memory in another order")
                       .take();
  return finding;
}

// The share of the launch that its last, partly filled wave leaves idle; nothing where that is not known.
std::optional<double> idle_in_last_wave(const Reading& r, double& waves) {
  if (r.resources == nullptr || r.resources->blocks_per_sm <= 0 || r.subject.chip.multiprocessors <= 0) {
    return std::nullopt;
  }
  waves = static_cast<double>(r.resources->grid_blocks) /
          (static_cast<double>(r.resources->blocks_per_sm) * r.subject.chip.multiprocessors);
  // Less than one wave: an SM has fewer blocks at once, and all of them from the start.
  return waves <= 1 ? 0 : 1 - waves / std::ceil(waves);
}

std::optional<Finding> tail_effect(const Reading& r) {
  Finding finding{Limit::tail_effect, {}, {}, {}};
  // Against the SM that is busy longest: what all of them wait for, as at the start, is no tail.
  const std::optional<double> active = r.launch != nullptr ? counter(*r.launch, kActiveCycles) : std::nullopt;
  const std::optional<double> longest = r.launch != nullptr ? counter(*r.launch, kMostActiveCycles) : std::nullopt;
  if (active && longest && *longest > 0) {
    const double idle = 1 - *active / *longest;
    // A launch starts and ends unevenly however its work is shared: of a short one that is a good part.
    const std::optional<double> duration_ns = counter(*r.launch, kDuration);
    const double least = kIdleShare + (duration_ns && *duration_ns > 0 ? kLaunchNs / *duration_ns : 0);
    if (idle < least) {
      return std::nullopt;
    }
    finding.evidence = {at_least("sm_idle_share", r.entry(), idle * 100, "%", least * 100, kIdleSource)};
    finding.sentence = fmt::format(
        "an SM is without work for {:.0f}% of the time that the busiest has some: shares end unevenly", idle * 100);
  } else {
    double waves = 0;
    const std::optional<double> idle = idle_in_last_wave(r, waves);
    if (!idle || *idle < kLastWaveShare) {
      return std::nullopt;
    }
    finding.evidence = {
        at_least("last_wave_idle_share", r.entry(), *idle * 100, "%", kLastWaveShare * 100, kLastWaveSource)};
    finding.sentence = fmt::format(
        "its blocks are {:.2f} times what the GPU holds at once: {:.0f}% of its time is idle", waves, *idle * 100);
  }
  finding.advice = Advisor(r.subject)
                       .try_next("kernel", Direction::other, "a family whose tiles are handed out by tickets")
                       .try_next("tile", Direction::down, "smaller shares end more evenly")
                       .try_next("warps", Direction::down, "smaller blocks end more evenly")
                       .try_next("rows", Direction::down, "smaller shares end more evenly")
                       .try_next("vectors", Direction::down, "smaller shares end more evenly")
                       .take();
  return finding;
}

struct Stall {
  std::vector<std::string_view> reasons;
  double percent = 0;
};

// The stalls of these reasons together, where at least one was read.
std::optional<Stall> stalls(const Reading& r, std::initializer_list<std::string_view> reasons) {
  Stall stall;
  for (const std::string_view reason : reasons) {
    if (const auto percent = r.stall(reason)) {
      stall.reasons.push_back(reason);
      stall.percent += *percent;
    }
  }
  return stall.reasons.empty() ? std::nullopt : std::optional(stall);
}

std::optional<Finding> stalled(const Reading& r, Limit limit, std::initializer_list<std::string_view> reasons,
                               std::string_view what) {
  const std::optional<Stall> stall = stalls(r, reasons);
  const double memory = memory_stall(r).value_or(0);
  if (!stall || stall->percent < kStallPercent || stall->percent <= memory) {
    return std::nullopt;
  }
  Finding finding{limit, {}, {}, {}};
  for (const std::string_view reason : stall->reasons) {
    finding.evidence.push_back(at_least(stall_metric(reason), r.entry(), *r.stall(reason), "%",
                                        std::max(kStallPercent, memory) / static_cast<double>(stall->reasons.size()),
                                        kStallSource));
  }
  finding.sentence =
      fmt::format("warps wait for {} {:.0f}% of the time, for memory {:.0f}%", what, stall->percent, memory);
  return finding;
}

std::optional<Finding> look_back(const Reading& r) {
  if (r.subject.variant.kernel != "long_row" && !r.subject.variant.kernel.starts_with("column_")) {
    return std::nullopt;  // no tile waits for another one's sum
  }
  auto finding = stalled(r, Limit::look_back, {"membar", "sleeping"}, "the sums of other tiles");
  if (finding) {
    finding->advice = Advisor(r.subject)
                          .try_next("interleave", Direction::up, "tiles that depend on each other lie further apart")
                          .try_more_stages("a tile's sum is handed on earlier before it is needed")
                          .try_next("tile", Direction::up, "fewer tiles hand on fewer sums")
                          .try_next("rows", Direction::up, "fewer tiles hand on fewer sums")
                          .try_next("kernel", Direction::other, "a family whose blocks do not wait for one another")
                          .take();
  }
  return finding;
}

std::optional<Finding> barriers(const Reading& r) {
  auto finding = stalled(r, Limit::barriers, {"barrier"}, "one another at barriers");
  if (finding) {
    finding->advice = Advisor(r.subject)
                          .try_next("warps", Direction::down, "fewer warps meet sooner")
                          .try_next("tile", Direction::up, "a barrier a tile: larger tiles have fewer")
                          .try_next("rows", Direction::up, "a barrier a tile: larger tiles have fewer")
                          .try_more_stages("loads go on while warps wait")
                          .take();
  }
  return finding;
}

std::optional<Finding> shared_memory(const Reading& r) {
  auto finding = stalled(r, Limit::shared_memory, {"short_scoreboard", "mio_throttle"}, "shared memory");
  if (finding) {
    finding->advice = Advisor(r.subject)
                          .try_next("storage", Direction::other, "tiles that go elsewhere while they are loaded")
                          .try_next("warps", Direction::down, "fewer warps exchange fewer sums")
                          .try_next("tile", Direction::up, "a thread adds up more before it exchanges")
                          .try_next("rows", Direction::up, "a thread adds up more before it exchanges")
                          .try_next("vectors", Direction::up, "a thread adds up more before it exchanges")
                          .take();
  }
  return finding;
}

std::optional<Finding> bytes_in_flight(const Reading& r) {
  const double needed = bytes_needed_per_sm(r.subject.chip);
  const auto have = static_cast<double>(r.subject.bytes_in_flight_per_sm);
  if (needed <= 0 || have <= 0 || have >= needed) {
    return std::nullopt;
  }
  const std::optional<double> stall = memory_stall(r);
  if (stall && *stall < kStallPercent) {
    return std::nullopt;  // the seed's rule: stages go up only where memory stalls are high
  }
  Finding finding{
      Limit::bytes_in_flight,
      {below("bytes_in_flight_per_sm", "", have, "bytes", needed, kLittleSource)},
      fmt::format("an SM has {} of loads under way, where {} keep DRAM busy", kilobytes(have), kilobytes(needed)),
      {}};
  Advisor advisor(r.subject);
  if (stall) {
    finding.evidence.push_back(
        at_least(stall_metric("long_scoreboard"), r.entry(), *stall, "%", kStallPercent, kSeedSource));
    finding.sentence += fmt::format(", and its warps wait for memory {:.0f}% of the time", *stall);
  }
  finding.advice = advisor.try_more_stages("more tiles are loaded at once")
                       .try_next("tile", Direction::up, "more is loaded at once")
                       .try_next("vectors", Direction::up, "a thread loads more at once")
                       .try_next("rows", Direction::up, "a thread loads more at once")
                       .try_next("blocks", Direction::up, "more blocks load at once")
                       .try_next("storage", Direction::other, "shared memory holds more than registers do")
                       .take();
  return finding;
}

std::optional<Finding> issue_bound(const Reading& r) {
  const double busy = kSchedulers * kIssueShare;
  if (!r.instructions_per_cycle || *r.instructions_per_cycle < busy) {
    return std::nullopt;
  }
  return Finding{Limit::issue_bound,
                 {at_least("instructions_per_cycle", r.entry(), *r.instructions_per_cycle, "", busy, kIssueSource)},
                 fmt::format("an SM issues {:.1f} instructions a cycle of 4: there are too many of them",
                             *r.instructions_per_cycle),
                 Advisor(r.subject)
                     .try_next("tile", Direction::up, "more elements a thread share the exchange of sums")
                     .try_next("vectors", Direction::up, "more elements a thread share the exchange of sums")
                     .try_next("rows", Direction::up, "more elements a thread share the exchange of sums")
                     .try_next("warps", Direction::down, "fewer warps exchange fewer sums")
                     .try_next("kernel", Direction::other, "another family exchanges less")
                     .take()};
}

std::optional<Finding> access_pattern(const Reading& r) {
  const std::optional<double> stall = memory_stall(r);
  if (!stall || *stall < kStallPercent) {
    return std::nullopt;
  }
  return Finding{
      Limit::access_pattern,
      {at_least(stall_metric("long_scoreboard"), r.entry(), *stall, "%", kStallPercent, kSeedSource)},
      fmt::format("warps wait for memory {:.0f}% of the time though enough is under way: the order in which memory is "
                  "walked costs the rest",
                  *stall),
      Advisor(r.subject)
          .try_next("tile", Direction::up, "longer stretches of memory at a time")
          .try_next("columns", Direction::up, "longer stretches of memory at a time")
          .try_next("rows", Direction::up, "more rows of a strip at a time")
          .try_next("vectors", Direction::up, "longer stretches of memory at a time")
          .try_next("interleave", Direction::down, "tiles that are walked together lie closer")
          .try_next("storage", Direction::other, "loads are issued in another order")
          .try_next("warps", Direction::up, "more warps issue the loads")
          .try_next("kernel", Direction::other, "another family walks memory in another order")
          .take()};
}

using Rule = std::optional<Finding> (*)(const Reading&);

// The order counts: a cause stands before what follows from it. Loads are under way for nothing where too many
// bytes move, and warps that wait for one another load nothing.
constexpr std::array<Rule, 12> kRules = {at_copy_roof,  spilling,        launch_bound, l2_resident,
                                         extra_traffic, tail_effect,     look_back,    barriers,
                                         shared_memory, bytes_in_flight, issue_bound,  access_pattern};

Finding unknown(const Subject& subject) {
  const bool counted = subject.profile && !subject.profile->launches.empty();
  return {Limit::unknown,
          {},
          counted ? "no rule fits what the counters say" : "without counters nothing more can be said",
          Advisor(subject)
              .try_next("stages", Direction::up, "where unsure, stages 1, 2 and 3 are tried")
              .try_next("stages", Direction::down, "where unsure, stages 1, 2 and 3 are tried")
              .take()};
}

}  // namespace

Diagnosis diagnose(const Subject& subject) {
  const Reading reading(subject);
  Diagnosis diagnosis;
  for (const Rule rule : kRules) {
    if (std::optional<Finding> finding = rule(reading)) {
      diagnosis.findings.push_back(*std::move(finding));
    }
  }
  if (diagnosis.findings.empty()) {
    diagnosis.findings.push_back(unknown(subject));
  }
  return diagnosis;
}

}  // namespace scantune::explain
