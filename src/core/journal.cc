#include "core/journal.h"

#include <fmt/format.h>

#include "core/digest.h"

namespace scantune {

std::string digest(const Context& context) {
  const Workload& w = context.workload;
  return digest(fmt::format("{} {} {} {} {} | {} | {} | {}", to_string(w.geometry()), name(w.dtype),
                            name(w.accumulator), name(w.cache), w.deterministic, context.chip.name, context.driver,
                            digest(context.protocol)));
}

std::string_view name(Verdict verdict) {
  switch (verdict) {
    case Verdict::slower:
      return "slower";
    case Verdict::tight:
      return "tight";
    case Verdict::enough:
      return "enough";
  }
  return "unknown";
}

}  // namespace scantune
