#include "core/protocol.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "core/digest.h"

namespace scantune {

std::string digest(const Protocol& p) {
  return digest(fmt::format(
      "protocol {} warmup {} round {}+{} short {} sample {} race {} {} looks {} tight {} screen {} in {} s final "
      "{}..{} in {} s of {} disturbance {} {} confidence {} equivalence {}",
      p.version, p.warmup_copies, p.round_variants, p.round_copies, p.short_run_ns, p.sample_ns, p.race_min_rounds,
      p.race_margin, fmt::join(p.screen_looks, ","), p.tight_half_width, p.screen_min_rounds, p.screen_time_s,
      p.final_min_rounds, p.final_rounds, p.final_time_s, p.final_variants, p.disturbance, p.discard_share,
      p.confidence, p.equivalence));
}

}  // namespace scantune
