// What `scantune doctor --format json` prints (configs/schema/doctor.schema.json).
#pragma once

#include <string>
#include <vector>

#include "core/health.h"

namespace scantune::wire {

// {"format": "scantune-doctor", "version": 1, "health": the worst of them, "checks": [...]}. Ends in a newline.
std::string doctor_json(const std::vector<HealthCheck>& checks);

}  // namespace scantune::wire
