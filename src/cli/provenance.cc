#include "cli/provenance.h"

#include <fmt/chrono.h>
#include <unistd.h>

#include <array>
#include <chrono>

#include "core/version.h"

namespace scantune::cli {

Provenance provenance_now() {
  std::array<char, 256> host{};
  if (gethostname(host.data(), host.size() - 1) != 0) {
    host[0] = '\0';
  }
  Provenance provenance;
  provenance.tool_version = version();
  provenance.time = fmt::format("{:%Y-%m-%dT%H:%M:%SZ}",
                                fmt::gmtime(std::chrono::system_clock::to_time_t(std::chrono::system_clock::now())));
  provenance.host = host.data();
  return provenance;
}

}  // namespace scantune::cli
