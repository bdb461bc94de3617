#include "device/device.h"

#include <algorithm>

#include "core/units.h"

namespace scantune {

Expected<void> check_memory(const Device& device, const Workload& workload) {
  const int64_t needed = device.memory_needed(workload);
  const int64_t available = device.info().free_bytes;
  if (needed <= available) {
    return {};
  }
  // Halve the largest extent until it fits: the same kind of problem, only smaller.
  Workload smaller = workload;
  while (device.memory_needed(smaller) > available) {
    auto& extents = smaller.shape.extents;
    auto largest = std::ranges::max_element(extents);
    if (*largest == 1) {
      return fail(ErrorKind::environment, "{} needs {} on {}, {} is free; free some memory", to_string(workload),
                  format_bytes(needed), device.info().id, format_bytes(available));
    }
    *largest /= 2;
  }
  return fail(ErrorKind::environment, "{} needs {} on {}, {} is free; try --shape {}", to_string(workload),
              format_bytes(needed), device.info().id, format_bytes(available), to_string(smaller.shape));
}

}  // namespace scantune
