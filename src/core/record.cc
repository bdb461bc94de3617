#include "core/record.h"

namespace scantune {

std::string_view name(FailureKind kind) {
  switch (kind) {
    case FailureKind::constraint:
      return "constraint";
    case FailureKind::compile:
      return "compile";
    case FailureKind::compile_timeout:
      return "compile_timeout";
    case FailureKind::load:
      return "load";
    case FailureKind::wrong_result:
      return "wrong_result";
    case FailureKind::launch:
      return "launch";
    case FailureKind::out_of_memory:
      return "out_of_memory";
    case FailureKind::timeout:
      return "timeout";
    case FailureKind::crash:
      return "crash";
    case FailureKind::device:
      return "device";
    case FailureKind::not_recorded:
      return "not_recorded";
  }
  return "unknown";
}

bool is_replay(const Provenance& provenance) { return provenance.device.starts_with(kReplayPrefix); }

std::string_view name(Phase phase) { return phase == Phase::screen ? "screen" : "final"; }

}  // namespace scantune
