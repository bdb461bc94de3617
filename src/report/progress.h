// Progress while a run goes on: a live block of lines on a terminal, plain lines in a pipe.
#pragma once

#include <cstdio>
#include <memory>
#include <string>

#include "report/report.h"
#include "tune/tune.h"

namespace scantune::report {

enum class ProgressStyle { none, plain, live };

// Safe to call from several threads.
class ProgressPrinter : public Observer {
 public:
  // A line of its own, above the live block.
  virtual void note(const std::string& line) = 0;

  // Erases the live block. The next progress() draws it anew.
  virtual void finish() = 0;
};

// Writes to `out` (standard error). Plain: one line a stage and at most one every few seconds. Live:
// redraws in place, at most 10 times a second, and erases itself at the end. style.verbose adds a
// line an event. ProgressStyle::none prints notes only.
std::unique_ptr<ProgressPrinter> progress_printer(std::FILE* out, ProgressStyle progress, const TextStyle& style);

}  // namespace scantune::report
