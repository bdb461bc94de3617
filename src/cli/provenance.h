// Who and when: the part of a result's provenance that the command line knows.
#pragma once

#include "core/record.h"

namespace scantune::cli {

// tool_version, time (now, UTC) and host.
Provenance provenance_now();

}  // namespace scantune::cli
