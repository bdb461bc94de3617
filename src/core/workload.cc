#include "core/workload.h"

namespace scantune {

std::string_view name(CacheState state) { return state == CacheState::cold ? "cold" : "hot"; }

Expected<CacheState> parse_cache_state(std::string_view text) {
  if (text == "cold") {
    return CacheState::cold;
  }
  if (text == "hot") {
    return CacheState::hot;
  }
  return bad_input("unknown cache state '{}'; known: cold, hot", text);
}

std::string to_string(const Workload& workload) {
  return fmt::format("{} {} dim {}", to_string(workload.shape), name(workload.dtype), workload.shape.axis());
}

}  // namespace scantune
