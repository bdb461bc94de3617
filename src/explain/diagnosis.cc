#include "explain/diagnosis.h"

#include <fmt/format.h>

namespace scantune::explain {

std::string_view name(Limit limit) {
  switch (limit) {
    case Limit::at_copy_roof:
      return "at_copy_roof";
    case Limit::spilling:
      return "spilling";
    case Limit::launch_bound:
      return "launch_bound";
    case Limit::l2_resident:
      return "l2_resident";
    case Limit::extra_traffic:
      return "extra_traffic";
    case Limit::tail_effect:
      return "tail_effect";
    case Limit::look_back:
      return "look_back";
    case Limit::barriers:
      return "barriers";
    case Limit::shared_memory:
      return "shared_memory";
    case Limit::bytes_in_flight:
      return "bytes_in_flight";
    case Limit::issue_bound:
      return "issue_bound";
    case Limit::access_pattern:
      return "access_pattern";
    case Limit::unknown:
      break;
  }
  return "unknown";
}

std::string_view description(Limit limit) {
  switch (limit) {
    case Limit::at_copy_roof:
      return "at the copy's roof";
    case Limit::spilling:
      return "registers spill";
    case Limit::launch_bound:
      return "bound by its launches";
    case Limit::l2_resident:
      return "in the L2";
    case Limit::extra_traffic:
      return "extra traffic";
    case Limit::tail_effect:
      return "uneven end";
    case Limit::look_back:
      return "waits for other tiles";
    case Limit::barriers:
      return "waits at barriers";
    case Limit::shared_memory:
      return "waits for shared memory";
    case Limit::bytes_in_flight:
      return "too few bytes in flight";
    case Limit::issue_bound:
      return "bound by instructions";
    case Limit::access_pattern:
      return "access pattern";
    case Limit::unknown:
      break;
  }
  return "unknown";
}

std::string_view name(Direction direction) {
  switch (direction) {
    case Direction::up:
      return "up";
    case Direction::down:
      return "down";
    case Direction::other:
      break;
  }
  return "other";
}

std::string to_string(const Advice& advice) {
  if (advice.direction == Direction::other) {
    return fmt::format("another {}", advice.param == "kernel" ? "family" : advice.param);
  }
  return fmt::format("{} {}", advice.param, name(advice.direction));
}

std::string_view no_advice(const Finding& finding) {
  if (!finding.advice.empty()) {
    return "";
  }
  if (finding.limit == Limit::at_copy_roof) {
    return "nothing is left to try: it is as fast as a copy of the same bytes";
  }
  return finding.limit == Limit::unknown
             ? "no advice: no rule fits what was read; scantune compares variants by measuring them"
             : "no advice: no parameter of this family changes that; scantune compares variants by measuring them";
}

}  // namespace scantune::explain
