#include "core/protocol.h"

#include <fmt/format.h>

#include "core/digest.h"

namespace scantune {

std::string digest(const Protocol& p) {
  return digest(fmt::format("protocol {} warmup {} screen {} variants {} copies {} final {}x{} confidence {} "
                            "equivalence {}",
                            p.version, p.warmup_copies, p.screen_rounds, p.round_variants, p.round_copies,
                            p.final_rounds, p.final_variants, p.confidence, p.equivalence));
}

}  // namespace scantune
