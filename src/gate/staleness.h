// Whether stored configurations still hold: whether the variant that would run today is the one that was measured,
// under what it was measured under.
#pragma once

#include <optional>
#include <string>

#include "core/check.h"
#include "core/outcome.h"
#include "device/device.h"

namespace scantune::gate {

// What is here to hold a configuration against. What is missing leaves aspects unknown.
struct Here {
  std::vector<DeviceInfo> devices;  // of this machine; their compiler's name may be empty
  std::string no_gpu;               // why there is none, for messages
  const Compiler* cuda = nullptr;   // for digests: needs no GPU
  std::string cuda_name;            // "NVRTC 13.0"; empty where it is missing
  const Compiler* cpu = nullptr;
  std::string cpu_name;
};

// Aspects: kernel source, build options, NVRTC (on a CPU: the compiler), driver, chip, protocol. The driver is stale
// where its major version (the kernel release's, on a CPU) is another; the chip where this machine's of the same name
// has other limits. An entry of a chip that is not here has these two unknown.
Staleness staleness_of(const BestEntry& entry, const Here& here);

// Which of two entries of one key to keep: the one that is not stale; else the one whose winner's ratio to the copy is
// known better (the narrower interval, relative); else the newer. 0 where a is kept, and where nothing tells them
// apart.
int better_of(const BestEntry& a, bool a_stale, const BestEntry& b, bool b_stale, std::string* why = nullptr);

}  // namespace scantune::gate
