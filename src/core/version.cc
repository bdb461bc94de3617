#include "core/version.h"

namespace scantune {

std::string_view version() { return SCANTUNE_VERSION; }

}  // namespace scantune
