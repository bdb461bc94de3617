// The hidden subcommand that compiler processes run.
#include <csignal>

#include "cli/commands.h"
#include "cuda/cuda.h"

namespace scantune::cli {

int run(const CompileServerCommand& /*command*/) {
  // The parent handles Ctrl-C and blocks the signals it waits for; a child inherits that mask but
  // must still end when it is told to.
  sigset_t set;
  sigemptyset(&set);
  sigaddset(&set, SIGTERM);
  sigprocmask(SIG_UNBLOCK, &set, nullptr);
  return cuda::serve_compiles();
}

}  // namespace scantune::cli
