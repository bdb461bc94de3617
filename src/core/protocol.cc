#include "core/protocol.h"

#include <fmt/format.h>

#include "core/digest.h"

namespace scantune {

std::string digest(const Protocol& p) {
  return digest(fmt::format(
      "protocol {} warmup {} round {}+{} screen {}..{} in {} s final {}..{} in {} s of {} confidence {} equivalence {}",
      p.version, p.warmup_copies, p.round_variants, p.round_copies, p.screen_min_rounds, p.screen_rounds,
      p.screen_time_s, p.final_min_rounds, p.final_rounds, p.final_time_s, p.final_variants, p.confidence,
      p.equivalence));
}

}  // namespace scantune
