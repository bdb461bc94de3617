// Progress while a run goes on: a live block of lines on a terminal, plain lines in a pipe.
#pragma once

#include <cstdio>
#include <memory>

#include "tune/tune.h"

namespace scantune::report {

enum class ProgressStyle { none, plain, live };

// An observer that writes to `out` (standard error). Plain: one line a stage and at most one every
// few seconds. Live: redraws in place, at most 10 times a second, and erases itself at the end.
// `verbose` adds a line an event.
std::unique_ptr<Observer> progress_printer(std::FILE* out, ProgressStyle style, bool color, bool verbose);

}  // namespace scantune::report
