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

std::string_view name(EventKind kind) {
  switch (kind) {
    case EventKind::run_began:
      return "run_began";
    case EventKind::compiled:
      return "compiled";
    case EventKind::verified:
      return "verified";
    case EventKind::round:
      return "round";
    case EventKind::screened:
      return "screened";
    case EventKind::profiled:
      return "profiled";
    case EventKind::failed:
      return "failed";
    case EventKind::run_ended:
      return "run_ended";
    case EventKind::step:
      return "step";
  }
  return "unknown";
}

EventKind kind_of(const JournalWhat& what) { return kAllEventKinds.at(what.index()); }

}  // namespace scantune
