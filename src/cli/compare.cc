#include "cli/commands.h"
namespace scantune::cli {
int run(const CompareCommand&) { return 0; }
}  // namespace scantune::cli
