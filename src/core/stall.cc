#include "core/stall.h"

#include <algorithm>

namespace scantune {
namespace {

constexpr std::string_view kShareHead = "smsp__warp_issue_stalled_";
constexpr std::string_view kShareTail = "_per_warp_active.pct";
constexpr std::string_view kWarpsHead = "smsp__average_warps_issue_stalled_";
constexpr std::string_view kWarpsTail = "_per_issue_active.ratio";

std::optional<std::string_view> between(std::string_view text, std::string_view head, std::string_view tail) {
  if (text.size() <= head.size() + tail.size() || !text.starts_with(head) || !text.ends_with(tail)) {
    return std::nullopt;
  }
  return text.substr(head.size(), text.size() - head.size() - tail.size());
}

std::vector<StallShare> shares_in(const LaunchProfile& launch, std::string_view head, std::string_view tail) {
  std::vector<StallShare> shares;
  for (const MetricValue& metric : launch.metrics) {
    // An old name may be read as the sum of two reasons; they are reasons of their own where they were asked for.
    const auto reason = between(metric.read_as, head, tail);
    if (!reason || !metric.value || reason->find(' ') != std::string_view::npos) {
      continue;
    }
    const StallReason* known = find_stall_reason(*reason);
    const bool seen = std::ranges::find(shares, *reason, &StallShare::reason) != shares.end();
    if (!seen && (known == nullptr || known->part_of.empty())) {
      shares.push_back({std::string(*reason), *metric.value});
    }
  }
  return shares;
}

}  // namespace

const std::vector<StallReason>& stall_reasons() {
  static const std::vector<StallReason> reasons = {
      {"long_scoreboard", "memory (long scoreboard)",
       "waits for data from global or local memory; more loads under way (stages, blocks an SM) hide it, fewer bytes "
       "shorten it",
       ""},
      {"long_scoreboard_pipe_l1tex", "memory, through L1TEX", "waits for data that comes through the L1",
       "long_scoreboard"},
      {"barrier", "barrier", "waits at a barrier for the other warps of its block; fewer warps a block shorten it", ""},
      {"membar", "memory fence",
       "waits until its earlier stores are seen by others, as before it tells the next tile its sum; fewer, larger "
       "tiles have fewer fences",
       ""},
      {"sleeping", "sleeping", "has put itself to sleep, as a look-back does between two looks at the tile before it",
       ""},
      {"short_scoreboard", "shared memory (short scoreboard)",
       "waits for data from shared memory, a shuffle or special arithmetic; fewer passes through shared memory shorten "
       "it",
       ""},
      {"mio_throttle", "shared memory queue (MIO throttle)",
       "finds the queue to shared memory and shuffles full; fewer or wider accesses to them help", ""},
      {"mio_throttle_pipe_mio", "shared memory queue, MIO pipe", "finds the queue of the MIO pipe full",
       "mio_throttle"},
      {"lg_throttle", "load queue (LG throttle)",
       "finds the queue for loads and stores of global and local memory full; wider accesses need fewer places in it",
       ""},
      {"tex_throttle", "L1TEX queue (TEX throttle)", "finds the queue of the L1's texture path full", ""},
      {"math_pipe_throttle", "arithmetic pipe",
       "finds the pipe for its kind of arithmetic busy; fewer such instructions "
       "help",
       ""},
      {"gmma", "tensor core", "waits for a matrix operation of its warp group", ""},
      {"wait", "fixed latency (wait)",
       "waits the fixed number of cycles after its last instruction; more independent work between dependent "
       "instructions hides it",
       ""},
      {"dispatch_stall", "dispatch", "was held back by the dispatcher, which had a conflict or no room", ""},
      {"drain", "stores at its end (drain)",
       "has reached its end and waits until its last stores are written; a smaller share of a longer life is lost to "
       "it "
       "with larger tiles",
       ""},
      {"no_instruction", "instruction fetch",
       "waits for its next instruction, after a jump or a miss of the instruction cache; shorter code helps", ""},
      {"imc_miss", "constant cache miss", "waits for a constant or a kernel argument to be fetched", ""},
      {"branch_resolving", "branch", "waits until the target of a branch is known", ""},
      {"misc", "other", "waits for a reason that has no counter of its own", ""},
      {"not_selected", "ready, another went first (not selected)",
       "could have issued, but its scheduler took another warp: a sign of enough warps, not of a lack", ""},
      {"selected", "issuing (selected)", "issues an instruction: this is no stall", ""},
  };
  return reasons;
}

const StallReason* find_stall_reason(std::string_view name) {
  const auto& all = stall_reasons();
  const auto it = std::ranges::find(all, name, &StallReason::name);
  return it == all.end() ? nullptr : &*it;
}

std::string stall_metric(std::string_view reason) {
  return std::string(kShareHead) + std::string(reason) + std::string(kShareTail);
}

std::optional<std::string_view> stall_reason_of(std::string_view metric) {
  const auto share = between(metric, kShareHead, kShareTail);
  return share ? share : between(metric, kWarpsHead, kWarpsTail);
}

std::vector<StallShare> stall_shares(const LaunchProfile& launch) {
  std::vector<StallShare> shares = shares_in(launch, kShareHead, kShareTail);
  double whole = 100;  // percent of the time that warps are active
  if (shares.empty()) {
    shares = shares_in(launch, kWarpsHead, kWarpsTail);
    whole = 0;
    for (const StallShare& share : shares) {
      whole += share.share;
    }
  }
  for (StallShare& share : shares) {
    share.share = whole > 0 ? share.share / whole : 0;
  }
  std::ranges::stable_sort(shares, std::ranges::greater(), &StallShare::share);
  return shares;
}

}  // namespace scantune
